"""The observer's probes against the card."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.judging import Comparison, Probe, compare, first_bad, lastingly_good, on_clock

ROOT = Path(__file__).parents[3]


def probes(*outcomes: tuple[float, float | None, str]) -> list[Probe]:
    """Probes by their sending, the seconds that they took, their problem."""
    return [Probe(sent, None if took is None else sent + took, problem) for sent, took, problem in outcomes]


def test_the_observer_imports_nothing_of_gameday() -> None:
    """Whoever checks the clock must not share its code: only the standard library and an HTTP client."""
    tree = ast.parse((ROOT / "benchmarks" / "observer.py").read_text())
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert {name.split(".")[0] for name in names} & {"gameday", "benchmarks", "tests"} == set()


def test_what_makes_a_probe_bad() -> None:
    """A failure, an answer later than allowed, none at all."""
    found = probes((0, 0.1, ""), (1, 0.1, "503"), (2, 2.1, ""), (3, None, ""))

    assert [probe.bad(2.0) for probe in found] == [False, True, True, True]


def test_impact_is_the_sending_of_the_first_bad_probe_after_the_trigger() -> None:
    """What was bad before the trigger does not count."""
    found = probes((0, 0.1, "503"), (1, 0.1, ""), (2, 2.5, ""), (3, 0.1, "503"))

    assert first_bad(found, 0.5, 2.0) == 2
    assert first_bad(found[:2], 0.5, 2.0) is None


def test_recovery_is_the_first_answer_from_which_on_all_that_were_sent_are_good() -> None:
    """A probe that hung and was answered by the mend may be answered before those that were sent later."""
    found = probes((1, 0.1, "503"), (2, 0.1, ""), (3, 2.5, ""), (4, 1.5, ""), (5, 0.3, ""), (9, 0.1, "503"))

    assert lastingly_good(found, 0, 8, 2.0) == pytest.approx(5.3)
    assert lastingly_good(found, 0, 10, 2.0) is None


def test_instants_are_those_of_the_run() -> None:
    """The observer reads the machine's clock; the run's begins at its base."""
    assert on_clock([[101.5, 101.6, ""], [102, None, "unfinished"]], 100.0) == [
        Probe(1.5, pytest.approx(1.6), ""),
        Probe(2.0, None, "unfinished"),
    ]


@pytest.mark.parametrize(
    ("observed", "outside", "inside"),
    [(4.9, -0.1, False), (4.985, -0.015, True), (5.05, 0.0, True), (5.119, 0.019, True), (5.2, 0.1, False)],
)
def test_an_instant_against_the_bounds_of_the_card(observed: float, outside: float, inside: bool) -> None:
    """Inside, or outside by no more than the observer's own pace."""
    comparison = Comparison(observed, 5.0, 5.1)

    assert comparison.outside == pytest.approx(outside)
    assert comparison.inside(0.02) is inside
    assert comparison.width == pytest.approx(0.1)


def test_what_one_of_the_two_did_not_see_is_not_compared() -> None:
    """A milestone that is missing or censored has no bounds."""
    seen = {"state": "observed", "earliest": 1.0, "latest": 2.0}

    assert compare(1.5, seen) == Comparison(1.5, 1.0, 2.0)
    assert compare(None, seen) is None
    assert compare(1.5, {**seen, "state": "censored"}) is None
