"""Tests of the trail handed to somebody else."""
