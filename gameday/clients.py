"""What the clients felt: when impact began, when good service was back, and metrics over any span.

Everything is dated by single requests, each at the instant at which it was sent. A window without offered
requests is no evidence of anything.

This module knows conditions on the client's side. It knows no clock (``now`` is an argument), no log, and
nothing of what the system itself exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from gameday.dating import Dating
from gameday.events import Requests
from gameday.model.quantities import Condition
from gameday.traffic import Request, Traffic, bucket_of
from gameday.windows import QUANTILES, STEADY_BUCKETS, WINDOW, Row, Tally, Window, rank

_OTHERS = 0.05
"""Seconds for which users who were not answered first may still wait, while a service answers all who hung."""
_OF = 5
_NEEDED = 3


@dataclass(frozen=True, slots=True)
class Counts:
    """What was offered, sent and bad (failed, overdue or not sent) in one span."""

    offered: int
    sent: int
    bad: int


@dataclass(frozen=True, slots=True)
class Impact:
    """When users began to feel it: the first bad request was sent at ``latest``, a good at ``earliest``."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of good service."""

    began: float
    """When its first good request was sent."""
    at: float
    """When the first good answer to a request of it arrived: the instant of recovery."""
    earliest: float
    latest: float
    ended: float
    """When it broke, or how far it is known to reach."""
    lasts: bool
    """Whether it reaches the end of what was asked about."""


