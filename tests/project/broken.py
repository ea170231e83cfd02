"""What the tests' own bad experiments do."""

from __future__ import annotations

import os
import time


def hang() -> None:
    """Never come back, as far as anybody waits."""
    time.sleep(600)


def crash() -> None:
    """Die without a word."""
    os._exit(9)


def fail() -> None:
    """Do not do what was asked."""
    raise RuntimeError("no such luck")
