"""Events of what the clients and the monitors saw."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from gameday.events.base import Event


class LoadStarted(Event):
    """The load runs; ``users`` send one request each ``period`` seconds."""

    type: Literal["load_started"] = "load_started"
    users: int
    spawn_rate: float
    timeout: float
    period: float
    locustfile: str
    workers: int = 1
    """Processes that share the users."""
    master: str = ""
    """Where Locust's master listens for workers that somebody started elsewhere; empty: they run here."""


class LoadWorker(Event):
    """A worker of the load is there; said again when its clock is known much less well than was said."""

    type: Literal["load_worker"] = "load_worker"
    name: str
    skew_width: float
    """Its instants are this machine's, to within half of these seconds; 0 where it runs by the same clock."""


class LoadSteady(Event):
    """All users are there."""

    type: Literal["load_steady"] = "load_steady"
    users: int


class Requests(Event):
    """What the clients did in one tick: slots offered, sends, ends. Columns of equal length per group."""

    type: Literal["requests"] = "requests"
    durable: ClassVar[bool] = False
    offered: list[float]
    """Instants at which a request was due, sent or not."""
    sent_id: list[int]
    sent_at: list[float]
    sent_name: list[str]
    ended_id: list[int]
    ended_at: list[float]
    ended_problem: list[str]
    """Empty for a good answer, else the class of failure: a status, wrong, timeout, connection."""


class LoadEnded(Event):
    """The load generator ended."""

    type: Literal["load_ended"] = "load_ended"
    expected: bool
    code: int | None
    detail: str = ""


class DetectorConfigured(Event):
    """The detector's real intervals: they make the detection floor."""

    type: Literal["detector_configured"] = "detector_configured"
    scrape_interval: float
    evaluation_interval: float
    window: float
    kind: Literal["monitors", "alertmanager"] = "monitors"
    """Who pages: the run's own monitors, or an Alertmanager."""
    group_wait: float = 0.0
    holds: dict[str, float] = Field(default={})
    """Monitor -> the ``for`` of its rule, where that was read from who evaluates it."""
    skew: float = 0.0
    """Seconds by which the clock of who pages is ahead of this machine's; measured, to half of ``skew_width``."""
    skew_width: float = 0.0
    problem: str = ""
    """What could not be read of the above, and was assumed."""


class AlertsReceived(Event):
    """One delivery of Alertmanager, as data; what is new in it follows as events of its own."""

    type: Literal["alerts_received"] = "alerts_received"
    receiver: str
    truncated: int = 0
    repeats: int = 0
    """Alerts of it that were known already, or older than what is known."""
    alerts: list[dict[str, str]] = Field(default=[])
    problem: str = ""
    """Why it was not understood."""


class Scraped(Event):
    """One scrape of one source: the raw series that metrics are computed from."""

    type: Literal["scraped"] = "scraped"
    durable: ClassVar[bool] = False
    job: str
    ok: bool
    series: dict[str, float]
    """Series of gameday.metrics -> value; counters stay counters."""
    problem: str = ""


class AlertPending(Event):
    """A monitor's condition began to hold; it fires if it lasts."""

    type: Literal["alert_pending"] = "alert_pending"
    monitor: str
    value: float | None
    since: float | None = None
    """When it began to hold, where who evaluates it says so; else when this was recorded."""
    active_at: str = ""
    """The same as Prometheus wrote it."""


class AlertFired(Event):
    """A monitor fired, and what it saw."""

    type: Literal["alert_fired"] = "alert_fired"
    monitor: str
    severity: str
    since: float
    """When its condition began to hold."""
    value: float | None
    condition: str
    starts_at: str = ""
    """As Alertmanager wrote it: after the rule's ``for``, on another clock."""
    fingerprint: str = ""


class AlertEnded(Event):
    """A monitor that fired no longer holds."""

    type: Literal["alert_ended"] = "alert_ended"
    monitor: str
    value: float | None
    ends_at: str = ""
    """As Alertmanager wrote it. That this came says nothing of service: it may come minutes late."""


class MonitorBlind(Event):
    """A monitor has had no data for ten seconds."""

    type: Literal["monitor_blind"] = "monitor_blind"
    monitor: str
    since: float


class MonitorSighted(Event):
    """A blind monitor sees again."""

    type: Literal["monitor_sighted"] = "monitor_sighted"
    monitor: str
