"""Curves for reports: what clients offered, sent and felt, and what the system exported."""

from __future__ import annotations

from math import ceil

from gameday.clients import Clients
from gameday.events import Requests, Scraped
from gameday.exported import Exported
from gameday.history import History
from gameday.score.card import Value

_FINEST = 0.25
_MOST = 2000

Curve = list[float | None]
"""One value a point; None where there was no data."""


class Curves(Value):
    """Values at the middle of each step; instants in seconds of the run's clock, the rest in base units."""

    step: float
    t: list[float]
    offered: Curve
    """Requests due, each second."""
    achieved: Curve
    """Requests sent, each second."""
    error_rate: Curve
    p50: Curve
    p95: Curve
    exported_error_rate: Curve
    exported_latency_p95: Curve
    exported_database_connections: Curve


def curves(history: History) -> Curves:
    """At most 2,000 points, 250 ms apart or coarser, from the first request or scrape to the last."""
    clients = Clients(history.inputs().scenario.load.timeout)
    exported, ends = Exported(), []
    for record, event in history.of(Requests):
        clients.add(event)
        ends.append(record.t)
    for record, scraped in history.of(Scraped):
        exported.add(record.t, scraped)
        ends.append(record.t)
    start, end = min(ends, default=0.0), max(ends, default=0.0)
    step = max(_FINEST, ceil((end - start) / _MOST / _FINEST) * _FINEST)
    begins = [start + number * step for number in range(int((end - start) / step))]

    def felt(metric: str) -> Curve:
        return [clients.metric(metric, at, at + step, end) for at in begins]

    def seen(metric: str) -> Curve:
        return [exported.value(metric, at + step / 2) for at in begins]

    return Curves(
        step=step,
        t=[at + step / 2 for at in begins],
        offered=felt("offered_rate"),
        achieved=felt("achieved_rate"),
        error_rate=felt("error_rate"),
        p50=felt("latency_p50"),
        p95=felt("latency_p95"),
        exported_error_rate=seen("error_rate"),
        exported_latency_p95=seen("latency_p95"),
        exported_database_connections=seen("database_connections"),
    )
