"""Metrics as the system exports them: rates over sliding windows, resets, quantiles, and what counts as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from gameday.events import Scraped
from gameday.exported import Exported
from gameday.metrics import METRICS, Side

Scrape = tuple[float, Mapping[str, float]]
EXPORTED = [name for name, metric in METRICS.items() if Side.EXPORTED in metric.sides]


def scraped(job: str, scrapes: Iterable[Scrape], *, ok: bool = True) -> Exported:
    """The scrapes of one job."""
    return Exported((at, Scraped(job=job, ok=ok, series=dict(series))) for at, series in scrapes)


def counts(total: float, failed: float | None = None, **buckets: float) -> dict[str, float]:
    """What a gateway exports."""
    found = {"requests_total": total, "latency_count": total}
    if failed is not None:
        found["requests_failed_total"] = failed
    return found | {
        f"latency_le_{name.removeprefix('le_').replace('_', '.')}": n for name, n in buckets.items()
    }


@pytest.mark.parametrize(
    ("scrapes", "at", "rate", "errors"),
    [
        ([(0, counts(0, 0)), (1, counts(100, 5)), (2, counts(200, 10))], 2, 100, 0.05),
        (
            [(0, counts(0, 0)), (1, counts(100, 0)), (2, counts(200, 100)), (3, counts(300, 200))],
            3,
            100,
            2 / 3,
        ),
        ([(0, counts(0, 0)), (1, counts(0, 0))], 1, 0, 0.0),
        ([(0, counts(900, 90)), (1, counts(100, 20))], 1, 100, 0.2),
        ([(0, counts(0)), (1, counts(100))], 1, 100, 0.0),
        ([(0, counts(50)), (1, counts(100, 10))], 1, 50, 0.2),
        ([(0, {}), (1, counts(100, 10))], 1, 100, 0.1),
    ],
    ids=[
        "steady",
        "two seconds",
        "nothing done",
        "reset",
        "never failed",
        "first failures",
        "first requests",
    ],
)
def test_rates_are_differences_of_counters(
    scrapes: list[Scrape], at: float, rate: float, errors: float
) -> None:
    """Requests and failures that completed between two scrapes; a counter that fell began anew."""
    exported = scraped("gateway", scrapes)

    assert exported.value("request_rate", at) == pytest.approx(rate)
    assert exported.value("error_rate", at) == pytest.approx(errors)


def test_the_window_begins_between_two_scrapes() -> None:
    """The scrape before the window counts, so that no request falls between two windows."""
    exported = scraped("gateway", [(t / 4, counts(t * 25)) for t in range(20)])

    assert exported.value("request_rate", 4.6) == pytest.approx(100)


def test_a_gap_is_no_window() -> None:
    """After half a minute without scrapes, the rate is that of the new ones, not of the whole gap."""
    exported = scraped("gateway", [(0, counts(0, 0)), (30, counts(3000, 0)), (30.5, counts(3050, 50))])

    assert exported.value("error_rate", 30.5) == 1.0


@pytest.mark.parametrize(
    ("metric", "value"),
    [("latency_p50", 0.1), ("latency_p95", 0.95), ("latency_p99", 1.0), ("error_rate", 0.0)],
)
def test_quantiles_are_linear_inside_a_bucket(metric: str, value: float) -> None:
    """As Prometheus computes them; what lies above the last bound reads as the last bound."""
    old = counts(0, 0, le_0_1=0, le_1=0)
    new = counts(1000, 0, le_0_1=500, le_1=980)

    found = scraped("gateway", [(0, old), (1, new)]).value(metric, 1)

    expected = 0.1 + 0.9 * (450 / 480) if metric == "latency_p95" else value
    assert found == pytest.approx(expected)


def test_quantiles_of_nothing_are_no_value() -> None:
    """No request between two scrapes, or no buckets at all: None, and not zero."""
    idle = scraped("gateway", [(0, counts(5, 0, le_1=5)), (1, counts(5, 0, le_1=5))])
    bare = scraped("gateway", [(0, counts(0)), (1, counts(5))])

    assert idle.value("latency_p95", 1) is None
    assert bare.value("latency_p95", 1) is None


@pytest.mark.parametrize(
    ("metric", "series", "value"),
    [
        ("database_connections", {"connections": 45, "connections_max": 50}, 0.9),
        ("database_connections", {"connections": 45, "connections_max": 0}, None),
        ("database_connections", {"connections": 45}, None),
        ("database_up", {"up": 0}, 0),
        ("database_pool_waiting", {"pool_waiting": 7}, 7),
        ("replicas_ready", {"replicas_ready": 2}, 2),
        ("memory_usage", {"memory_ratio": 0.5}, 0.5),
        ("disk_space", {"disk_used_ratio": 0.7}, 0.7),
        ("host_memory_available", {"memory_available_bytes": 1e9}, 1e9),
    ],
)
def test_gauges_are_their_newest_value(metric: str, series: dict[str, float], value: float | None) -> None:
    """The newest scrape counts, as long as it is fresh."""
    exported = scraped(METRICS[metric].job, [(0, dict.fromkeys(series, 1.0)), (1, series)])

    assert exported.value(metric, 1) == value
    assert exported.value(metric, 3) == value
    assert exported.value(metric, 3.1) is None


def test_processors_and_restarts() -> None:
    """Busy time by all time; restarts and warnings within the last minute."""
    host = scraped(
        "host",
        [
            (0, {"cpu_seconds_total": 100, "cpu_busy_seconds_total": 10}),
            (1, {"cpu_seconds_total": 102, "cpu_busy_seconds_total": 11.5}),
        ],
    )
    platform = scraped(
        "platform",
        [(t, {"restarts_total": 3 + (t >= 20) * 2, "warnings_total": float(t // 30)}) for t in range(100)],
    )

    assert host.value("cpu_usage", 1) == pytest.approx(0.75)
    assert platform.value("restarts", 50) == 2
    assert platform.value("restarts", 99) == 0
    assert platform.value("warnings", 59) == 1
    assert platform.value("warnings", 99) == 2


@pytest.mark.parametrize("metric", EXPORTED)
def test_every_exported_metric_has_a_rule(metric: str) -> None:
    """Without data every metric of the table is None and unseen, and none of them raises."""
    nothing, empty = Exported(), scraped(METRICS[metric].job, [(0, {}), (1, {})])

    for exported in (nothing, empty):
        assert exported.value(metric, 1) is None
        assert exported.seen(metric, 1) is None


def test_failed_scrapes_deliver_nothing() -> None:
    """A scrape that failed is not data, whatever it holds."""
    exported = scraped("database", [(1, {"connections": 1, "connections_max": 2})], ok=False)

    assert exported.value("database_connections", 1) is None
    assert exported.seen("database_connections", 1) is None


def test_a_source_that_lost_its_series_is_not_seen() -> None:
    """A page without the series that a metric is computed from is no look at it; standing still is one."""
    frozen = scraped("gateway", [(t, counts(5, 0)) for t in range(5)])
    lost = scraped("gateway", [(0, counts(5, 0)), (1, {"latency_count": 5})])

    assert frozen.seen("error_rate", 4.5) == 4
    assert lost.seen("error_rate", 1) is None
    assert lost.seen("latency_p95", 1) == 1


def test_the_order_of_scrapes_does_not_matter() -> None:
    """A scrape that is recorded late stands where it belongs."""
    scrapes = [(0, counts(0, 0)), (1, counts(100, 100)), (2, counts(200, 100))]

    late = scraped("gateway", [scrapes[2], scrapes[0], scrapes[1]])

    assert late.value("error_rate", 1) == 1.0
    assert late.value("error_rate", 2) == 0.5
