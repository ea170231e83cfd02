"""Detection: scrapes what the system itself exports. Never sees the load generator's counts."""
