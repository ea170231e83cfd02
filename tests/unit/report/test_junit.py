"""JUnit XML: what CI shows of a run agrees with its exit code, and every reader of the format can take it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from gameday.errors import ExitCode
from gameday.history import History
from gameday.report.junit import Ended, junit
from gameday.report.scorecard import from_json, to_json
from gameday.score import card as c
from gameday.score.grading import grade
from tests.unit.report import cards, samples

_COUNTS = {"tests", "failures", "errors", "skipped"}
_MAY = {
    "testsuites": ({"name", "time", *_COUNTS}, ["testsuite"]),
    "testsuite": ({"name", "time", "timestamp", *_COUNTS}, ["properties", "testcase"]),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"classname", "name", "time"}, ["skipped", "error", "failure", "system-out"]),
    "skipped": ({"message"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
}
"""Element -> its attributes and, in order, its children, as in the schema that Jenkins' readers use."""


def read(runs: Sequence[Ended]) -> ET.Element:
    """The document, after every check that a reader of the format makes."""
    root = ET.fromstring(junit(runs))  # noqa: S314 - our own
    for element in root.iter():
        attributes, children = _MAY[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places), element.tag
        if "time" in element.attrib:
            assert math.isfinite(float(element.attrib["time"]))
            assert float(element.attrib["time"]) >= 0
    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == sum(case.find(tag) is not None for case in cases)
        assert all(case.attrib["name"] for case in cases)
    for suite in root:
        names = [case.attrib["name"] for case in suite.iter("testcase")]
        assert len(set(names)) == len(names)
    return root


def outcome(root: ET.Element, name: str) -> tuple[str, str]:
    """What a case came to, and its message."""
    case = next(case for case in root.iter("testcase") if case.attrib["name"] == name)
    found = next((child for child in case if child.tag != "system-out"), None)
    return ("passed", "") if found is None else (found.tag, found.attrib["message"])


def ended(card: c.Scorecard) -> list[Ended]:
    """A run whose exit code is its card's."""
    return [Ended(card.scenario, card.exit_code, card)]


def test_a_run_that_passed() -> None:
    """One suite, a case for each criterion, its time the value, nothing red."""
    root = read(ended(grade(samples.incident())))
    suite = root[0]
    assert (suite.attrib["name"], suite.attrib["errors"], suite.attrib["failures"]) == (
        "auth-connection-leak",
        "0",
        "0",
    )
    assert suite.attrib["timestamp"] == "2026-01-15T14:23:00"
    case = next(case for case in suite.iter("testcase") if case.attrib["name"] == "detect")
    assert case.attrib["classname"] == "gameday.auth-connection-leak"
    assert float(case.attrib["time"]) == pytest.approx(6.083, abs=0.01)
    for name in ("verdict", "impact", "detect", "mitigate", "runbook", "stack-clean"):
        assert outcome(root, name)[0] == "passed", name


def test_a_run_that_missed() -> None:
    """Gates that were missed are failures with value, budget and reason; a gate that nobody could judge is skipped."""
    root = read(ended(grade(samples.nobody())))
    assert outcome(root, "verdict")[0] == "failure"
    tag, message = outcome(root, "detect")
    assert tag == "failure"
    assert message.startswith("never, budget 30 s (no listed monitor fired")
    assert outcome(root, "mitigate")[0] == "skipped"
    assert root.attrib["errors"] == "0"


def test_a_run_that_proves_nothing_is_an_error(log: History) -> None:
    """CI notices UNKNOWN and does not take it for a miss: its criteria decide nothing."""
    card = cards.scorecard(log, verdict=c.Verdict.UNKNOWN, exit_code=3, reasons=["interrupted"], gates=[])
    missed = [
        one.model_copy(update={"verdict": c.Verdict.FAIL}) if one.id == "time_to_detect" else one
        for one in card.measures
    ]
    root = read(ended(card.model_copy(update={"measures": missed})))
    assert outcome(root, "verdict") == ("error", "UNKNOWN: interrupted")
    assert outcome(root, "detect")[0] == "skipped"
    assert root.attrib["failures"] == "0"


def test_what_is_no_gate_turns_nothing_red(log: History) -> None:
    """A run with exit code 0 is green whatever else was missed; the miss is told."""
    card = cards.scorecard(log)
    missed = [
        one.model_copy(update={"verdict": c.Verdict.FAIL}) if one.id == "time_to_declare" else one
        for one in card.measures
    ]
    root = read(ended(card.model_copy(update={"measures": missed})))
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    assert outcome(root, "declare")[1].startswith("missed, and no gate of the rubric: 1.2 s")


def test_what_gameday_could_not_do_is_an_error(log: History) -> None:
    """A fault that could not be made, a stack that is not clean (with the commands), a run without a card."""
    facts = c.FaultFacts(
        id="release", experiment="bad-release", triggered=12.5, in_place=None, ended=None, reverted=False,
        problems=["not put back: no answer"],
    )  # fmt: skip
    card = cards.scorecard(
        log, clean=False, exit_code=4, reasons=["the stack is not clean"], faults=[facts],
        differences=["auth.version: v1.3.0"], by_hand=["curl -X POST ..."],
    )  # fmt: skip
    root = read(ended(card))
    assert outcome(root, "verdict")[0] == "error"
    assert outcome(root, "fault-release") == ("error", "not put back: no answer")
    assert outcome(root, "stack-clean") == ("error", "not put back; auth.version: v1.3.0; curl -X POST ...")
    assert outcome(read([Ended("x", 70, None)]), "verdict")[0] == "error"
    assert outcome(read([Ended("x", 4, grade(samples.incident()))]), "verdict")[0] == "error"


def test_a_file_of_several_runs() -> None:
    """A suite for each, counted together, also what cannot stand in XML."""
    good, bad = grade(samples.incident()), grade(samples.nobody())
    strange = bad.model_copy(update={"reasons": ["a \x00 \x1b[31m <b> & \ud800"]})
    root = read([*ended(good), *ended(strange), Ended("third\x01", 3, None)])
    assert len(root) == 3
    assert "<b> &" in outcome(root[1], "verdict")[1]


@pytest.mark.parametrize("story", [samples.incident, samples.nobody])
def test_red_where_the_exit_code_is(story: object) -> None:
    """From the card or from scorecard.json read again: the same document, red exactly where the exit code is not 0."""
    card = grade(story())  # type: ignore[operator]
    again = from_json(to_json(card))
    assert junit(ended(again)) == junit(ended(card))
    root = read(ended(card))
    red = root.attrib["failures"] != "0" or root.attrib["errors"] != "0"
    assert red == (card.exit_code != ExitCode.PASSED)
