"""The alignment, step by step, as the card shows it: in step, too early, skipped, extra, forbidden; and why.

The runbook is graded too: a step that was done as written and did not confirm is a defect of the runbook, and
a lasting mend by a lever that it does not know is a better path.
"""

from __future__ import annotations

from collections.abc import Iterator

from gameday.model.runbook import NOT
from gameday.score.card import StepGrade
from gameday.score.case import Case
from gameday.score.milestones import Milestones
from gameday.score.steps import Done, Followed, unit_of
from gameday.score.traces import Trace


def step_grades(case: Case, marks: Milestones, found: Followed) -> list[StepGrade]:
    """Every step of the runbook in its own order, then every lever that proves none."""
    graded = [grade for name in found.runbook.steps for grade in _step(found, name)]
    banned = {step.evidence.lever for step in found.runbook.steps.values() if step.forbidden}
    extras = [_extra(case, marks, found, trace) for trace in found.unmodelled if trace.lever not in banned]
    return [*graded, *extras]


def _step(found: Followed, name: str) -> Iterator[StepGrade]:
    step = found.runbook.steps[name]
    each = found.forbidden.get(name) if step.forbidden else found.done.get(name)
    if step.forbidden:
        if each is not None:
            yield _grade(name, "forbidden", each, "justified" if each.because else "unexplained", each.detail)
    elif each is not None and any(pair.later == name and not pair.kept for pair in found.pairs):
        yield _grade(name, "inverted", each, "justified" if each.because else "unexplained", "done too early")
    elif each is not None:
        yield _grade(name, "sync", each, "runbook_defect" if each.defect else "", each.detail)
    elif name not in found.applicable:
        what = step.when if isinstance(step.when, str) or step.when is None else step.when.text
        said = (
            f"it is the case: {what.removeprefix(NOT)}"
            if what and what.startswith(NOT)
            else f"not the case: {what}"
        )
        yield StepGrade(step=name, move="not_applicable", detail=said)
    elif step.optional:
        yield StepGrade(step=name, move="not_applicable", detail="optional")
    elif found.best(unit_of(name, step)):
        yield StepGrade(step=name, move="not_applicable", detail="an alternative was done")
    else:
        excuse = found.excused.get(name, "")
        yield StepGrade(
            step=name, move="skipped", deviation="justified" if excuse else "unexplained", detail=excuse
        )


def _grade(name: str, move: str, each: Done, deviation: str, detail: str) -> StepGrade:
    fields = {
        "step": name,
        "move": move,
        "level": each.level,
        "at": each.done_at,
        "deviation": deviation,
        "detail": each.because or detail,
        "evidence": list(each.evidence),
    }
    return StepGrade.model_validate(fields)


def _extra(case: Case, marks: Milestones, found: Followed, trace: Trace) -> StepGrade:
    mends = marks.mend.lever is not None and marks.mend.lever.act == trace.act
    mitigate = case.scenario.expect.mitigate
    listed = trace.lever in (mitigate.levers if mitigate else [])
    written = any(step.evidence.lever == trace.lever for step in found.runbook.steps.values())
    deviation, detail = "unexplained", trace.label
    if written and not trace.ok:
        deviation, detail = "", f"{trace.label}: tried, did not succeed"
    elif mends and not listed and not written:
        deviation = "better_path"
    elif mends and listed:
        deviation, detail = "justified", f"{trace.label}: known to mend"
    elif trace.because:
        deviation, detail = "justified", trace.because
    done = Done(trace.at, trace.done_at, "verified" if trace.ok else "none", trace.evidence)
    return _grade(trace.lever, "extra", done, deviation, detail)
