"""The console: a compliance officer's desk in a browser, at ``/console`` (``docs/console.md``)."""
