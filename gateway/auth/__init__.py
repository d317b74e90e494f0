"""Who may come in: SMART Backend Services tokens, scopes, clients and grants."""
