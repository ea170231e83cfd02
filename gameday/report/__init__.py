"""What people get: card, live view, timeline, post-mortem, page. Read from histories and scorecards, nothing else."""
