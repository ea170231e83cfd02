"""What was said: whether the severity was right, and whether updates came when they were due."""

from __future__ import annotations

from dataclasses import dataclass

from gameday.events import Declared, Record, UpdatePosted
from gameday.model.scenario import Severity
from gameday.score.budgets import budget, of_severity
from gameday.score.card import Measure, State, Verdict
from gameday.score.case import Case
from gameday.score.instants import is_observed
from gameday.score.milestones import Milestones

_AT_ONCE = 60.0
"""Seconds within which 'at declaration' is met."""


def severity_correct(case: Case, marks: Milestones) -> Measure:
    """1 where the declared severity is the true one, else 0."""
    name, truth = "severity_correct", case.scenario.truth
    said = list(case.during(Declared))
    if case.scenario.expect.impact == "none":
        if not said:
            return _off(name, "no impact is expected, so nothing is to be declared")
        evidence = [record.seq for record, _ in said]
        return _found(name, 0.0, evidence, "false alarm: an incident was declared where none was expected")
    if truth is None:
        return _off(name, "the scenario does not say what is true")
    if not said:
        return _undeclared(case, marks)
    return _graded(truth.severity, *said[-1])


def _undeclared(case: Case, marks: Milestones) -> Measure:
    name = "severity_correct"
    if not is_observed(marks["detected"]):
        return _off(name, marks["detected"].reason)
    if _still_had_time(case, marks):
        return Measure(
            id=name,
            state=State.CENSORED,
            unit="ratio",
            verdict=Verdict.UNKNOWN,
            reason="Respond ended before a severity was due",
        )
    return Measure(
        id=name,
        state=State.MISSING,
        unit="ratio",
        verdict=Verdict.FAIL,
        reason="nobody declared a severity",
    )


def _still_had_time(case: Case, marks: Milestones) -> bool:
    """Whether Respond was cut short before a declaration was due."""
    allowed, start = budget(case, "declare"), marks["detected"].at
    return case.cut_short and (allowed is None or start is None or case.respond_end - start <= allowed)


def _graded(truth: Severity, record: Record, event: Declared) -> Measure:
    levels, words = list(Severity), f"{event.severity} declared for {truth}"
    if event.severity not in levels:
        return _found("severity_correct", 0.0, [record.seq], f"{event.severity} is no severity")
    apart = levels.index(Severity(event.severity)) - levels.index(truth)
    mistake = "under-triage, the worse mistake" if apart > 0 else "over-triage, the lesser mistake"
    reason = f"{words}: {mistake}" if apart else ""
    return _found("severity_correct", 0.0 if apart else 1.0, [record.seq], reason)


def _off(name: str, reason: str) -> Measure:
    return Measure(id=name, state=State.NOT_APPLICABLE, unit="ratio", reason=reason)


def _found(name: str, value: float, evidence: list[int], reason: str) -> Measure:
    return Measure(
        id=name,
        state=State.OBSERVED,
        value=value,
        earliest=value,
        latest=value,
        unit="ratio",
        verdict=Verdict.PASS if value >= 1 else Verdict.FAIL,
        evidence=evidence,
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class _Due:
    """One update that was due, and whether it came; None: the run ended before it was due."""

    what: str
    kept: bool | None


def updates_on_time(case: Case, marks: Milestones) -> Measure:
    """The share of due updates that came: the first, the cadence of the true severity, promises made."""
    name = "updates_on_time"
    if case.scenario.expect.impact == "none":
        return _off(name, "no impact is expected, so nobody has to answer")
    start = next((marks[key].at for key in ("declared", "detected") if is_observed(marks[key])), None)
    if start is None:
        return _off(name, marks["detected"].reason)
    posted = [(record, event) for record, event in case.during(UpdatePosted) if record.t >= start]
    due = _first_and_cadence(case, start, posted) + _promises(case, posted)
    evidence = [record.seq for record, _ in posted]
    known = [each for each in due if each.kept is not None]
    missed = [each.what for each in known if not each.kept]
    if not due:
        return _off(name, "the rubric asks for no updates at this severity")
    if not known:
        reason = "Respond ended before an update was due"
        return Measure(
            id=name,
            state=State.CENSORED,
            unit="ratio",
            verdict=Verdict.UNKNOWN,
            evidence=evidence,
            reason=reason,
        )
    share = (len(known) - len(missed)) / len(known)
    return _found(name, share, evidence, f"missed: {', '.join(missed)}" if missed else "")


def _kept(due: float, came: float | None, end: float) -> bool | None:
    if came is not None:
        return came <= due
    return False if end > due else None


def _first_and_cadence(case: Case, start: float, posted: list[tuple[Record, UpdatePosted]]) -> list[_Due]:
    rules, end = of_severity(case), case.respond_end
    times = [record.t for record, _ in posted]
    due = []
    if rules.first_update is not None:
        limit = start + max(rules.first_update, _AT_ONCE)
        due.append(_Due("the first update", _kept(limit, times[0] if times else None, end)))
    if rules.update_every is not None:
        over = bool(posted) and posted[-1][1].status == "resolved"
        following: list[float | None] = [*times[1:], *([] if over else [None])]
        for number, (at, came) in enumerate(zip(times, following, strict=False), 2):
            due.append(_Due(f"update {number}", _kept(at + rules.update_every, came, end)))
    return due


def _promises(case: Case, posted: list[tuple[Record, UpdatePosted]]) -> list[_Due]:
    """Each ``next_update`` is a promise, whatever the rubric asks for."""
    due = []
    for number, (record, event) in enumerate(posted):
        if event.next_update is not None and event.status != "resolved":
            came = posted[number + 1][0].t if number + 1 < len(posted) else None
            kept = _kept(record.t + event.next_update, came, case.respond_end)
            due.append(_Due(f"the promise of update {number + 1}", kept))
    return due