class Clients:
    """All requests of a run, built event by event."""

    def __init__(self, timeout: float) -> None:
        self._traffic = Traffic(timeout)
        self._base = 0
        """The window that every tally counts from."""
        self._tallies: dict[tuple[str, ...], Tally] = {}

    def add(self, event: Requests) -> None:
        """Take in one tick of the load generator. The order of events does not matter."""
        self._traffic.add(event)

    def __iter__(self) -> Iterator[Request]:
        """Every request, in the order in which the log has them."""
        return iter(self._traffic)

    def __len__(self) -> int:
        return len(self._traffic)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever offered or sent."""
        return self._traffic.first is None

    # Metrics over a span

    def counts(self, start: float, end: float, now: float) -> Counts:
        """Requests sent in [start, end), and the slots of its windows that were not sent."""
        traffic = self._traffic
        rows = traffic.between(start, end)
        unsent = sum(map(traffic.unsent, range(bucket_of(start), max(bucket_of(end), bucket_of(start) + 1))))
        return Counts(len(rows) + unsent, len(rows), traffic.bad(rows, now) + unsent)

    def metric(self, name: str, start: float, end: float, now: float) -> float | None:
        """A metric of the client's side over the requests sent in [start, end), in its base unit.

        None where there is no data. An unfinished request counts as slow as it is old.
        """
        if end <= start:
            return None
        if name in QUANTILES:
            spent = sorted(self._traffic.spent(self._traffic.between(start, end), now))
            return spent[rank(QUANTILES[name], len(spent)) - 1] if spent else None
        counts = self.counts(start, end, now)
        if not counts.offered:
            return None
        if name == "error_rate":
            return counts.bad / counts.offered
        return (counts.offered if name == "offered_rate" else counts.sent) / (end - start)

    def peak_error_rate(self, start: float, end: float, now: float) -> float | None:
        """The worst bad share of any two seconds of [start, end), by whole windows; None without data."""
        if self.empty:
            return None
        tally = self._tally([], now)
        first = max(0, bucket_of(start) - self._base)
        last = min(bucket_of(end), self._traffic.last + 1) - self._base
        starts = range(first, max(first + 1, last - STEADY_BUCKETS + 1))
        windows = (tally.window(at, min(at + STEADY_BUCKETS, last)) for at in starts if at < last)
        return max((window.bad_share for window in windows if window.offered), default=None)

    def bad_seconds(self, start: float, end: float, now: float) -> float:
        """The integral of the bad share over [start, end), window by window.

        A window in which nothing was offered is as bad as the one before it; after the last request nobody
        knows, and nothing is added.
        """
        total = share = 0.0
        for bucket in range(bucket_of(start), min(bucket_of(end), self._traffic.last) + 1):
            rows, unsent = self._traffic.rows(bucket), self._traffic.unsent(bucket)
            if rows or unsent:
                share = (self._traffic.bad(rows, now) + unsent) / (len(rows) + unsent)
            seconds = min(end, (bucket + 1) * WINDOW) - max(start, bucket * WINDOW)
            total += share * max(0.0, seconds)
        return total

    # When it began

    def impact(self, condition: Condition, since: float, until: float, now: float) -> Impact | None:
        """When the condition began to hold: in 3 of 5 consecutive windows of 100 ms, by sending time.

        Dated by the first bad request from there on, not before ``since``. None if it never did by ``until``.
        """
        if self.empty:
            return None
        tally = self._tally([condition], now)
        recent: list[tuple[int, bool]] = []
        for bucket in range(max(bucket_of(since), self._base), min(bucket_of(until), self._traffic.last) + 1):
            window = tally.window(bucket - self._base, bucket - self._base + 1)
            if window.offered:
                recent = [*recent[1 - _OF :], (bucket, bool(tally.meets(condition, window)))]
            held = [number for number, holds in recent if holds]
            if len(held) >= _NEEDED:
                return Impact(*Dating(self._traffic, [condition], now).first_bad(held[0], since))
        return None

    def first_break(
        self, steady_state: Sequence[Condition], since: float, until: float, now: float
    ) -> Impact | None:
        """When steady state first did not hold over two seconds; dated by the first bad request of them."""
        if self.empty:
            return None
        tally = self._tally(steady_state, now)
        tally.judge()
        begin = max(0, bucket_of(since) - self._base)
        last = tally.last_full(min(bucket_of(until), self._traffic.last + 1) - self._base)
        failing = tally.next_failing(begin)
        if not begin <= failing <= last:
            return None
        dating = Dating(self._traffic, steady_state, now)
        for bucket in range(failing + self._base, tally.reach(failing) + self._base):
            if self._traffic.unsent(bucket) or any(map(dating.wrong, self._traffic.rows(bucket))):
                return Impact(*dating.first_bad(bucket, since))
        return Impact(since, max(since, (failing + self._base) * WINDOW))

    def _tally(self, conditions: Sequence[Condition], now: float) -> Tally:
        """The tally for these conditions, brought up to date."""
        traffic = self._traffic
        first = traffic.first or 0
        if first != self._base:
            self._base = first
            self._tallies.clear()
        for tally in self._tallies.values():
            if traffic.changed < inf:
                tally.rewind(int(traffic.changed) - first)
        traffic.changed = inf
        tally = self._tallies.setdefault(tuple(condition.text for condition in conditions), Tally(conditions))
        horizon = max([traffic.timeout, *tally.thresholds])
        traffic.horizon = max(traffic.horizon, horizon)

        def count(bucket: int) -> Row:
            number = bucket + first
            return traffic.count(traffic.rows(number), traffic.unsent(number), tally.thresholds, now)

        tally.update(count, traffic.last + 1 - first, bucket_of(now - horizon) - first)
        return tally

    # When it was over

    def clean_stretch(
        self, steady_state: Sequence[Condition], since: float, until: float, now: float
    ) -> Stretch | None:
        """The stretch of good service that begins after ``since`` and lasts to ``until``, if one does."""
        found = next(self._backwards(steady_state, since, until, now), None)
        return found if found and found.lasts else None

    def stretches(
        self, steady_state: Sequence[Condition], since: float, until: float, now: float
    ) -> list[Stretch]:
        """Every stretch of good service from ``since`` to ``until``, oldest first; all earlier ones broke."""
        return list(self._backwards(steady_state, since, until, now))[::-1]

    def _backwards(
        self, steady_state: Sequence[Condition], since: float, until: float, now: float
    ) -> Iterator[Stretch]:
        """Stretches, newest first. Only those that are asked for are looked for."""
        if self.empty:
            return
        tally = self._tally(steady_state, now)
        tally.judge()
        begin = max(0, bucket_of(since) - self._base)
        end = min(bucket_of(until), self._traffic.last + 1) - self._base
        full = newest = tally.last_full(end)
        if full < begin or tally.last_failing(full) == full:
            young = (start for start in range(max(begin, full + 1), end) if tally.steady_to(start, end))
            start = next(young, None)
            if start is not None and (found := self._date(tally, start, end, since, now)):
                yield replace(found, lasts=self._reaches(until, end, STEADY_BUCKETS))
        while full >= begin:
            full = tally.last_meeting(full)
            if full < begin:
                return
            failing, reach = tally.last_failing(full), tally.reach(full)
            lasting = full == newest
            found = self._date(tally, max(failing + 1, begin), end if lasting else reach, since, now)
            if found:
                yield replace(found, lasts=lasting and self._reaches(until, end, reach - full))
            full = failing

    def _reaches(self, until: float, end: int, patience: int) -> bool:
        """Whether there were requests up to ``until``, within the span of one judgement."""
        return until - (end + self._base) * WINDOW <= (patience + 1) * WINDOW

    def _date(self, tally: Tally, start: int, end: int, since: float, now: float) -> Stretch | None:
        """The stretch of these buckets, dated by its single requests; None without a good one."""
        first = tally.window(start, min(tally.reach(start, end), end))
        dating = Dating(self._traffic, tally.conditions, now)
        buckets = range(start + self._base, end + self._base)
        began, arrived = dating.first_answer(
            buckets, self._begin_before(tally, start, first, since, now), since
        )
        if began is None or arrived == inf:
            return None
        arrived = min(arrived, dating.released(began, since))
        later = max(first.seconds / max(1, first.row[0]), _OTHERS)
        ended = (end + self._base) * WINDOW
        return Stretch(began, arrived, max(since, arrived - WINDOW), arrived + later, ended, lasts=False)

    def _begin_before(
        self, tally: Tally, start: int, first: Window, since: float, now: float
    ) -> float | None:
        """The good request of the bucket before from which on the first window would still be steady."""
        rows = self._traffic.by_sending(start - 1 + self._base)
        dating = Dating(self._traffic, tally.conditions, now)
        for place in range(1, len(rows)):
            at = self._traffic.sent[rows[place]]
            part = self._traffic.count(rows[place:], 0, tally.thresholds, now)
            if at >= since and not dating.wrong(rows[place]) and tally.steady(first.plus(part)):
                return at
        return None
