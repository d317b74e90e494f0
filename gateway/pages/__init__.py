"""What an engineer finds at ``/``: where things are, how to begin, and the OpenAPI document."""
