"""One run's log and everything folded from it: the only door to ``events.jsonl`` while the run lives.

Every source (load, detector, children, desk) runs on the same event loop and says what it saw through
``Session.append``; so the order of the log is the order in which things became known, and nobody needs a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from gameday.errors import LogError
from gameday.events import Event, Record
from gameday.history import History
from gameday.log import Clock, LogWriter
from gameday.model.inputs import Inputs
from gameday.situation import Situation

Watcher = Callable[[Record, Situation], None]
"""Shown every record after it was written: the live view."""


class Session:
    """Writer, folds and clock of one run."""

    def __init__(self, folder: Path, inputs: Inputs, *, history: History | None = None) -> None:
        """A fresh log, or (``history``) one that a crashed run left, to be continued.

        Raises:
            LogError: the folder cannot be written.
        """
        self.folder = folder
        self.logs = folder / "logs"
        self.situation = Situation(inputs)
        self.clock = Clock() if history is None else _clock_of(history)
        self._watcher: Watcher | None = None
        self.wake = asyncio.Event()
        """Set by whatever the loop should not wait a tick for."""
        self.salvaging = False
        """While things are put back a log that cannot be written no longer stops anything."""
        self.log_problem: LogError | None = None
        for record in history or ():
            self.situation.feed(record)
        start = history[-1].seq + 1 if history is not None else 1
        self._writer = LogWriter(folder, self.clock, start_seq=start)
        self.logs.mkdir(exist_ok=True)

    def watch(self, watcher: Watcher) -> None:
        """Show every record from now on, after those that there are already."""
        self._watcher = watcher
        for record in self.situation.history:
            self._show(record)

    def _show(self, record: Record) -> None:
        """A view that cannot draw (its terminal is gone, its pipe closed) must not end a run."""
        if self._watcher:
            try:
                self._watcher(record, self.situation)
            except (Exception, SystemExit):  # noqa: BLE001 - rich exits the process on a broken pipe
                self._watcher = None

    def append(self, event: Event, t: float | None = None, source: str = "runner") -> Record:
        """Write an event and fold it; it is on disk when this returns (durable ones).

        Raises:
            LogError: it could not be written, and nothing is being put back.
        """
        try:
            record = self._writer.append(event, source=source, t=t)
        except LogError as problem:
            self.log_problem = problem
            self.wake.set()
            if not self.salvaging:
                raise
            record = Record(seq=-1, t=self.clock.now(), wall=self.clock.wall(), source=source, event=event)
        self.situation.feed(record)
        self._show(record)
        return record

    def hear(self, event: Event, t: float | None = None, source: str = "runner") -> None:
        """Append what a source saw; that the log cannot be written is for the loop to notice, not for the source."""
        with contextlib.suppress(LogError):
            self.append(event, t, source)

    def now(self) -> float:
        """Seconds of the run's clock."""
        return self.clock.now()

    def close(self) -> None:
        """Close the log."""
        self._writer.close()


def _clock_of(history: History) -> Clock:
    """The clock of a run that another process began: the same one, unless the machine was started anew since."""
    base = history.started.host.get("monotonic_base")
    fresh = Clock()
    if isinstance(base, float) and fresh.base - base >= history[-1].t:
        return Clock(base)
    return Clock(fresh.base - history[-1].t)
