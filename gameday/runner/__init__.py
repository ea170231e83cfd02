"""The one loop: it owns the clock, the log and the order of things, and does what the plan says."""
