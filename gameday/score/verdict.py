"""The verdict: what keeps a run from being graded, which gates apply, and the exit code.

A run that was refused, aborted or stopped, whose baseline did not hold, whose expected impact never came, or
whose fault vanished by nobody's recorded act is UNKNOWN whatever its measures say. Otherwise the gates merge by
the worst. A stack that was not put back makes either exit 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gameday.errors import ExitCode
from gameday.events import (
    Aborted,
    BaselineJudged,
    FaultChecked,
    GuardTripped,
    Interrupted,
    LoadEnded,
    RespondEnded,
)
from gameday.model import scenario as model
from gameday.score.card import Measure, State, Verdict
from gameday.score.case import Case
from gameday.score.faults import not_injected
from gameday.score.instants import is_observed
from gameday.score.measures import RESPONDERS
from gameday.score.milestones import Milestones

_STOPPED = {
    "no_impact": "fault had no observable impact",
    "guard": "a guard stopped the run",
    "halt": "the run was halted",
    "interrupt": "the run was interrupted",
    "failure": "the run failed",
}
_EXITS = {
    Verdict.PASS: ExitCode.PASSED,
    Verdict.FAIL: ExitCode.MISSED,
    Verdict.UNKNOWN: ExitCode.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, why, the exit code that says so, and the measures that decided it."""

    verdict: Verdict
    reasons: tuple[str, ...]
    exit_code: int
    gates: tuple[str, ...] = ()


def judge(case: Case, marks: Milestones, measures: list[Measure], *, clean: bool | None) -> Judgement:
    """Merge everything into one verdict."""
    verdict, reasons, gates = _merged(case, marks, measures, clean=clean)
    code = _EXITS[verdict]
    if clean is False:
        reasons, code = [*reasons, "the stack is not clean"], ExitCode.NOT_CLEAN
    return Judgement(verdict, tuple(reasons), int(code), tuple(gates))


def _merged(
    case: Case, marks: Milestones, measures: list[Measure], *, clean: bool | None
) -> tuple[Verdict, list[str], list[str]]:
    """The verdict, why, and by which measures."""
    if not case.finished:
        return Verdict.UNKNOWN, [*_inconclusive(case, marks), "the run did not finish"], []
    if case.triggered is not None and not case.history.has(RespondEnded):
        unrecorded = "the time of the responders was not recorded"
        return Verdict.UNKNOWN, [*_inconclusive(case, marks), unrecorded], []
    disqualified = next((deed for deed in marks.mend.deeds if deed.by == "revert"), None)
    if disqualified is not None:
        return Verdict.FAIL, [f"disqualified: {disqualified.what} through gameday itself during Respond"], []
    stopped = list(_inconclusive(case, marks))
    if stopped:
        return Verdict.UNKNOWN, stopped, []
    gates = _gates(case, marks, measures)
    judged = [
        *((verdict, _why(measure)) for measure, verdict in gates),
        *_alarms(case, measures),
        *_unproven(clean=clean),
    ]
    verdict = Verdict.worst([each for each, _ in judged])
    reasons = [reason for each, reason in judged if each is not Verdict.PASS and reason]
    return verdict, reasons, [measure.id for measure, _ in gates]


def _inconclusive(case: Case, marks: Milestones) -> Iterator[str]:
    """Why the run cannot be graded, each reason once."""
    history, found = case.history, []
    for _, aborted in history.of(Aborted):
        found.append(f"{aborted.reason}: {aborted.detail}" if aborted.detail else aborted.reason)
    found += [f"guard tripped: {event.guard}" for _, event in history.of(GuardTripped)]
    found += ["interrupted" for _ in history.of(Interrupted)]
    for _, judged in history.of(BaselineJudged):
        if not judged.held and not any("the baseline did not hold" in reason for reason in found):
            found.append(f"the baseline did not hold: {'; '.join(judged.problems)}")
    for _, ended in history.of(LoadEnded):
        if not ended.expected:
            found.append(f"the load generator ended by itself {ended.detail}".strip())
    if case.triggered is None:
        found.append("nothing was injected")
    else:
        found += _fault_problems(case, marks)
        found += _no_effect(case, marks, known=bool(found))
    return iter(dict.fromkeys(found))


