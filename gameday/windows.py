"""Sums over windows of requests, and whether conditions on the client's side hold in them.

A window is a range of 100 ms buckets. A ``Tally`` keeps, for one set of conditions, running sums over all
buckets, so that any window is judged in constant time; what can no longer change is counted once.

This module knows counts. What makes a request bad, and where the counts come from, is the business of
``gameday.clients``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from gameday.model.quantities import Condition

WINDOW = 0.1
"""Seconds of one bucket: the windows that date impact."""
STEADY_BUCKETS = 20
"""Buckets that one judgement of steady state spans at least: 2 s."""
STEADY_REQUESTS = 20
"""A judgement of steady state spans more time until it holds this many requests."""
ACHIEVED = 0.95
"""Share of the offered requests that must have been sent where service is called good."""
QUANTILES = {"latency_p50": 0.50, "latency_p95": 0.95, "latency_p99": 0.99}

Row = tuple[int, ...]
"""Sent, unsent, bad; then for each latency condition those under its threshold and those not above it."""
Count = Callable[[int], Row]


def rank(quantile: float, count: int) -> int:
    """Which of ``count`` ascending values is the quantile, counted from 1 (nearest rank)."""
    return max(1, ceil(quantile * count - 1e-9))


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted in one span of time."""

    seconds: float
    row: Row

    @property
    def offered(self) -> int:
        """Requests that were due: those sent, and those that should have been."""
        return self.row[0] + self.row[1]

    @property
    def bad_share(self) -> float:
        """Failed, overdue or not sent, of what was offered; there must have been something."""
        return (self.row[1] + self.row[2]) / self.offered

    def plus(self, row: Row) -> Window:
        """This window and some requests more."""
        return Window(self.seconds, tuple(map(int.__add__, self.row, row)))


class Tally:
    """Running sums over buckets for one tuple of conditions, and which full windows meet all of them."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = tuple(conditions)
        self._latency = [condition for condition in conditions if condition.metric in QUANTILES]
        self.thresholds = tuple(condition.threshold for condition in self._latency)
        self.settled = 0
        """Buckets whose counts can no longer change."""
        self._sums: list[Row] = [(0,) * (3 + 2 * len(self._latency))]
        self._reach: list[int] = []
        self._good = bytearray()

    def rewind(self, bucket: int) -> None:
        """Count again from this bucket on: something in it changed after it was thought settled."""
        self.settled = max(0, min(self.settled, bucket))

    def update(self, count: Count, buckets: int, settled: int) -> None:
        """Count all buckets that are not settled; the first ``settled`` of them are from now on."""
        keep = bisect_right(self._reach, self.settled)
        del self._sums[self.settled + 1 :], self._reach[keep:], self._good[keep:]
        sums, total = self._sums, self._sums[-1]
        for bucket in range(self.settled, buckets):
            total = tuple(map(int.__add__, total, count(bucket)))
            sums.append(total)
        self.settled = max(self.settled, min(settled, buckets))

    def judge(self) -> None:
        """Judge every full window that is not judged yet; wanted only where steady state is asked for."""
        buckets = len(self._sums) - 1
        first = len(self._reach)
        reach = self._reach[-1] if self._reach else 0
        for start in range(first, buckets - STEADY_BUCKETS + 1):
            reach = max(reach, start + STEADY_BUCKETS)
            base = self._sums[start][0] + self._sums[start][1]
            while reach <= buckets and self._sums[reach][0] + self._sums[reach][1] - base < STEADY_REQUESTS:
                reach += 1
            if reach > buckets:
                return
            self._reach.append(reach)
            self._good.append(self.steady(self.window(start, reach)))

    def window(self, start: int, end: int) -> Window:
        """What buckets ``start`` to ``end`` (not included) hold."""
        return Window((end - start) * WINDOW, tuple(map(int.__sub__, self._sums[end], self._sums[start])))

    def reach(self, start: int, otherwise: int = 0) -> int:
        """The bucket at which the full window from ``start`` ends; ``otherwise`` if there is none."""
        return self._reach[start] if start < len(self._reach) else otherwise

    def last_full(self, end: int) -> int:
        """The last start of a full window that ends at bucket ``end`` or before; -1 if there is none."""
        start = min(len(self._reach), max(0, end - STEADY_BUCKETS + 1)) - 1
        while start >= 0 and self._reach[start] > end:
            start -= 1
        return start

    def last_failing(self, start: int) -> int:
        """The last full window at or before ``start`` that does not meet every condition; -1 if all do."""
        return self._good.rfind(0, 0, start + 1)

    def last_meeting(self, start: int) -> int:
        """The last full window at or before ``start`` that meets every condition; -1 if none does."""
        return self._good.rfind(1, 0, start + 1)

    def next_failing(self, start: int) -> int:
        """The first full window at or after ``start`` that does not meet every condition; -1 if all do."""
        return self._good.find(0, start)

    def steady_to(self, start: int, end: int) -> bool:
        """Whether a window shorter than a full one has data and is steady."""
        window = self.window(start, end)
        return window.offered > 0 and self.steady(window)

    def steady(self, window: Window) -> bool:
        """Whether every condition is known to hold, and nearly all that was offered was sent."""
        if window.row[1] > (1 - ACHIEVED) * window.offered:
            return False
        return all(self.meets(condition, window) for condition in self.conditions)

    def meets(self, condition: Condition, window: Window) -> bool | None:
        """Whether one of the conditions holds in a window; None without data."""
        sent = window.row[0]
        if condition.metric == "offered_rate":
            return condition.holds(window.offered / window.seconds)
        if condition.metric == "achieved_rate":
            return condition.holds(sent / window.seconds)
        if condition.metric == "error_rate":
            return condition.holds(window.bad_share) if window.offered else None
        if not sent:
            return None
        place = 3 + 2 * self._latency.index(condition)
        least = rank(QUANTILES[condition.metric], sent)
        under, up_to = window.row[place] >= least, window.row[place + 1] >= least
        return {
            "<": under,
            "<=": up_to,
            ">": not up_to,
            ">=": not under,
            "==": up_to and not under,
            "!=": not up_to or under,
        }[condition.op]
