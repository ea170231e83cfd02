"""What people get: card, live view, timeline, post-mortem, page; all read from histories and scorecards."""
