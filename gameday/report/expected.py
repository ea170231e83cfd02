"""What is expected by when, while a run is live: which clock runs, which stopped in time, which is over.

Only for watching: grading dates everything anew from the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gameday.events import (
    Acknowledged,
    AlertFired,
    Declared,
    Event,
    Hypothesised,
    ImpactObserved,
    LeverBegan,
    Looked,
    Noted,
    RespondEnded,
)
from gameday.model.rubric import Budgets
from gameday.model.scenario import Expect, Impact, Scenario, Within
from gameday.situation import Situation

_MENDED = frozenset({"mitigated", "resolved", "platform_healed"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """One clock, in seconds of the run's: ``since`` None before it begins, ``done`` None while it runs."""

    name: str
    within: float
    since: float | None
    done: float | None

    @property
    def deadline(self) -> float | None:
        """When it must be done; None while it has not begun."""
        return None if self.since is None else self.since + self.within


def expectations(situation: Situation) -> list[Expectation]:
    """Everything that the scenario or the rubric gives a time, in the order in which it should come."""
    scenario = situation.inputs.scenario
    expect = scenario.expect
    zero = situation.triggered
    seen = situation.history.first(ImpactObserved)
    impact = seen[1].at if seen else None
    noticed = _noticed(situation, expect)
    budgets = _budgets(situation)
    found: list[tuple[str, float | None, float | None, float | None]] = []
    if isinstance(expect.impact, Impact):
        found.append(("impact", expect.impact.within, zero, impact))
    if expect.recover:
        found.append(("recover", expect.recover.within, zero, _mended(situation)))
    found += [
        ("detect", _within(expect.detect, budgets.detect), impact, noticed),
        (
            "acknowledge",
            _within(expect.acknowledge, budgets.acknowledge),
            noticed,
            _first(situation, Acknowledged),
        ),
        ("engage", _within(expect.engage, budgets.engage), noticed, _first(situation, Looked, Hypothesised)),
        ("declare", _within(expect.declare, budgets.declare), noticed, _first(situation, Declared)),
        ("act", _within(expect.act, budgets.act), impact, _first(situation, LeverBegan)),
        ("mitigate", _within(expect.mitigate, budgets.mitigate), impact, _mended(situation)),
    ]
    return [
        Expectation(name, within, since, done) for name, within, since, done in found if within is not None
    ]


def _within(part: Within | object | None, budget: float | None) -> float | None:
    own = getattr(part, "within", None)
    return own if own is not None else budget


def _budgets(situation: Situation) -> Budgets:
    scenario: Scenario = situation.inputs.scenario
    severity = scenario.truth.severity if scenario.truth else None
    return situation.inputs.rubric.budgets.get(severity, Budgets()) if severity else Budgets()


def _first(situation: Situation, *kinds: type[Event]) -> float | None:
    times = [record.t for kind in kinds if (found := situation.history.first(kind)) for record in found[:1]]
    return min(times, default=None)


def _noticed(situation: Situation, expect: Expect) -> float | None:
    zero = situation.triggered
    if zero is None:
        return None
    return min((t for t in _statements(situation, expect) if t >= zero), default=None)


def _statements(situation: Situation, expect: Expect) -> Iterator[float]:
    listed = expect.detect.monitors if expect.detect else []
    for record, fired in situation.history.of(AlertFired):
        if fired.monitor in listed:
            yield record.t
    for record, declared in situation.history.of(Declared):
        if declared.affects:
            yield record.t
    for record, noted in situation.history.of(Noted):
        if noted.affects:
            yield record.t


def _mended(situation: Situation) -> float | None:
    """When the good service began that ended Respond; the end itself where the requests do not show it."""
    ended = situation.history.last(RespondEnded)
    if ended is None or ended[1].reason not in _MENDED:
        return None
    end, since = ended[0].t, situation.triggered or 0.0
    found = situation.clients.clean_stretch(situation.inputs.scenario.steady_state, since, end, end)
    return found.at if found else end
