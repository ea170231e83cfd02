"""The case: what grading looks at, read once from a history.

It fixes three instants that every measure needs: the trigger, the end of Respond, and ``now``, up to which
the clients' side is known. Events of one kind come in the order of their times, and those of one instant in
an order of their own content, so the order in which sources reached the log changes no score.

This module knows where things stand in the log. It judges nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import TypeVar

from gameday.clients import Clients
from gameday.events import (
    Event,
    FaultReverting,
    FaultTriggered,
    LoadWorker,
    PhaseBegan,
    Record,
    Requests,
    RespondEnded,
    RunEnded,
    Scraped,
)
from gameday.exported import Exported, Values
from gameday.facts import facts
from gameday.history import History

E = TypeVar("E", bound=Event)
Spans = list[tuple[float, float]]
_CUT_SHORT = frozenset({"interrupt", "failure", "guard", "halt", ""})
"""Why Respond ended before its time was up; empty: the log does not say that it ended."""


class Case:
    """One run to be graded."""

    def __init__(
        self, history: History, values: Values | None = None, known: Mapping[str, Spans] | None = None
    ) -> None:
        """Read a history. ``values`` and ``known`` facts are computed from it where they are not given.

        Raises:
            ValueError: the log does not begin with ``run_started``, or its inputs are not of their shape.
        """
        self.history = history
        self.started = history.started
        self.inputs = history.inputs()
        self.scenario = self.inputs.scenario
        self.clients = Clients(self.scenario.load.timeout)
        self._ticks: list[tuple[float, int, Requests]] = []
        for record, event in history.of(Requests):
            self.clients.add(event)
            self._ticks.append((record.t, record.seq, event))
        self._ticks.sort(key=lambda tick: tick[:2])
        self.end = max(record.t for record in history)
        self.now = self._ticks[-1][0] if self._ticks else self.end
        """Up to when the clients' side is known: the load's last word."""
        either = max((event.skew_width for _, event in history.of(LoadWorker)), default=0.0) / 2
        self.load_either = either
        """Seconds by which an instant of the clients' side may have been sooner or later, for its clock's sake."""
        triggers = [(event.at, record.seq) for record, event in history.of(FaultTriggered)]
        self.triggered: float | None
        self.triggered, self.triggered_seq = min(triggers, default=(None, 0))
        self.finished = history.has(RunEnded)
        self.respond_end, self.respond_reason = self._respond_end()
        self.values: Values
        if values is None:
            exported = Exported((record.t, event) for record, event in history.of(Scraped))
            self.values = exported
            self.facts = facts(history, exported) if known is None else known
        else:
            self.values = values
            self.facts = known or {}

    @property
    def cut_short(self) -> bool:
        """Whether the responders' time ended by nothing of theirs before it was up."""
        return self.respond_reason in _CUT_SHORT

    def healed_by_platform(self, fault: str) -> bool:
        """Whether the platform takes this fault away without being asked, as its experiment says."""
        ours = self.inputs.experiments[self.scenario.faults[fault].experiment].ours
        return ours is not None and ours.healed_by == "platform"

    def _respond_end(self) -> tuple[float, str]:
        """When the responders' time was over, and why.

        A run that never said so ends with the load's last word: what ``gameday revert`` wrote later, when
        nobody watched any more, was no time of theirs.
        """
        ended = self.ordered(RespondEnded)
        if ended:
            return ended[0][0].t, ended[0][1].reason
        begun = [
            record.t for record, event in self.history.of(PhaseBegan) if event.phase in {"recover", "close"}
        ]
        if self.finished:
            return min(begun, default=self.end), ""
        begun += [record.t for record, _ in self.history.of(FaultReverting)]
        return min([*begun, self.now]), ""

    def ordered(self, kind: type[E]) -> list[tuple[Record, E]]:
        """Every event of a kind by its time; ties by content."""
        return sorted(self.history.of(kind), key=_by_time)

    def during(self, kind: type[E]) -> Iterator[tuple[Record, E]]:
        """Events of a kind from the trigger to the end of Respond."""
        start = self.triggered
        if start is not None:
            yield from (found for found in self.ordered(kind) if start <= found[0].t <= self.respond_end)

    def tick_at(self, at: float) -> list[int]:
        """The record that holds the requests of an instant of the clients' side; empty if there is none."""
        place = bisect_left(self._ticks, (at, 0))
        near = self._ticks[max(0, place - 1) : place + 4]
        for _, seq, event in near:
            if at in event.sent_at or at in event.ended_at:
                return [seq]
        return [seq for _, seq, _ in self._ticks[place : place + 1]]


def _by_time(found: tuple[Record, Event]) -> tuple[float, str]:
    record, event = found
    return record.t, event.model_dump_json()
