"""Measures: the clocks between milestones, and what the incident cost the users.

A clock whose end never came is censored: above its budget it is missed, below it nobody knows. A clock whose
start never came does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass

from gameday.score.budgets import budget
from gameday.score.card import Instant, Measure, State, Verdict
from gameday.score.case import Case
from gameday.score.instants import is_observed
from gameday.score.milestones import Milestones

_MONTH = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """From which milestones to which one a measure runs; the first observed start counts."""

    key: str
    starts: tuple[str, ...]
    end: str

    @property
    def id(self) -> str:
        """The measure's id."""
        return f"time_to_{self.key}"


CLOCKS = (
    Clock("impact", ("triggered",), "impact"),
    Clock("detect", ("impact",), "detected"),
    Clock("acknowledge", ("notified", "detected"), "acknowledged"),
    Clock("engage", ("notified", "detected"), "engaged"),
    Clock("declare", ("detected",), "declared"),
    Clock("diagnose", ("impact",), "diagnosed"),
    Clock("act", ("impact",), "mitigating_act"),
    Clock("mitigate", ("impact",), "mitigated"),
    Clock("recover", ("triggered",), "recovered"),
    Clock("resolve", ("impact",), "resolved"),
)
RESPONDERS = frozenset(
    {"detect", "acknowledge", "engage", "declare", "diagnose", "act", "mitigate", "resolve"}
)
"""Clocks of whoever answers: they do not run where nothing is to be answered."""


def clocks(case: Case, marks: Milestones) -> list[Measure]:
    """Every ``time_to_`` measure."""
    return [_clock(case, marks, clock) for clock in CLOCKS]


def _clock(case: Case, marks: Milestones, clock: Clock) -> Measure:
    expect = case.scenario.expect
    if clock.key == "impact" and expect.impact in {"none", "allowed"}:
        return _unwanted_impact(case, marks)
    if expect.impact == "none" and clock.key in RESPONDERS:
        return _off(clock.id, "no impact is expected, so nobody has to answer")
    start = next((marks[name] for name in clock.starts if is_observed(marks[name])), None)
    end = marks[clock.end]
    if start is None:
        before = marks[clock.starts[-1]]
        return _off(clock.id, before.reason or f"{before.id} never came")
    if end.state is State.NOT_APPLICABLE:
        return _off(clock.id, end.reason)
    found = _between(clock.id, start, end, budget(case, clock.key))
    return _adjusted(marks, clock, found)


def _off(name: str, reason: str, unit: str = "s") -> Measure:
    return Measure(id=name, state=State.NOT_APPLICABLE, unit=unit, reason=reason)


def _between(name: str, start: Instant, end: Instant, allowed: float | None) -> Measure:
    assert start.at is not None
    evidence = sorted({*start.evidence, *end.evidence})
    if end.at is None:
        bound = None if end.earliest is None else max(0.0, end.earliest - start.at)
        late = bound is not None and allowed is not None and bound > allowed
        return Measure(
            id=name,
            state=end.state if end.id == "impact" else State.CENSORED,
            earliest=bound,
            budget=allowed,
            verdict=None if allowed is None else Verdict.FAIL if late else Verdict.UNKNOWN,
            evidence=evidence,
            reason=end.reason,
        )
    value = max(0.0, end.at - start.at)
    low = (end.at if end.earliest is None else end.earliest) - (
        start.at if start.latest is None else start.latest
    )
    high = (end.at if end.latest is None else end.latest) - (
        start.at if start.earliest is None else start.earliest
    )
    return Measure(
        id=name,
        state=State.OBSERVED,
        value=value,
        earliest=min(value, max(0.0, low)),
        latest=max(value, high),
        budget=allowed,
        verdict=None if allowed is None else Verdict.PASS if value <= allowed else Verdict.FAIL,
        evidence=evidence,
        reason=end.reason,
        notes=[f"lead {start.at - end.at:.1f} s"] if end.at < start.at else [],
    )


