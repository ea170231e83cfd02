"""What a run of an hour comes to in the runner: the held part of a real log, fed again and again to an hour.

    python -m benchmarks.hour FOLDER      prints JSON: megabytes that it grew by, core, records, requests

In a process of its own, so that what it grows by is the hour's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.kept import ROOT
from gameday.events import FaultInjected, Record, Requests, RespondEnded, Scraped
from gameday.guards import tripped
from gameday.history import History
from gameday.log import read
from gameday.monitors import Watches, step
from gameday.plan import due
from gameday.situation import Situation

_HOUR = 3600.0
_TICKS = 50
_TICK = 0.1
_MORE = 60.0
"""Seconds that there are beyond the hour."""


def after_an_hour(folder: Path) -> dict[str, Any]:
    """Measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hour", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _stretched(history: History) -> Iterator[Record]:
    """The log up to the injection, then its held part over and over, each time later and with new numbers."""
    injected, over = history.first(FaultInjected), history.first(RespondEnded)
    assert injected is not None
    assert over is not None
    start, end = injected[0].t, over[0].t
    held = [
        record
        for record in history
        if start < record.t < end and isinstance(record.event, Requests | Scraped)
    ]
    for record in history:
        if record.seq <= injected[0].seq:
            yield record
    later, number, seq = 0.0, 10**7, 10**6
    while start + later < _HOUR + _MORE:
        for record in held:
            seq += 1
            moved = _moved(record.event, later, number)
            yield record.model_copy(update={"seq": seq, "t": record.t + later, "event": moved})
        later, number = later + end - start, number + 10**6


def _moved(event: Any, later: float, number: int) -> Any:
    """The same event so much later, with numbers of its own; parsed anew, since a run shares nothing either."""
    data = json.loads(event.model_dump_json())
    if isinstance(event, Requests):
        for column in ("offered", "sent_at", "ended_at"):
            data[column] = [round(at + later, 6) for at in data[column]]
        for column in ("sent_id", "ended_id"):
            data[column] = [one + number for one in data[column]]
    return type(event).model_validate(data)


def main() -> int:
    """Feed an hour; then some seconds more, deciding ten times a second as a run does."""
    history = read(Path(sys.argv[1]))
    situation = Situation(history.inputs())
    later = iter(_stretched(history))
    records = requests = 0
    del history
    before = psutil.Process().memory_info().rss / 2**20

    def feed_until(t: float) -> None:
        nonlocal records, requests
        for record in later:
            situation.feed(record)
            records += 1
            if isinstance(record.event, Requests):
                requests += len(record.event.sent_id)
            if record.t >= t:
                return

    feed_until(_HOUR)
    watches, guarding = Watches(), dict[str, float]()
    grown = psutil.Process().memory_info().rss / 2**20 - before
    due(situation, "people", situation.newest)
    spent, begin = 0.0, situation.newest
    for number in range(_TICKS):
        feed_until(begin + number * _TICK)
        started, now = time.process_time(), situation.newest
        watches, _ = step(situation.inputs.system.monitors, watches, situation.exported, now)
        _, guarding = tripped(situation, guarding, now)
        due(situation, "people", now)
        spent += time.process_time() - started
    core = spent / (_TICKS * _TICK)
    print(json.dumps({"grown": grown, "core": core, "records": records, "requests": requests}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
