"""What is due now: a pure function of the scenario, what is known, and the time.

The plan knows no task, no file and no clock. The runner asks it at every tick and does what it says; a whole game
day is tested by asking it at instants of one's choice.

Respond ends at the first of: every fault has come and good service has lasted for ``stable_for`` since (where
people or agents respond, they say ``resolve`` too); an expected impact did not come in time; the last fault's
time is up; where the platform is to heal, when it has, or when its budget is missed by half. Guards and
interrupts end it from outside the plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gameday.clients import Stretch
from gameday.events import (
    BaselineJudged,
    BaselinePostponed,
    FaultReverting,
    FaultTriggered,
    ImpactObserved,
    LoadSteady,
    PhaseBegan,
)
from gameday.metrics import METRICS
from gameday.model.quantities import Condition, in_unit
from gameday.model.scenario import Impact, Scenario
from gameday.readiness import ready_since
from gameday.situation import Situation

SETTLE = 0.5
"""Seconds between the judgement of the baseline and the start of the plan, at least."""
WARM_UP = 20.0
"""Seconds within which all users must be there, and then steady state begin to hold."""
_WINDOW = 2.0
_STEP = 1.0
"""Seconds between the begins of two windows of the baseline."""
_PATIENCE = 0.5
"""Seconds beyond the load's time-out in which an impact that began in time becomes visible."""
_MISSED_BY_HALF = 1.5


@dataclass(frozen=True, slots=True)
class SawImpact:
    """The expected impact is there since ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class PutBack:
    """This fault's own time is up while others go on."""

    fault: str


@dataclass(frozen=True, slots=True)
class EndRespond:
    """The responders' time is over."""

    reason: Literal["mitigated", "resolved", "no_impact", "time_up", "platform_healed"]
    detail: str = ""


Due: TypeAlias = SawImpact | PutBack | EndRespond


def due(situation: Situation, responder: str, now: float) -> list[Due]:
    """What the runner has to do at ``now``, in this order. ``responder`` is the run's: bot, people, agent, none."""
    start = situation.plan_start
    triggered = situation.triggered
    if start is None or triggered is None:
        return []
    scenario = situation.inputs.scenario
    found: list[Due] = []
    impact = _impact(situation, scenario, triggered, now)
    if impact is not None and not situation.history.has(ImpactObserved):
        found.append(SawImpact(impact))
    ending = _ending(situation, scenario, responder, impact, now)
    if ending is not None:
        return [*found, ending]
    reverting = {event.fault for _, event in situation.history.of(FaultReverting)}
    for _, event in situation.history.of(FaultTriggered):
        use = scenario.faults[event.fault]
        if event.fault not in reverting and now >= start + use.at + use.for_:
            found.append(PutBack(event.fault))
    return found


def _impact(situation: Situation, scenario: Scenario, triggered: float, now: float) -> float | None:
    """When users began to feel it: as recorded, else as the requests say now."""
    seen = situation.history.first(ImpactObserved)
    if seen:
        return seen[1].at
    expected = scenario.expect.impact
    if not isinstance(expected, Impact):
        broke = situation.clients.first_break(scenario.steady_state, triggered, now, now)
        return broke.latest if broke else None
    found = situation.clients.impact(expected.when, triggered, now, now)
    return found.latest if found and found.latest <= triggered + expected.within else None


def _ending(  # noqa: PLR0911 - one return for each way in which Respond ends
    situation: Situation, scenario: Scenario, responder: str, impact: float | None, now: float
) -> EndRespond | None:
    start, triggered = situation.plan_start, situation.triggered
    assert start is not None
    assert triggered is not None
    expect = scenario.expect
    if now >= start + scenario.last_end:
        return EndRespond("time_up", "the last fault's time is up")
    if isinstance(expect.impact, Impact) and impact is None:
        wait = expect.impact.within + scenario.load.timeout + _PATIENCE
        if now >= triggered + wait:
            return EndRespond(
                "no_impact", f"{expect.impact.when.text} was not seen within {expect.impact.within:g} s"
            )
        return None
    if _more_to_come(situation, scenario, start, now):
        return None
    if expect.recover is not None:
        return _healed(situation, scenario, triggered, now)
    if impact is None or expect.impact == "none":
        return None
    if not _good_long_enough(situation, impact, now):
        return None
    detail = f"good service has lasted for {expect.stable_for:g} s"
    if responder not in {"people", "agent"}:
        return EndRespond("mitigated", detail)
    return EndRespond("resolved", detail) if situation.resolved else None


