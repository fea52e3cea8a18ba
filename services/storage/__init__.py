"""Where inputs, snapshots and results lie, addressed by key."""
