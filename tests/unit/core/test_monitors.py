"""When a monitor is pending, fires, ends, is blind and sees again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gameday.events import AlertEnded, AlertFired, AlertPending, Event, MonitorBlind, MonitorSighted, Scraped
from gameday.exported import Exported
from gameday.model.system import Monitor
from gameday.monitors import Watches, step

Value = Callable[[float], float | None]
"""The share of connections in use at an instant; None: not scraped."""


def watch(rule: str, value: Value, until: float) -> list[tuple[float, Event]]:
    """What a monitor of this rule says, evaluated each 100 ms with a scrape before each."""
    monitors = {"m": Monitor.model_validate({"when": rule, "severity": "SEV2"})}
    exported, watches, found = Exported(), Watches(), []
    for tick in range(round(until * 10) + 1):
        now = tick / 10
        share = value(now)
        if share is not None:
            series = {"connections": share * 100, "connections_max": 100.0}
            exported.add(now, Scraped(job="database", ok=True, series=series))
        watches, events = step(monitors, watches, exported, now)
        found += [(now, event) for event in events]
    return found


def kinds(found: list[tuple[float, Event]]) -> list[tuple[float, type[Event]]]:
    """When what."""
    return [(at, type(event)) for at, event in found]


def during(start: float, end: float) -> Value:
    """High from start to end."""
    return lambda at: 0.95 if start <= at < end else 0.2


RULE = "database_connections > 80% for 3s"


def test_it_fires_when_its_condition_has_held_for_its_time() -> None:
    """Pending at once, firing after `for`, ended with the condition; each with what it saw."""
    found = watch(RULE, during(2, 8), 12)

    assert kinds(found) == [(2.0, AlertPending), (5.0, AlertFired), (8.0, AlertEnded)]
    fired = found[1][1]
    assert isinstance(fired, AlertFired)
    assert (fired.since, fired.value, fired.severity, fired.condition) == (2.0, 0.95, "SEV2", RULE)


def test_without_a_time_it_fires_at_once() -> None:
    """A rule without `for` is pending and firing in one step."""
    assert kinds(watch("database_connections > 80%", during(2, 3), 5)) == [
        (2.0, AlertPending),
        (2.0, AlertFired),
        (3.0, AlertEnded),
    ]


def test_a_short_rise_only_makes_it_pending() -> None:
    """What does not last for its time never fires, and the time begins anew."""
    found = watch(RULE, lambda at: 0.95 if 2 <= at < 4.9 or at >= 5 else 0.2, 9)

    assert kinds(found) == [(2.0, AlertPending), (5.0, AlertPending), (8.0, AlertFired)]


def test_it_fires_again_after_it_ended() -> None:
    """A second incident is a second alert."""
    found = watch(RULE, lambda at: 0.95 if at % 10 < 5 else 0.2, 19)

    assert [kind for _, kind in kinds(found)] == [AlertPending, AlertFired, AlertEnded] * 2


def test_ten_seconds_without_data_make_it_blind() -> None:
    """Counted from its last data; said once; and said when data is back."""
    found = watch(RULE, lambda at: 0.2 if at <= 2 or at >= 20 else None, 25)

    assert kinds(found) == [(12.0, MonitorBlind), (20.0, MonitorSighted)]
    blind = found[0][1]
    assert isinstance(blind, MonitorBlind)
    assert blind.since == 2.0


def test_one_that_never_saw_anything_is_blind_too() -> None:
    """From its first evaluation on."""
    assert kinds(watch(RULE, lambda _: None, 30)) == [(10.0, MonitorBlind)]


@pytest.mark.parametrize("value", [0.2, 0.95])
def test_what_stops_coming_keeps_the_last_truth(value: float) -> None:
    """An alert does not end because the export did, and none begins."""
    found = watch(RULE, lambda at: value if at <= 5 else None, 12)

    assert not any(isinstance(event, AlertEnded) for _, event in found)
    assert any(isinstance(event, AlertFired) for _, event in found) == (value > 0.8)


def test_a_counter_that_stands_still_is_looked_at() -> None:
    """A gateway whose counter no longer moves gives data: the monitor stays silent and is not blind."""
    monitors = {"m": Monitor.model_validate({"when": "error_rate > 5%", "severity": "SEV2"})}
    exported, watches, found = Exported(), Watches(), list[Event]()
    for tick in range(200):
        series = {"requests_total": 1000.0, "requests_failed_total": 10.0}
        exported.add(tick / 10, Scraped(job="gateway", ok=True, series=series))
        watches, events = step(monitors, watches, exported, tick / 10)
        found += events

    assert found == []


def test_who_fires() -> None:
    """The watches know which monitors fire."""
    monitors = {
        "high": Monitor.model_validate({"when": "database_connections > 80%", "severity": "SEV2"}),
        "full": Monitor.model_validate({"when": "database_connections > 99%", "severity": "SEV1"}),
    }
    exported = Exported(
        [(0, Scraped(job="database", ok=True, series={"connections": 9, "connections_max": 10}))]
    )

    watches, _ = step(monitors, Watches(), exported, 0)

    assert watches.firing == {"high"}