def _more_to_come(situation: Situation, scenario: Scenario, start: float, now: float) -> bool:
    """Whether a fault is still to come, at its instant or after another: good service before it proves nothing."""
    begun = {event.fault for _, event in situation.history.of(FaultTriggered)}
    return any(name not in begun and now < start + use.at + use.for_ for name, use in scenario.faults.items())


def lasting(situation: Situation, since: float, now: float) -> Stretch | None:
    """The stretch of good service that reaches now, if there is one."""
    return situation.clients.clean_stretch(situation.inputs.scenario.steady_state, since, now, now)


def _good_long_enough(situation: Situation, since: float, now: float, *, healed: float = 0.0) -> bool:
    """Whether service has been good for ``stable_for`` by now, counted from the last fault at the earliest.

    Where the platform is to heal, from when it had.
    """
    stretch = lasting(situation, since, now)
    came = max(event.at for _, event in situation.history.of(FaultTriggered))
    stable_for = situation.inputs.scenario.expect.stable_for
    return stretch is not None and now - max(stretch.began, came, healed) >= stable_for


def _healed(situation: Situation, scenario: Scenario, triggered: float, now: float) -> EndRespond | None:
    recover = scenario.expect.recover
    assert recover is not None
    ready = None
    if situation.exported.value("replicas_ready", now) is not None:
        ready = ready_since(situation.exported, situation.inputs.system, triggered, now)
    if ready is not None and _good_long_enough(situation, triggered, now, healed=ready):
        return EndRespond("platform_healed", "replicas are ready and service is steady again")
    if now >= triggered + recover.within * _MISSED_BY_HALF + scenario.expect.stable_for:
        return EndRespond("time_up", f"the platform did not heal within {recover.within:g} s")
    return None


def judge_baseline(situation: Situation, now: float) -> BaselineJudged | BaselinePostponed | None:
    """What is to be said of the baseline at ``now``; None while it is too early to say anything.

    Steady state must hold under full load over every two seconds of the baseline (it is never shorter than that),
    and none of the expected monitors may fire at its end. A system that is still warming up has it begin anew
    behind the last two seconds that were bad, but no later than ``WARM_UP`` after all users were there.
    """
    scenario, history = situation.inputs.scenario, situation.history
    steady = history.first(LoadSteady)
    baseline = max(scenario.baseline, _WINDOW)
    if steady is None:
        return _never_steady(situation, now)
    postponed = history.last(BaselinePostponed)
    begin = postponed[1].begins if postponed else steady[0].t
    if now < begin + baseline:
        return None
    bad = [found for condition in scenario.steady_state if (found := _bad(situation, condition, begin, now))]
    problems = [problem for _, problem in bad]
    begins = [last + _STEP for last, _ in bad]
    detect = scenario.expect.detect
    firing = set(situation.alerting()) & set(detect.monitors if detect else ())
    if firing:
        problems += [f"monitor {monitor} fires already" for monitor in sorted(firing)]
        begins.append(now - baseline + _STEP)
    if problems and max(begins) <= steady[0].t + WARM_UP:
        return BaselinePostponed(problems=problems, begins=max(begins))
    rate = situation.clients.metric("offered_rate", begin, now, now)
    return BaselineJudged(held=not problems, problems=problems, rate=rate or 0.0)


def _never_steady(situation: Situation, now: float) -> BaselineJudged | None:
    """That not all users came, once they have had their time."""
    load = situation.inputs.scenario.load
    began = situation.history.last(PhaseBegan)
    if began is None or now - began[0].t <= load.users / load.spawn_rate + WARM_UP:
        return None
    problem = "the load did not become steady; see logs/load.log"
    return BaselineJudged(held=False, problems=[problem], rate=0.0)


def _bad(situation: Situation, condition: Condition, begin: float, now: float) -> tuple[float, str] | None:
    """The begin of the last two seconds of [begin, now) in which this did not hold, and the first such in words."""
    last = now - _WINDOW
    starts = [begin + step * _STEP for step in range(math.ceil((last - begin) / _STEP))] + [last]
    values = [(at, situation.clients.metric(condition.metric, at, at + _WINDOW, now)) for at in starts]
    bad = [(at, value) for at, value in values if value is None or not condition.holds(value)]
    if not bad:
        return None
    at, value = bad[0]
    seen = in_unit(value, METRICS[condition.metric].unit)
    return bad[-1][0], f"{condition.text}: {seen} at {at:.1f} s"
