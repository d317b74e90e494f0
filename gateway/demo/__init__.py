"""A show of the whole way with patients who never lived, for newcomers, tests and the bench."""