def _fault_problems(case: Case, marks: Milestones) -> Iterator[str]:
    for name in case.scenario.faults:
        for event in not_injected(case, name):
            yield f"fault {name} was not injected: {event.problem}".removesuffix(": ")
        checks = [event.in_place for _, event in case.history.of(FaultChecked) if event.fault == name]
        if checks and True not in checks and not is_observed(marks["impact"]):
            yield f"fault {name} was never seen in place"


def _no_effect(case: Case, marks: Milestones, *, known: bool) -> Iterator[str]:
    """Why nobody can be graded by what happened: stopped, nothing felt, or mended by nobody that is known."""
    expect = case.scenario.expect
    if case.respond_reason in _STOPPED:
        if not known:
            yield _STOPPED[case.respond_reason]
    elif isinstance(expect.impact, model.Impact) and not is_observed(marks["impact"]):
        yield _STOPPED["no_impact"]
    asked = expect.impact != "none" and (
        expect.mitigate is not None or isinstance(expect.impact, model.Impact)
    )
    if asked and marks.mend.by is not None and marks.mend.by.by == "out_of_band":
        yield f"out of band: {marks.mend.by.what}, and nobody's recorded act explains it"


def _gates(case: Case, marks: Milestones, measures: list[Measure]) -> list[tuple[Measure, Verdict]]:
    """Each gate of the rubric that applies to this scenario, with what it says."""
    by_id = {measure.id: measure for measure in measures}
    found = []
    for key in case.inputs.rubric.gates:
        if _gated(case, marks, key):
            measure = by_id["runbook_coverage" if key == "runbook" else f"time_to_{key}"]
            verdict = _of(measure)
            if verdict is not None:
                found.append((measure, verdict))
    return found


def _gated(case: Case, marks: Milestones, key: str) -> bool:
    """Whether a gate applies: the scenario names its key, and there was something to answer."""
    expect = case.scenario.expect
    quiet = expect.impact == "none" or (expect.impact == "allowed" and not is_observed(marks["impact"]))
    if quiet and key in {*RESPONDERS, "runbook"}:
        return False
    asked = any(getattr(expect, name, None) is not None for name in RESPONDERS)
    if key == "runbook" and expect.recover is not None and not asked:
        return False  # the platform is to heal, and nobody was asked for anything
    return case.inputs.runbook is not None if key == "runbook" else getattr(expect, key, None) is not None


def _of(measure: Measure) -> Verdict | None:
    """What a gate makes of a measure: without a verdict and not observed, nobody knows."""
    if measure.verdict is not None:
        return measure.verdict
    return None if measure.state is State.OBSERVED else Verdict.UNKNOWN


def _why(measure: Measure) -> str:
    digits = 2 if measure.unit == "ratio" else 1
    unit = "" if measure.unit == "ratio" else f" {measure.unit}"
    if measure.value is not None:
        what = f"{measure.value:.{digits}f}{unit}"
    elif measure.earliest is not None and measure.state is State.CENSORED:
        what = f"not by {measure.earliest:.{digits}f}{unit}"
    else:
        what = str(measure.state).replace("_", " ")
    limit = f", budget {measure.budget:.{digits}f}{unit}" if measure.budget is not None else ""
    about = "; ".join(part for part in (measure.reason, *measure.notes) if part)
    return f"{measure.id}: {what}{limit}{f' ({about})' if about else ''}"


def _alarms(case: Case, measures: list[Measure]) -> Iterator[tuple[Verdict, str]]:
    """Where no impact is expected, a declaration is a false alarm."""
    if case.scenario.expect.impact == "none":
        said = next(measure for measure in measures if measure.id == "severity_correct")
        if said.verdict is Verdict.FAIL:
            yield Verdict.FAIL, said.reason


def _unproven(*, clean: bool | None) -> Iterator[tuple[Verdict, str]]:
    if clean is None:
        yield Verdict.UNKNOWN, "the stack was never compared with what it was"
