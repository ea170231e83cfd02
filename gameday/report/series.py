"""The client's side of a run as two curves: share of bad requests and 95th percentile, by sending time.

Bins are as fine as the picture can show and wide enough to hold some twenty requests each.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from gameday.clients import Clients
from gameday.events import Requests
from gameday.history import History

_MOST_BINS = 300
_FINEST = 0.25
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Point:
    """One bin: begin and end on the run's clock, bad share, 95th percentile (None without requests)."""

    begin: float
    end: float
    bad: float | None
    p95: float | None


def series(history: History, begin: float, end: float) -> list[Point]:
    """The bins from ``begin`` to ``end``, seconds of the run's clock."""
    clients = Clients(timeout=history.inputs().scenario.load.timeout)
    for _, event in history.of(Requests):
        clients.add(event)
    now = history[-1].t if len(history) else end
    span = end - begin
    offered = clients.counts(begin, end, now).offered
    if span <= 0 or not offered:
        return []
    width = max(span / _MOST_BINS, _FINEST, _ENOUGH * span / offered)
    number = max(1, round(span / width))
    edges = [begin + span * index / number for index in range(number + 1)]
    return [
        Point(
            low,
            high,
            clients.metric("error_rate", low, high, now),
            clients.metric("latency_p95", low, high, now),
        )
        for low, high in pairwise(edges)
    ]
