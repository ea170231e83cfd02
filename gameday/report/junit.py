"""JUnit XML, which every CI shows: a scenario is a suite, each of its criteria a case. Pure: from scorecards alone.

A suite fails where the command's exit code does. A gate that was missed is a *failure*. What kept gameday from judging
(a verdict UNKNOWN, a stack that is not clean, a fault that could not be made) is an *error*: CI must notice it, as a
run that proved nothing is no pass, and must not take it for a miss of the team or the system. A criterion that
does not apply, that nobody could judge, or that decides nothing is *skipped*, with its value and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from gameday.errors import ExitCode
from gameday.report.figures import budget, clean, of_unit
from gameday.report.measured import reason_text, value_text
from gameday.score.card import FaultFacts, Measure, Scorecard, State, Verdict

_DATED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)(\d\d)(\d\d)Z-")
_LONG = 5000
Outcome = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Ended:
    """One run that came to its end."""

    scenario: str
    code: int
    """The exit code of its run, which may be worse than the card's."""
    scorecard: Scorecard | None
    """None where it came to none."""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    outcome: Outcome
    said: str = ""
    """What happened, in a sentence; for a case that passed, its value."""
    seconds: float = 0.0


def junit(runs: Sequence[Ended]) -> str:
    """The document of these runs, newline at the end; the same from the same scorecards."""
    suites = [(run, list(_cases(run))) for run in runs]
    everything = [case for _, cases in suites for case in cases]
    root = ET.Element("testsuites", {"name": "gameday", **_counts(everything)})
    seconds = 0.0
    for run, cases in suites:
        suite = _suite(root, run, cases)
        seconds += float(suite.attrib["time"])
    root.set("time", f"{seconds:.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, run: Ended, cases: Sequence[_Case]) -> ET.Element:
    card = run.scorecard
    name = f"{run.scenario} ({card.profile})" if card and card.profile else run.scenario
    # How long it was, to its last milestone: the card knows no other end.
    known = [instant.at for instant in card.milestones if instant.at is not None] if card else []
    suite = ET.SubElement(root, "testsuite", {"name": clean(name), **_counts(cases)})
    suite.set("time", f"{max(known, default=0.0):.3f}")
    if card:
        if dated := _DATED.match(card.run):
            suite.set("timestamp", f"{dated[1]}:{dated[2]}:{dated[3]}")
        properties = ET.SubElement(suite, "properties")
        for key, value in _properties(card):
            ET.SubElement(properties, "property", {"name": key, "value": clean(value)})
    for case in cases:
        _element(suite, run.scenario, case)
    return suite


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    def count(outcome: Outcome) -> str:
        return str(sum(case.outcome == outcome for case in cases))

    return {
        "tests": str(len(cases)),
        "failures": count("failure"),
        "errors": count("error"),
        "skipped": count("skipped"),
    }


def _properties(card: Scorecard) -> Iterator[tuple[str, str]]:
    yield from (("run", card.run), ("title", card.title), ("profile", card.profile), ("stack", card.stack))
    yield from (("verdict", card.verdict.value), ("exit_code", str(card.exit_code)))
    for measure in card.measures:
        if measure.state is State.OBSERVED and measure.value is not None:
            yield f"{measure.id} ({measure.unit})", f"{round(measure.value, 6):.12g}"


def _element(suite: ET.Element, scenario: str, case: _Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        {"classname": f"gameday.{clean(scenario)}", "name": clean(case.name), "time": f"{case.seconds:.3f}"},
    )
    said = clean(case.said, _LONG)
    if case.outcome == "skipped":
        ET.SubElement(element, "skipped", {"message": said})
    elif case.outcome != "passed":
        kind = "missed" if case.outcome == "failure" else "unknown"
        ET.SubElement(element, case.outcome, {"message": said, "type": f"gameday.{kind}"}).text = said
    elif said:
        ET.SubElement(element, "system-out").text = said


def _cases(run: Ended) -> Iterator[_Case]:
    card = run.scorecard
    if card is None:
        yield _Case(
            "verdict", "error", f"the run came to no scorecard; exit code {run.code}, see its messages"
        )
        return
    yield _verdict(card, run.code)
    for measure in card.measures:
        if measure.id in card.gates or measure.budget is not None or measure.verdict is not None:
            yield _criterion(card, measure)
    yield from (_fault(card, fault) for fault in card.faults)
    if card.clean is False:
        yield _Case("stack-clean", "error", "; ".join(["not put back", *card.differences, *card.by_hand]))
    elif card.clean is None:
        yield _Case("stack-clean", "skipped", "the stack was never compared with what it was")
    else:
        yield _Case("stack-clean", "passed")


def _verdict(card: Scorecard, code: int) -> _Case:
    """The run as a whole: what the exit code says."""
    why = "; ".join(card.reasons)
    if code not in {card.exit_code, ExitCode.PASSED}:
        return _Case("verdict", "error", f"exit code {code}, see the run's messages; {why}".rstrip("; "))
    if card.exit_code == ExitCode.PASSED:
        return _Case("verdict", "passed")
    if card.exit_code == ExitCode.MISSED:
        return _Case("verdict", "failure", why)
    return _Case("verdict", "error", f"{card.verdict.value}: {why}")


def _criterion(card: Scorecard, measure: Measure) -> _Case:
    name = "runbook" if measure.id == "runbook_coverage" else measure.id.removeprefix("time_to_")
    observed = measure.state is State.OBSERVED and measure.unit == "s" and measure.value is not None
    seconds = max(measure.value or 0.0, 0.0) if observed else 0.0
    limit = "" if measure.budget is None else f", budget {_limit(measure.unit, measure.budget)}"
    reason = reason_text(measure)
    said = f"{value_text(measure)}{limit}{f' ({reason})' if reason else ''}"
    if measure.verdict is Verdict.PASS:
        return _Case(name, "passed", said, seconds)
    if measure.id in card.gates:
        if measure.verdict is Verdict.FAIL:
            return _Case(name, "failure", said, seconds)
        return _Case(name, "skipped", said)
    if card.verdict is Verdict.UNKNOWN:
        return _Case(name, "skipped", f"the run is inconclusive, so this decides nothing: {said}")
    missed = "missed" if measure.verdict is Verdict.FAIL else "not judged"
    return _Case(name, "skipped", f"{missed}, and no gate of the rubric: {said}")


def _limit(unit: str, value: float) -> str:
    return budget(value) if unit == "s" else of_unit(unit, value)


def _fault(card: Scorecard, fault: FaultFacts) -> _Case:
    """A problem that neither kept the run from being graded nor left anything behind is told, no more."""
    said = "; ".join(fault.problems)
    if fault.problems and (card.verdict is Verdict.UNKNOWN or card.clean is False):
        return _Case(f"fault-{fault.id}", "error", said)
    if fault.triggered is None:
        return _Case(f"fault-{fault.id}", "skipped", "it was not injected")
    return _Case(f"fault-{fault.id}", "passed", said)
