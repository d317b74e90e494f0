"""Use case: signed tree heads are kept where this system cannot write over them, and compared later."""
