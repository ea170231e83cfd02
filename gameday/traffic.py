"""Every request of a run: when it was sent, how long it took, how it ended; and slots offered.

A request is bad if it failed or was not finished ``timeout`` after it was sent; then it is bad already,
whether or not it ever ends. A slot that was offered and not sent is as bad as a request that failed, so users
who hang do not make the system look well.

This module stores and counts. It knows no condition and no milestone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor, inf, isnan, nan

from gameday.events import Requests
from gameday.windows import WINDOW, Row


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``ended`` is None while it is not finished, ``problem`` empty for a good answer."""

    name: str
    sent: float
    ended: float | None
    problem: str


def bucket_of(at: float) -> int:
    """The number of the 100 ms window that an instant lies in."""
    return floor(at / WINDOW + 1e-6)


class Traffic:
    """Requests in columns, and by 100 ms windows of their sending."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.sent = array("d")
        self.took = array("d")
        """Seconds from sending to end; not a number while unfinished."""
        self.first: int | None = None
        """The first window that anything was offered in; None while there is nothing."""
        self.last = 0
        self.changed: float = inf
        """The first window that something changed in since it was last set to infinity."""
        self.horizon = timeout
        """Seconds after sending from which on the end of a request changes no count."""
        self._problem = array("I")
        self._name = array("I")
        self._problems: dict[str, int] = {"": 0}
        self._names: dict[str, int] = {}
        self._open: dict[int, int] = {}
        self._early: dict[int, tuple[float, str]] = {}
        self._rows: dict[int, list[int]] = {}
        self._offered: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.sent)

    def __iter__(self) -> Iterator[Request]:
        names, problems = list(self._names), list(self._problems)
        for sent, took, name, problem in zip(self.sent, self.took, self._name, self._problem, strict=True):
            yield Request(names[name], sent, None if isnan(took) else sent + took, problems[problem])

    def add(self, event: Requests) -> None:
        """Take in one tick of the load generator. The order of events does not matter."""
        row, names, rows = len(self.sent), self._names, self._rows
        self.sent.extend(event.sent_at)
        self.took.extend([nan] * len(event.sent_at))
        self._problem.extend([0] * len(event.sent_at))
        self._name.extend([names.setdefault(name, len(names)) for name in event.sent_name])
        sent, offered = [bucket_of(at) for at in event.sent_at], [bucket_of(at) for at in event.offered]
        if sent or offered:
            self._touch(min([*sent, *offered]), max([*sent, *offered]))
        for place, (number, bucket) in enumerate(zip(event.sent_id, sent, strict=True), row):
            self._open[number] = place
            if bucket in rows:
                rows[bucket].append(place)
            else:
                rows[bucket] = [place]
        for bucket in offered:
            self._offered[bucket] = self._offered.get(bucket, 0) + 1
        if self._early:
            early = [number for number in event.sent_id if number in self._early]
            self._take_ends((number, *self._early.pop(number)) for number in early)
        self._take_ends(zip(event.ended_id, event.ended_at, event.ended_problem, strict=True))

    def _touch(self, low: int, high: int) -> None:
        self.changed = min(self.changed, low)
        self.first = low if self.first is None else min(self.first, low)
        self.last = max(self.last, high)

    def _take_ends(self, ends: Iterable[tuple[int, float, str]]) -> None:
        changed = inf
        for number, at, problem in ends:
            row = self._open.pop(number, None)
            if row is None:
                self._early[number] = (at, problem)
                continue
            sent = self.sent[row]
            took = self.took[row] = at - sent if at > sent else 0.0
            if problem:
                self._problem[row] = self._problems.setdefault(problem, len(self._problems))
            if sent < changed and took <= self.horizon:
                changed = sent
        if changed < inf:
            self.changed = min(self.changed, bucket_of(changed))

    def rows(self, bucket: int) -> Sequence[int]:
        """The requests sent in one window, as the log has them."""
        return self._rows.get(bucket, ())

    def by_sending(self, bucket: int) -> list[int]:
        """The requests sent in one window, first sent first."""
        return sorted(self.rows(bucket), key=self.sent.__getitem__)

    def between(self, start: float, end: float) -> list[int]:
        """The requests sent in [start, end)."""
        buckets = range(bucket_of(start), bucket_of(end) + 1)
        return [row for bucket in buckets for row in self.rows(bucket) if start <= self.sent[row] < end]

    def spent(self, rows: Sequence[int], now: float) -> list[float]:
        """Seconds to each answer, or the age of what is not answered yet."""
        spent = [self.took[row] for row in rows]
        if isnan(sum(spent)):
            return [
                now - self.sent[row] if isnan(took) else took for row, took in zip(rows, spent, strict=True)
            ]
        return spent

    def bad(self, rows: Sequence[int], now: float) -> int:
        """How many failed or are overdue."""
        took, problem, timeout = self.took, self._problem, self.timeout
        doubtful = [row for row in rows if problem[row] or not took[row] <= timeout]
        return sum(not isnan(took[row]) or now - self.sent[row] >= timeout for row in doubtful)

    def offered(self, bucket: int) -> int:
        """Requests that were due in one window, sent or not."""
        return len(self.rows(bucket)) + self.unsent(bucket)

    def unsent(self, bucket: int) -> int:
        """Slots of this window that nobody sent; a sent one is offered at the instant of its sending."""
        return max(0, self._offered.get(bucket, 0) - len(self._rows.get(bucket, ())))

    def count(self, rows: Sequence[int], unsent: int, thresholds: Sequence[float], now: float) -> Row:
        """Sent, unsent, bad; and for each threshold in seconds those faster, and those not slower."""
        counts = [len(rows), unsent, self.bad(rows, now)]
        if thresholds:
            spent = self.spent(rows, now)
            for threshold in thresholds:
                counts.append(sum(map(threshold.__gt__, spent)))
                counts.append(sum(map(threshold.__ge__, spent)))
        return tuple(counts)
