"""Grading: a scorecard is a pure function of a history. No stopwatch, no file, no clock."""
