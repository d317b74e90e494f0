"""Recommenders propose what would help; reconciliation decides what is said."""
