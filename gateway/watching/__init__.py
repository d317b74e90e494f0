"""Use case: looking at new events of the trail for what somebody should look into."""
