"""Grading: a scorecard is a pure function of a history. No stopwatch, no file, no clock."""

from gameday.score.grading import grade

__all__ = ["grade"]
