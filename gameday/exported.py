"""Metrics as the system itself exports them: a fold of ``Scraped`` events, valued over sliding windows.

Raw series that the detector's sources deliver (each a number a scrape; counters stay counters):

    gateway    requests_total, requests_failed_total, latency_count, latency_le_<upper bound in seconds>
    service    pool_waiting
    database   up, connections, connections_max
    platform   replicas_ready, replicas_waiting, restarts_total, warnings_total, memory_ratio
    host       memory_available_bytes, disk_used_ratio, cpu_seconds_total, cpu_busy_seconds_total

Requests count when they complete, as a monitoring system sees them; a window without a scrape has no value.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from math import isnan, nan
from typing import Protocol

from gameday.events import Scraped
from gameday.metrics import METRICS

_GAUGES = {
    "database_pool_waiting": "pool_waiting",
    "database_up": "up",
    "replicas_ready": "replicas_ready",
    "replicas_waiting": "replicas_waiting",
    "memory_usage": "memory_ratio",
    "disk_space": "disk_used_ratio",
    "host_memory_available": "memory_available_bytes",
}
_QUANTILES = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}
_NEEDS = {
    "error_rate": frozenset({"requests_total"}),
    "request_rate": frozenset({"requests_total"}),
    "restarts": frozenset({"restarts_total"}),
    "warnings": frozenset({"warnings_total"}),
    "database_connections": frozenset({"connections", "connections_max"}),
    "cpu_usage": frozenset({"cpu_seconds_total", "cpu_busy_seconds_total"}),
}
_FRESH = 2.0
"""Seconds for which the newest value of a gauge counts as data."""


class Values(Protocol):
    """Metrics as the system itself exports them."""

    def value(self, metric: str, at: float) -> float | None:
        """A metric at an instant, in its base unit; None without data."""


class _Series:
    """The series of one job, a column each: an hour of scrapes as dictionaries would take ten times the room."""

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}
        self._length = 0

    def insert(self, place: int, series: Mapping[str, float]) -> None:
        """The series of one scrape, before the one that is in its place now."""
        for name in series.keys() - self._columns.keys():
            self._columns[name] = array("d", [nan]) * self._length
        for name, column in self._columns.items():
            column.insert(place, series.get(name, nan))
        self._length += 1

    def __getitem__(self, place: int) -> dict[str, float]:
        return {name: column[place] for name, column in self._columns.items() if not isnan(column[place])}


class Exported:
    """Scrapes so far, by job. ``add`` in the order of the log; ``value`` at any instant."""

    def __init__(self, scrapes: Iterable[tuple[float, Scraped]] = ()) -> None:
        self._times: dict[str, array[float]] = {}
        self._series: dict[str, _Series] = {}
        for at, event in scrapes:
            self.add(at, event)

    def add(self, at: float, event: Scraped) -> None:
        """One more scrape; one that failed delivers nothing."""
        if not event.ok:
            return
        times = self._times.setdefault(event.job, array("d"))
        place = bisect_right(times, at)
        times.insert(place, at)
        self._series.setdefault(event.job, _Series()).insert(place, event.series)

    def seen(self, metric: str, at: float) -> float | None:
        """When the metric's source last delivered what it is computed from; None if it did not lately.

        Without that, 'nothing seen' says nothing.
        """
        job = METRICS[metric].job
        times = self._times.get(job, ())
        index = bisect_right(times, at) - 1
        if index < 0 or at - times[index] > _FRESH or not _needs(metric) <= self._series[job][index].keys():
            return None
        return times[index]

    def value(self, metric: str, at: float) -> float | None:
        """The metric's value in its base unit as it could be known at an instant; None without data."""
        row = METRICS[metric]
        if row.window:
            return self._over_window(metric, row.job, at, row.window)
        return self._newest(metric, row.job, at)

    def _newest(self, metric: str, job: str, at: float) -> float | None:
        times = self._times.get(job, ())
        index = bisect_right(times, at) - 1
        if index < 0 or at - times[index] > _FRESH:
            return None
        series = self._series[job][index]
        if metric == "database_connections":
            used, limit = series.get("connections"), series.get("connections_max")
            return used / limit if used is not None and limit else None
        return series.get(_GAUGES[metric])

    def _over_window(self, metric: str, job: str, at: float, window: float) -> float | None:
        times = self._times.get(job, ())
        last = bisect_right(times, at) - 1
        if last < 0 or at - times[last] > _FRESH:
            return None
        first = bisect_left(times, at - window)
        if first and at - window - times[first - 1] <= _FRESH:
            first -= 1  # the window begins between two scrapes
        if first >= last:
            return None
        old, new = self._series[job][first], self._series[job][last]
        return _rate(metric, old, new, times[last] - times[first])


def _needs(metric: str) -> frozenset[str]:
    """The raw series without which the metric's source is not looking."""
    return _NEEDS.get(metric) or frozenset({"latency_count" if metric in _QUANTILES else _GAUGES[metric]})


def _delta(old: dict[str, float], new: dict[str, float], name: str) -> float | None:
    if name not in new:
        return None
    before = old.get(name, 0.0)
    return new[name] - before if new[name] >= before else new[name]
    # a counter that fell was reset: what it shows is what came since


def _rate(metric: str, old: dict[str, float], new: dict[str, float], span: float) -> float | None:
    if metric in _QUANTILES:
        return _quantile(_QUANTILES[metric], old, new)
    if metric == "error_rate":
        total, failed = _delta(old, new, "requests_total"), _delta(old, new, "requests_failed_total")
        if total is None:
            return None
        return (failed or 0.0) / total if total else 0.0  # no failure so far has no series of its own
    if metric == "request_rate":
        total = _delta(old, new, "requests_total")
        return None if total is None else total / span
    if metric in {"restarts", "warnings"}:
        return _delta(old, new, f"{metric}_total")
    if metric == "cpu_usage":
        busy, total = _delta(old, new, "cpu_busy_seconds_total"), _delta(old, new, "cpu_seconds_total")
        return busy / total if total and busy is not None else None
    raise ValueError(f"no rule for metric {metric!r}")


def _quantile(share: float, old: dict[str, float], new: dict[str, float]) -> float | None:
    """A quantile of the requests between two scrapes, linear inside its bucket, as Prometheus does it."""
    total = _delta(old, new, "latency_count")
    if not total:
        return None
    bounds = sorted(
        (float(name.removeprefix("latency_le_")), name) for name in new if name.startswith("latency_le_")
    )
    rank, below, lower = share * total, 0.0, 0.0
    for bound, name in bounds:
        count = _delta(old, new, name) or 0.0
        if count >= rank:
            return lower + (bound - lower) * ((rank - below) / (count - below) if count > below else 1.0)
        below, lower = count, bound
    return lower if bounds else None
