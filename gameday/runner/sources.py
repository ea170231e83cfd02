"""Everything that tells a run something while it lives: load, detector, desk. Started together, stopped together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import psutil

from gameday.detect.inbox import Stream
from gameday.detect.scraper import Scraper
from gameday.errors import StackError
from gameday.events import (
    DetectorConfigured,
    LoadEnded,
    LoadStarted,
    LoadSteady,
    LoadWorker,
    ProcessEnded,
    ProcessStarted,
    Requests,
    Scraped,
)
from gameday.load.driver import Load, LoadPlan
from gameday.monitors import Watches, step
from gameday.respond.desk import Desk
from gameday.respond.server import DeskServer
from gameday.runner.alerts import Alerts
from gameday.runner.order import Order
from gameday.runner.session import Session

SCRAPE_INTERVAL = 0.25
_OUR_INTERVALS = {"scrape_interval": SCRAPE_INTERVAL, "evaluation_interval": 0.1, "window": 2.0}
_TICK_COLUMNS = ("offered", "sent_at", "ended_at")


class Sources:
    """The run's load, detector and desk."""

    def __init__(self, session: Session, order: Order) -> None:
        self._session = session
        self._order = order
        self.desk = Desk(
            order.stack,
            session.situation,
            lambda event, t: session.append(event, t, source="desk"),
            session.now,
        )
        self._server: DeskServer | None = None
        self._scraper: Scraper | None = None
        self._load: Load | None = None
        self._witness: Stream | None = None
        self._alerts: Alerts | None = None
        """Where an Alertmanager pages; else the run evaluates monitors itself, and ``_watches`` is what they know."""
        self._watches = Watches()

    async def start(self, token: str) -> str:
        """Start all three; gives the desk's URL."""
        order, session, stack = self._order, self._session, self._order.stack
        alerting = stack.alerting()
        if alerting is None:
            session.append(DetectorConfigured(**_OUR_INTERVALS))
        else:
            self._alerts = Alerts(session, alerting)
            session.append(await self._alerts.start())
        self._scraper = Scraper(stack.targets, SCRAPE_INTERVAL, self._scraped)
        await self._scraper.start()
        if (witness := stack.witness()) is not None:
            self._witness = Stream(witness.stream, witness.token, lambda _, told: self.desk.witness(told))
            await self._witness.start()
        self._server = DeskServer(self.desk, token, self._state)
        url = await self._server.start()
        load = order.inputs.scenario.load
        plan = LoadPlan(
            order.locustfile,
            stack.endpoints().gateway,
            load.users,
            load.spawn_rate,
            load.period,
            load.timeout,
            load.workers,
            order.load_master,
        )
        self._load = Load(plan, stack.environment(), session.logs, self._heard)
        await self._load.start()
        for role, pid in self._load.pids.items():
            with contextlib.suppress(psutil.Error):
                started = psutil.Process(pid).create_time()
                session.append(ProcessStarted(role=role, pid=pid, started=started))
        session.append(
            LoadStarted(
                users=load.users,
                spawn_rate=load.spawn_rate,
                timeout=load.timeout,
                period=load.period,
                workers=load.workers,
                master="{}:{}".format(*order.load_master) if order.load_master else "",
                locustfile=str(order.raw["scenario"]["load"]["locustfile"]),
            )
        )
        return url

    def _scraped(self, monotonic: float, event: Scraped) -> None:
        self._session.hear(event, t=self._session.clock.of(monotonic), source="detector")

    def _heard(self, line: Mapping[str, Any]) -> None:
        session, clock = self._session, self._session.clock
        if line["event"] == "worker":
            session.append(LoadWorker(name=line["name"], skew_width=line["skew_width"]), source="load")
        elif line["event"] == "steady":
            session.hear(LoadSteady(users=line["users"]), t=clock.of(line["at"]), source="load")
        elif line["event"] == "tick":
            columns = {key: value for key, value in line.items() if key not in {"event", "at"}}
            for key in _TICK_COLUMNS:
                columns[key] = [round(clock.of(at), 6) for at in columns[key]]
            session.hear(Requests(**columns), t=clock.of(line["at"]), source="load")

    def evaluate(self) -> None:
        """Evaluate the system's monitors once, where nobody else does."""
        if self._alerts is not None:
            return
        situation, now = self._session.situation, self._session.now()
        monitors = self._order.inputs.system.monitors
        self._watches, events = step(monitors, self._watches, situation.exported, now)
        for event in events:
            self._session.append(event, source="detector")

    def check(self) -> None:
        """See that the load generator still lives.

        Raises:
            StackError: it died by itself; the run cannot be judged any further.
        """
        load = self._load
        if load is not None and load.ended and not load.stopping:
            self._session.append(LoadEnded(expected=False, code=load.code, detail=load.last_words()))
            died = "is not whole" if load.code is None else f"died (exit {load.code})"
            raise StackError(f"the load generator {died}: {load.last_words()}")

    async def desk_closes(self, reason: str) -> None:
        """No more acts; levers under way come to their end."""
        await self.desk.close(reason)

    async def stop(self) -> None:
        """Stop load, detector and desk. Idempotent."""
        if self._load is not None and self._load.pids:
            died = self._load.ended and not self._load.stopping
            code = await self._load.stop()
            if not died:
                self._session.append(LoadEnded(expected=True, code=code))
            for role, pid in self._load.pids.items():
                self._session.append(ProcessEnded(role=role, pid=pid, code=code, expected=not died))
            self._load = None
        if self._scraper is not None:
            await self._scraper.stop()
            self._scraper = None
        if self._alerts is not None:
            await self._alerts.stop()
        if self._witness is not None:
            await self._witness.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def _state(self) -> dict[str, Any]:
        """What every responder may know: nothing of faults, nothing of the clients' side."""
        situation = self._session.situation
        inputs = situation.inputs
        return {
            "run": situation.history.started.run,
            "system": inputs.system.title,
            "services": list(inputs.system.services),
            "phase": "respond" if situation.phase in {"inject", "respond"} else situation.phase,
            "alerts": situation.alerting(),
            "acknowledged": situation.acknowledged,
            "declared": situation.declared,
            "resolved": situation.resolved,
            "runbook": inputs.runbook_name,
            "seconds": round(self._session.now(), 1),
        }
