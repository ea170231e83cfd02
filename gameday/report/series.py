"""The curves of a run, coarse enough for a picture: grading's curves, some points put together.

Shares are put together by the number of requests behind them; of times to answer the worst one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from gameday.history import History
from gameday.score.curves import Curve, curves

_MOST_BINS = 300
_ENOUGH = 20
"""Requests that one bin should hold, so that a single one does not look like an outage."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bin: begin and end on the run's clock, and what was measured in it (None without data)."""

    begin: float
    end: float
    bad: float | None
    """Share of requests that were bad, as clients saw it."""
    exported: float | None
    """Share of requests that failed, as the system exported it."""
    p95: float | None


def series(history: History, begin: float, end: float) -> list[Point]:
    """The bins from ``begin`` to ``end``, seconds of the run's clock."""
    found = curves(history)
    first = next((number for number, t in enumerate(found.t) if t >= begin), len(found.t))
    last = next((number for number, t in enumerate(found.t) if t > end), len(found.t))
    each = _together(found.offered[first:last], found.step)
    return [
        Point(
            begin=found.t[low] - found.step / 2,
            end=found.t[min(low + each, last) - 1] + found.step / 2,
            bad=_mean(found.error_rate[low : low + each], found.offered[low : low + each]),
            exported=_mean(found.exported_error_rate[low : low + each], found.offered[low : low + each]),
            p95=max((value for value in found.p95[low : low + each] if value is not None), default=None),
        )
        for low in range(first, last, each)
    ]


def _together(offered: Curve, step: float) -> int:
    """How many points make a bin."""
    requests = sum(rate * step for rate in offered if rate is not None)
    sparse = ceil(_ENOUGH * len(offered) / requests) if requests else 1
    return max(1, sparse, ceil(len(offered) / _MOST_BINS))


def _mean(values: Sequence[float | None], weights: Sequence[float | None]) -> float | None:
    known = [
        (value, weight or 0.0) for value, weight in zip(values, weights, strict=True) if value is not None
    ]
    total = sum(weight for _, weight in known)
    if not total:
        return known[-1][0] if known else None
    return sum(value * weight for value, weight in known) / total