def _adjusted(marks: Milestones, clock: Clock, found: Measure) -> Measure:
    """What two clocks know beyond their instants: silent monitors, and mends that were nobody's here."""
    if clock.key == "detect":
        facts = marks.noticed.facts
        notes = list(found.notes)
        if facts.floor is not None and found.budget is not None and found.budget < facts.floor:
            notes.append(f"target is below the detection floor of {facts.floor:.1f} s")
        if found.value is not None or not (facts.silent or facts.no_data):
            return found.model_copy(update={"notes": notes})
        silent = [f"silent: {', '.join(facts.silent)}"] if facts.silent else []
        blind = [f"no data: {', '.join(facts.no_data)}"] if facts.no_data else []
        update = {
            "state": State.MISSING,
            "verdict": marks.noticed.verdict,
            "notes": [*notes, *silent, *blind],
        }
        return found.model_copy(update=update)
    by = marks.mend.by.by if marks.mend.by else ""
    if clock.key in {"mitigate", "act"} and by in {"platform", "out_of_band"}:
        whose = (
            "the platform mended it, not the team" if by == "platform" else "nobody's recorded act mended it"
        )
        verdict = None if found.verdict is None else Verdict.UNKNOWN
        return found.model_copy(update={"verdict": verdict, "reason": whose})
    return found


def _unwanted_impact(case: Case, marks: Milestones) -> Measure:
    start, end = marks["triggered"], marks["impact"]
    if not is_observed(start):
        return _off("time_to_impact", start.reason)
    none = case.scenario.expect.impact == "none"
    found = _between("time_to_impact", start, end, None)
    if is_observed(end):
        reason = "impact where none was expected" if none else "impact, which is allowed"
        return found.model_copy(update={"verdict": Verdict.FAIL if none else Verdict.PASS, "reason": reason})
    update = {
        "state": State.CENSORED,
        "verdict": Verdict.PASS,
        "reason": "no impact, as expected" if none else "no impact",
    }
    if case.clients.counts(case.triggered or 0.0, case.respond_end, case.now).offered == 0:
        update |= {"verdict": Verdict.UNKNOWN, "reason": "nobody sent a request, so nobody could feel it"}
    return found.model_copy(update=update)


def bad_seconds(case: Case, marks: Milestones) -> Measure:
    """The integral of the bad share from impact to mitigation; a lower bound where that never came."""
    start, end = marks["impact"], marks["mitigated"]
    if start.at is None:
        return _off("bad_seconds", start.reason)
    until = end.at if end.at is not None else min(case.respond_end, end.earliest or case.respond_end)
    total = case.clients.bad_seconds(start.at, until, case.now)
    evidence = sorted({*start.evidence, *end.evidence})
    if end.at is None:
        return Measure(
            id="bad_seconds", state=State.CENSORED, earliest=total, evidence=evidence, reason=end.reason
        )
    return Measure(
        id="bad_seconds", state=State.OBSERVED, value=total, earliest=total, latest=total, evidence=evidence
    )


def budget_spent(case: Case, marks: Milestones, rate: float | None) -> Measure:
    """The share of a month's error budget that the bad requests took, at the baseline's rate."""
    name, start, end = "budget_spent", marks["impact"], marks["mitigated"]
    promised = case.inputs.system.slo.availability
    if start.at is None:
        return _off(name, start.reason, "ratio")
    if promised is None or promised >= 1:
        return _off(name, "the system promises no availability that leaves a budget", "ratio")
    if not rate:
        return _off(name, "the baseline's rate is not known", "ratio")
    until = end.at if end.at is not None else min(case.respond_end, end.earliest or case.respond_end)
    bad = case.clients.counts(start.at, until, case.now).bad
    spent = bad / (rate * _MONTH * (1 - promised))
    evidence = sorted({*start.evidence, *end.evidence})
    if end.at is None:
        return Measure(
            id=name, state=State.CENSORED, earliest=spent, unit="ratio", evidence=evidence, reason=end.reason
        )
    return Measure(
        id=name,
        state=State.OBSERVED,
        value=spent,
        earliest=spent,
        latest=spent,
        unit="ratio",
        evidence=evidence,
    )
