"""Monitors: when does a rule on exported metrics fire, end, or see nothing.

Pure: ``step`` takes the state of all monitors and an instant and gives the new state and what to record. Data
that stops coming keeps the last truth; ten seconds without any make a monitor blind, which is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gameday.events import AlertEnded, AlertFired, AlertPending, Event, MonitorBlind, MonitorSighted
from gameday.exported import Exported
from gameday.model.system import Monitor

BLIND_AFTER = 10.0
"""Seconds without data after which a monitor is said to be blind."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What one monitor knows."""

    since: float | None = None
    """When its condition began to hold; None while it does not."""
    firing: bool = False
    data_at: float | None = None
    """When it last had data."""
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Watches:
    """What all monitors know at one instant."""

    by_name: Mapping[str, Watch] = field(default_factory=dict)

    @property
    def firing(self) -> frozenset[str]:
        """The monitors that fire."""
        return frozenset(name for name, watch in self.by_name.items() if watch.firing)


def step(
    monitors: Mapping[str, Monitor], watches: Watches, exported: Exported, now: float
) -> tuple[Watches, list[Event]]:
    """Evaluate every monitor once at ``now`` (seconds of the run's clock)."""
    events: list[Event] = []
    after: dict[str, Watch] = {}
    for name, monitor in monitors.items():
        watch = watches.by_name.get(name, Watch(data_at=now))  # who never saw anything is blind too
        value, seen = exported.value(monitor.when.metric, now), exported.seen(monitor.when.metric, now)
        after[name] = (
            _without_data(name, watch, now, events=events)
            if seen is None
            else _with_data(name, monitor, replace(watch, data_at=seen), value, now, events=events)
        )
    return Watches(after), events


def _without_data(name: str, watch: Watch, now: float, *, events: list[Event]) -> Watch:
    if not watch.blind and watch.data_at is not None and now - watch.data_at >= BLIND_AFTER:
        events.append(MonitorBlind(monitor=name, since=watch.data_at))
        return replace(watch, blind=True)
    return watch


def _with_data(
    name: str, monitor: Monitor, watch: Watch, value: float | None, now: float, *, events: list[Event]
) -> Watch:
    if watch.blind:
        events.append(MonitorSighted(monitor=name))
    watch = replace(watch, blind=False)
    if value is None or not monitor.when.holds(value):
        if watch.firing:
            events.append(AlertEnded(monitor=name, value=value))
        return replace(watch, since=None, firing=False)
    since = watch.since
    if since is None:
        since = now
        events.append(AlertPending(monitor=name, value=value))
    if not watch.firing and now - since >= monitor.when.hold - 1e-9:
        events.append(
            AlertFired(
                monitor=name, severity=monitor.severity, since=since, value=value, condition=monitor.when.text
            )
        )
        return replace(watch, since=since, firing=True)
    return replace(watch, since=since)
