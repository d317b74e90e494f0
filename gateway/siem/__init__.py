"""Use case: each event of the trail reaches a SIEM, and waits while it is away."""
