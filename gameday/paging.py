"""Alerts as Alertmanager tells of them: which delivery says something new, and which monitor it means.

A fold: what is known, and one delivery, give what is known after it and the events that follow. Deliveries come more
than once, late, and in the wrong order; an alert is told by its fingerprint, and one life of it by when it started.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gameday.events import AlertEnded, AlertFired, AlertsReceived, Event
from gameday.model.system import Monitor

_SEVERITIES = frozenset({"SEV1", "SEV2", "SEV3", "SEV4"})


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of a delivery."""

    fingerprint: str
    labels: Mapping[str, str]
    condition: str
    firing: bool
    starts_at: str
    """As it was written, RFC 3339: a clock of another system."""
    ends_at: str
    """Empty while it fires."""

    @property
    def name(self) -> str:
        """What Prometheus calls it."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook, or one answer to a question for what fires."""

    receiver: str
    truncated: int
    """Alerts that were left out by who sent it."""
    alerts: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Known:
    """The newest life of one alert."""

    monitor: str
    starts_at: float
    firing: bool


@dataclass(frozen=True, slots=True)
class Pages:
    """What is known of every alert, by fingerprint."""

    by_print: Mapping[str, Known] = field(default_factory=dict)

    def firing(self, monitor: str) -> bool:
        """Whether any alert of a monitor fires."""
        return any(known.firing for known in self.by_print.values() if known.monitor == monitor)


@dataclass(frozen=True, slots=True)
class Listening:
    """Whose alerts are listened for."""

    system: str
    """An alert that says it is of another system is not ours, unless a monitor names its very labels."""
    monitors: Mapping[str, Monitor]
    holds: Mapping[str, float] = field(default_factory=dict)
    """Monitor -> its rule's ``for`` where the alerts come from, if that was read; else its own is taken for it."""


def read_delivery(data: Any) -> Delivery:
    """A webhook of version 4, or a list of alerts as Alertmanager's API gives it; unknown fields are let be.

    Raises:
        ValueError: it is neither; says what is wrong.
    """
    if isinstance(data, list):
        return Delivery("", 0, [_told(alert, firing=True) for alert in data])
    if not isinstance(data, Mapping) or not isinstance(data.get("alerts"), list):
        raise ValueError("not a webhook of Alertmanager: it has no list of alerts")  # noqa: TRY004 - said to people
    alerts = [
        _told(alert, firing=(alert.get("status") if isinstance(alert, Mapping) else None) == "firing")
        for alert in data["alerts"]
    ]
    truncated = data.get("truncatedAlerts")
    return Delivery(str(data.get("receiver", "")), truncated if isinstance(truncated, int) else 0, alerts)


def _told(alert: Any, *, firing: bool) -> Told:
    labels = alert.get("labels") if isinstance(alert, Mapping) else None
    if not isinstance(labels, Mapping):
        raise ValueError("not a webhook of Alertmanager: an alert has no labels")  # noqa: TRY004 - said to the sender
    words = {str(key): str(value) for key, value in labels.items()}
    annotations = alert.get("annotations")
    condition = str(annotations.get("condition", "")) if isinstance(annotations, Mapping) else ""
    starts_at, ends_at = str(alert.get("startsAt", "")), str(alert.get("endsAt", ""))
    seconds(starts_at)
    return Told(
        str(alert.get("fingerprint") or sorted(words.items())),
        words,
        condition,
        firing,
        starts_at,
        "" if firing else ends_at,
    )


def seconds(text: str) -> float:
    """An instant of RFC 3339 as seconds since the epoch; Prometheus writes nanoseconds.

    Raises:
        ValueError: it is none.
    """
    head, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{head}.{rest[:digits][:6]:0<6}{rest[digits:]}"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def heard(pages: Pages, delivery: Delivery, listening: Listening, epoch: float) -> tuple[Pages, list[Event]]:
    """What is known after a delivery, and what it said: first the delivery itself, then what is new in it.

    Args:
        pages: what was known.
        delivery: what came.
        listening: whose alerts are ours.
        epoch: the run's zero on the sender's clock, seconds since 1970: makes ``since`` of what it writes.
    """
    after = dict(pages.by_print)
    fired: dict[str, AlertFired] = {}
    ended: dict[str, AlertEnded] = {}
    repeats = 0
    before = {known.monitor for known in after.values() if known.firing}
    for told in delivery.alerts:
        monitor = means(told.labels, listening)
        if monitor is None:
            continue
        life, known = seconds(told.starts_at), after.get(told.fingerprint)
        if known is not None and (life, not told.firing) <= (known.starts_at, not known.firing):
            repeats += 1  # the same again, or older than what is known
            continue
        after[told.fingerprint] = Known(monitor, life, told.firing)
        if told.firing and monitor not in before:
            fired.setdefault(monitor, _fired(monitor, told, listening, life - epoch))
        elif not told.firing and known is not None and known.firing:
            ended[monitor] = AlertEnded(monitor=monitor, value=None, ends_at=told.ends_at)
    now = Pages(after)
    firing = {known.monitor for known in after.values() if known.firing}
    received = AlertsReceived(
        receiver=delivery.receiver,
        truncated=delivery.truncated,
        repeats=repeats,
        alerts=[
            {
                "name": told.name,
                "fingerprint": told.fingerprint,
                "status": "firing" if told.firing else "resolved",
                "starts_at": told.starts_at,
                "ends_at": told.ends_at,
            }
            for told in delivery.alerts
        ],
    )
    return now, [
        received,
        *fired.values(),
        *(event for monitor, event in ended.items() if monitor not in firing and monitor in before),
    ]


def means(labels: Mapping[str, str], listening: Listening) -> str | None:
    """The monitor that an alert means; one that no monitor names is called as Prometheus does. None: not ours."""
    ours = labels.get("system", listening.system) == listening.system
    for name, monitor in listening.monitors.items():
        wanted = monitor.alert or {"alertname": name}
        if (ours or monitor.alert) and all(labels.get(label) == value for label, value in wanted.items()):
            return name
    return labels.get("alertname", "") if ours else None


def _fired(monitor: str, told: Told, listening: Listening, since: float) -> AlertFired:
    rule = listening.monitors.get(monitor)
    # An alert starts when it fires; its condition has held for the rule's `for` then.
    hold = listening.holds.get(monitor, rule.when.hold if rule else 0.0)
    said = told.labels.get("severity", "")
    severity = rule.severity.value if rule else said if said in _SEVERITIES else ""
    return AlertFired(
        monitor=monitor,
        severity=severity,
        since=since - hold,
        value=None,
        condition=rule.when.text if rule else told.condition,
        starts_at=told.starts_at,
        fingerprint=told.fingerprint,
    )
