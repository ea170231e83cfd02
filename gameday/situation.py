"""The situation: everything that is known at one moment of a live run, as a fold of its log.

Nothing in here is a second truth: feeding the same records gives the same situation. It exists because asking
"is service clean since when" of an hour's log ten times a second must not read that log ten times a second.
"""

from __future__ import annotations

from gameday.clients import Clients
from gameday.events import (
    Acknowledged,
    AlertEnded,
    AlertFired,
    Declared,
    FaultChecked,
    FaultInjected,
    FaultReverted,
    FaultTriggered,
    Noted,
    PhaseBegan,
    PlanStarted,
    Record,
    Requests,
    Resolved,
    Scraped,
)
from gameday.exported import Exported
from gameday.history import History
from gameday.model.inputs import Inputs


def paged_at(history: History) -> float | None:
    """When there was first a page to take: an alert fired, or a person said that something is wrong."""
    pages = [record.t for kind in (AlertFired, Declared) for record, _ in history.of(kind)]
    pages += [record.t for record, event in history.of(Noted) if event.affects]
    return min(pages, default=None)


class Situation:
    """Folds of one log. ``feed`` every record in order; read the rest."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.history = History()
        """Every record but those of the two bulk types: what those say is in ``clients`` and ``exported``."""
        self.newest = 0.0
        """The instant of the newest record of any type."""
        self.clients = Clients(timeout=inputs.scenario.load.timeout)
        self.exported = Exported()

    def feed(self, record: Record) -> None:
        """One more record of the log."""
        self.newest = record.t
        if record.event.durable:
            self.history = self.history.append(record)
        if isinstance(record.event, Requests):
            self.clients.add(record.event)
        elif isinstance(record.event, Scraped):
            self.exported.add(record.t, record.event)

    @property
    def phase(self) -> str:
        """The phase of the run; empty before the first."""
        last = self.history.last(PhaseBegan)
        return last[1].phase if last else ""

    @property
    def plan_start(self) -> float | None:
        """The instant from which ``at`` counts, once there is one."""
        found = self.history.first(PlanStarted)
        return found[1].at if found else None

    @property
    def triggered(self) -> float | None:
        """When the first fault's injecting activity began."""
        return min((event.at for _, event in self.history.of(FaultTriggered)), default=None)

    def injected(self) -> list[str]:
        """Faults whose injection is over and that were not put back, oldest first."""
        gone = {event.fault for _, event in self.history.of(FaultReverted)}
        return [event.fault for _, event in self.history.of(FaultInjected) if event.fault not in gone]

    def in_place(self, fault: str) -> bool | None:
        """What the read-back last said of a fault; None if it never could tell."""
        answer: bool | None = None
        for _, event in self.history.of(FaultChecked):
            if event.fault == fault:
                answer = event.in_place
        return answer

    def alerting(self) -> list[str]:
        """Monitors that fire now, by the time they began."""
        firing: dict[str, None] = {}
        marks = [(record.seq, event.monitor, True) for record, event in self.history.of(AlertFired)]
        marks += [(record.seq, event.monitor, False) for record, event in self.history.of(AlertEnded)]
        for _, monitor, fires in sorted(marks):
            firing.pop(monitor, None)
            if fires:
                firing[monitor] = None
        return list(firing)

    @property
    def paged(self) -> bool:
        """Whether there is a page to take: an alert has fired, or a person has said that something is wrong."""
        return paged_at(self.history) is not None

    @property
    def acknowledged(self) -> bool:
        """Whether a responder took the page."""
        return self.history.has(Acknowledged)

    @property
    def declared(self) -> bool:
        """Whether a severity was set."""
        return self.history.has(Declared)

    @property
    def resolved(self) -> bool:
        """Whether a responder said it is over."""
        return self.history.has(Resolved)
