"""Which run a system is held by: asked of the system itself, so that it holds for runs of every machine.

A run says it again and again. One that died, or whose machine has gone, says it no more, and holds it no longer than it
asked for last. What was said on a way that was slow may come after the word that it is over: it counts no more then.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 60.0
"""Seconds for which a run can hold it without saying so again."""


class Claims:
    """One holder at a time. Forgotten when the platform starts again: whoever holds it says so again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._run = ""
        self._until = 0.0
        self._heard: dict[str, set[str]] = {}
        """Run -> the claims that were made for it and are not over: its own, and those of who reverts it."""
        self._over: set[str] = set()

    def take(self, run: str, claim: str, seconds: float) -> str:
        """Hold it for this run from now on; gives the run that holds it instead, empty where none does."""
        now = self._clock()
        if self._run not in {"", run} and now < self._until:
            return self._run
        if claim not in self._over:
            self._heard.setdefault(run, set()).add(claim)
            self._run, self._until = run, now + min(seconds, LONGEST)
        return ""

    def release(self, run: str) -> None:
        """This run holds it no more, whatever of its claims still comes. Idempotent; another's stay."""
        self._over |= self._heard.pop(run, set())
        if self._run == run:
            self._run = ""
