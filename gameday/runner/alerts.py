"""A run's ear to an Alertmanager and its Prometheus: what they say becomes events, and so does that they say nothing.

Asks for what fires already, hears what comes, asks Prometheus each second what is pending and whether each monitor has
data at all. A question that is not answered is no good news: after ten seconds the monitors are said to be blind.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import Any

import aiohttp

from gameday.detect.inbox import Receiver, Stream
from gameday.detect.prometheus import ASK_SECONDS, Alertmanager, Prometheus, read_intervals
from gameday.detect.promql import metric
from gameday.errors import StackError
from gameday.events import AlertPending, AlertsReceived, DetectorConfigured, MonitorBlind, MonitorSighted
from gameday.monitors import BLIND_AFTER
from gameday.paging import Listening, Pages, heard, means, read_delivery, seconds
from gameday.ports import Alerting
from gameday.runner.session import Session

_POLL_SECONDS = 1.0
_ASSUMED = {"scrape_interval": 60.0, "evaluation_interval": 60.0, "group_wait": 30.0}
"""The defaults of Prometheus and Alertmanager, where theirs could not be read."""


class Alerts:
    """One run's; started and stopped with its other sources."""

    def __init__(self, session: Session, alerting: Alerting) -> None:
        inputs = session.situation.inputs
        self._session = session
        self._alerting = alerting
        self._monitors = inputs.system.monitors
        self._listening = Listening(inputs.system_name, self._monitors)
        self._pages = Pages()
        self._epoch = 0.0
        self._scrape = _ASSUMED["scrape_interval"]
        self._pending: dict[str, str] = {}
        """Monitor -> the ``activeAt`` that was last seen."""
        self._data_at: dict[str, float] = {}
        self._blind: set[str] = set()
        self._client: aiohttp.ClientSession | None = None
        self._inbox: Receiver | Stream | None = None
        self._connections = 1
        """Of the stream of webhooks, up to which what fires was asked for."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> DetectorConfigured:
        """Begin to hear; gives what makes the detection floor. Raises StackError where nothing could be heard."""
        self._client = aiohttp.ClientSession()
        prometheus = Prometheus(self._alerting.prometheus, self._client)
        alertmanager = Alertmanager(self._alerting.alertmanager, self._alerting.receiver, self._client)
        configured = await self._configured(prometheus, alertmanager)
        self._scrape = configured.scrape_interval
        self._listening = replace(self._listening, holds=configured.holds)
        self._epoch = time.time() - self._session.now() + configured.skew
        self._data_at = dict.fromkeys(self._monitors, self._session.now())
        if self._alerting.stream:
            self._inbox = Stream(self._alerting.stream, self._alerting.token, self._came)
        else:
            self._inbox = Receiver(self._alerting.listen, self._alerting.token, self._came)
        await self._inbox.start()
        self._came(time.monotonic(), await alertmanager.alerts())
        self._task = asyncio.create_task(self._poll(prometheus, alertmanager))
        return configured

    async def stop(self) -> None:
        """Hear no more. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._inbox is not None:
            await self._inbox.stop()
            self._inbox = None
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _configured(self, prometheus: Prometheus, alertmanager: Alertmanager) -> DetectorConfigured:
        said = {"kind": "alertmanager", "window": 0.0}
        skew, width, problem = 0.0, 0.0, ""
        try:
            skew, width = await prometheus.skew()
            found = await read_intervals(prometheus, alertmanager)
        except StackError as trouble:
            problem = str(trouble)
            return DetectorConfigured(**said, **_ASSUMED, skew=skew, skew_width=width, problem=problem)
        return DetectorConfigured(
            **said,
            scrape_interval=found.scrape,
            evaluation_interval=found.evaluation,
            group_wait=found.group_wait,
            holds={
                name: found.holds[rule.alert.get("alertname", name)]
                for name, rule in self._monitors.items()
                if rule.alert.get("alertname", name) in found.holds
            },
            skew=skew,
            skew_width=width,
        )

    def _came(self, monotonic: float, body: Any) -> None:
        """One delivery; one that cannot be read is kept as what it is."""
        t = self._session.clock.of(monotonic)
        try:
            delivery = read_delivery(body)
        except ValueError as problem:
            self._session.hear(AlertsReceived(receiver="", problem=str(problem)), t=t, source="alertmanager")
            return
        self._pages, events = heard(self._pages, delivery, self._listening, self._epoch)
        for event in events:
            self._session.hear(event, t=t, source="alertmanager")
        self._session.wake.set()

    async def _poll(self, prometheus: Prometheus, alertmanager: Alertmanager) -> None:
        due = time.monotonic()
        while True:
            await asyncio.gather(
                self._ask_pending(prometheus),
                self._ask_data(prometheus, alertmanager),
                self._ask_what_was_missed(alertmanager),
            )
            self._say_sight()
            due = max(due + _POLL_SECONDS, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def _ask_pending(self, prometheus: Prometheus) -> None:
        with contextlib.suppress(StackError, ValueError, KeyError):
            for alert in await prometheus.alerts():
                monitor = means(alert.labels, self._listening)
                if monitor in self._monitors and self._pending.get(monitor) != alert.active_at:
                    self._pending[monitor] = alert.active_at
                    self._session.hear(
                        AlertPending(
                            monitor=monitor,
                            value=alert.value,
                            since=seconds(alert.active_at) - self._epoch,
                            active_at=alert.active_at,
                        ),
                        source="prometheus",
                    )

    async def _ask_what_was_missed(self, alertmanager: Alertmanager) -> None:
        """After the stream of webhooks was broken: what fires now, since what came meanwhile does not come again."""
        connections = self._inbox.connections if isinstance(self._inbox, Stream) else 1
        if connections > self._connections:
            with contextlib.suppress(StackError):
                self._came(time.monotonic(), await alertmanager.alerts())
                self._connections = connections

    async def _ask_data(self, prometheus: Prometheus, alertmanager: Alertmanager) -> None:
        """Which monitors have data, and whether what they find could page at all."""
        metrics = sorted({rule.when.metric for rule in self._monitors.values()})
        answers = await asyncio.gather(
            alertmanager.ready(),
            *(prometheus.has_data(metric(name, self._scrape)) for name in metrics),
            return_exceptions=True,
        )
        pages, seen = answers[0], dict(zip(metrics, answers[1:], strict=True))
        if pages is not True or (isinstance(self._inbox, Stream) and not self._inbox.connected):
            return
        now = self._session.now()
        for name, rule in self._monitors.items():
            if seen[rule.when.metric] is True:
                self._data_at[name] = now

    def _say_sight(self) -> None:
        now = self._session.now()
        for name, data_at in self._data_at.items():
            blind = now - data_at >= BLIND_AFTER
            if blind and name not in self._blind:
                self._session.hear(MonitorBlind(monitor=name, since=data_at), source="prometheus")
                self._blind.add(name)
            elif name in self._blind and now - data_at < _POLL_SECONDS + ASK_SECONDS:
                self._session.hear(MonitorSighted(monitor=name), source="prometheus")
                self._blind.discard(name)
