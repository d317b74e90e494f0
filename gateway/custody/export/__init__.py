"""The trail handed to somebody else: events, proofs and checkpoints, with the means to check them alone."""
