"""The clinical engine: pure, on facts alone."""
