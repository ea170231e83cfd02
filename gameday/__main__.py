"""``python -m gameday``."""

from gameday.cli import main

main()
