"""Clients that others wrote, unmodified, against a gateway that listens: what works for them works."""
