"""Runbook adherence in numbers: coverage, order, economy, timeliness, fitness.

Only what nobody explained costs fitness; coverage, order and economy are plain counts. The alignment that
explains them is made in ``gameday.score.step_grades``.
"""

from __future__ import annotations

from gameday.score.card import Adherence, Measure, State, StepGrade, Verdict
from gameday.score.case import Case
from gameday.score.instants import is_observed
from gameday.score.milestones import Milestones
from gameday.score.mitigation import lucky
from gameday.score.step_grades import step_grades
from gameday.score.steps import Followed, followed


def adherence(case: Case, marks: Milestones) -> Adherence | None:
    """The runbook against the log; None where there was nothing to follow one for."""
    runbook, expected = case.inputs.runbook, case.scenario.expect.impact
    answered = expected != "none" and (expected != "allowed" or is_observed(marks["impact"]))
    if runbook is None or case.triggered is None or not answered:
        return None
    found = followed(case, marks, runbook)
    done = {unit: found.best(unit) for unit in found.units}
    verified = {unit for unit, each in done.items() if each and each.level == "verified"}
    vouched = {unit for unit, each in done.items() if each} - verified
    return Adherence(
        runbook=case.inputs.runbook_name or runbook.title,
        coverage_verified=_share(found, verified),
        coverage_attested=_share(found, verified | vouched),
        order=_order(found),
        economy=_economy(marks, found),
        timeliness=_timeliness(marks, found),
        fitness=_fitness(case, found, grades := step_grades(case, marks, found)),
        applicable=len(done),
        done=len(verified | vouched),
        verified=len(verified),
        attested=len(vouched),
        lucky_pass=lucky(case, marks.mend),
        steps=grades,
    )


def _share(found: Followed, done: set[str]) -> float | None:
    weights = {unit: found.weight(unit) for unit in found.units}
    total = sum(weights.values())
    return sum(weights[unit] for unit in weights if unit in done) / total if total else None


def _order(found: Followed) -> float | None:
    """The weighted share of orders that were kept; None where no two steps with an order were done."""
    total = sum(pair.weight for pair in found.pairs)
    return sum(pair.weight for pair in found.pairs if pair.kept) / total if total else None


def _economy(marks: Milestones, found: Followed) -> float | None:
    """The share of mutating acts that the runbook knows; None where nobody changed anything."""
    mutating = sum(deed.by == "responder" for deed in marks.mend.deeds)
    known = {step.evidence.lever for step in found.runbook.steps.values()}
    unknown = sum(trace.ok or trace.lever not in known for trace in found.unmodelled)
    return 1 - unknown / mutating if mutating else None


def _timeliness(marks: Milestones, found: Followed) -> float | None:
    """How well deadlines were kept, each from 1 (in time) to 0 (twice the time, or never)."""
    start = marks["detected"].at
    if start is None:
        return None
    scores = []
    for members in found.units.values():
        chosen = next((name for name in members if name in found.done), members[0])
        limit = found.runbook.steps[chosen].within
        if limit is not None:
            over = found.done[chosen].done_at - start - limit if chosen in found.done else limit
            scores.append(1.0 if over <= 0 else max(0.0, 1 - over / limit) if limit else 0.0)
    return sum(scores) / len(scores) if scores else None


def _fitness(case: Case, found: Followed, grades: list[StepGrade]) -> float | None:
    """One minus what the deviations cost, of what they could have cost."""
    rules = case.inputs.rubric.runbook
    extras = [grade for grade in grades if grade.move in {"extra", "forbidden"}]
    unexplained = sum(grade.deviation == "unexplained" for grade in extras)
    skipped = sum(
        found.weight(unit) for unit in found.units if not found.best(unit) and not found.excuse(unit)
    )
    inverted = sum(not pair.kept and not found.done[pair.later].because for pair in found.pairs)
    cost = rules.weight * skipped + rules.extra_act * unexplained + rules.inversion * inverted
    whole = sum(found.weight(unit) for unit in found.units)
    most = rules.weight * whole + rules.extra_act * len(extras) + rules.inversion * len(found.pairs)
    return 1 - cost / most if most else None


def measures(case: Case, found: Adherence | None) -> list[Measure]:
    """The four measures of the runbook; coverage is judged by its lower bound."""
    if found is None:
        reason = (
            "the scenario has no runbook"
            if case.inputs.runbook is None
            else "there was nothing to follow it for"
        )
        names = ("coverage", "order", "economy", "timeliness")
        return [
            Measure(id=f"runbook_{name}", state=State.NOT_APPLICABLE, unit="ratio", reason=reason)
            for name in names
        ]
    shown = (
        ("order", found.order, "no two steps with an order were done"),
        ("economy", found.economy, "nobody changed anything"),
        ("timeliness", found.timeliness, "no step that applied had a deadline, or nothing was detected"),
    )
    return [_coverage(case, found), *(_shown(name, value, absent, found) for name, value, absent in shown)]


def _evidence(found: Adherence) -> list[int]:
    """The lines that the alignment rests on, which explains every number of it."""
    return sorted({seq for grade in found.steps for seq in grade.evidence})


def _coverage(case: Case, found: Adherence) -> Measure:
    low, high, least = found.coverage_verified, found.coverage_attested, case.inputs.rubric.runbook.coverage
    if low is None:
        return _shown("coverage", None, "no step applied", found)
    forbidden = [grade.step for grade in found.steps if grade.move == "forbidden"]
    verdict, reason = Verdict.PASS if low >= least else Verdict.FAIL, ""
    if forbidden:
        verdict, reason = Verdict.FAIL, f"forbidden: {', '.join(forbidden)}"
    elif low < least and case.cut_short:
        verdict, reason = Verdict.UNKNOWN, "Respond ended before its time was up"
    return Measure(
        id="runbook_coverage",
        state=State.OBSERVED,
        value=low,
        earliest=low,
        latest=high,
        unit="ratio",
        budget=least,
        verdict=verdict,
        evidence=_evidence(found),
        reason=reason,
    )


def _shown(name: str, value: float | None, absent: str, found: Adherence) -> Measure:
    if value is None:
        return Measure(id=f"runbook_{name}", state=State.NOT_APPLICABLE, unit="ratio", reason=absent)
    return Measure(
        id=f"runbook_{name}",
        state=State.OBSERVED,
        value=value,
        earliest=value,
        latest=value,
        unit="ratio",
        evidence=_evidence(found),
    )
