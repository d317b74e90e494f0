"""One file per page: what it shows, from what was asked. Looks and tables are the templates' affair."""
