"""Severity and updates."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.score.card import Measure, State, Verdict
from tests.unit.score.build import IMPACT, act, answered, incident, inputs

RUBRIC = {"budgets": {"SEV1": {"first_update": "70s", "update_every": "60s"}}}
LONG: dict[str, Any] = {"bad": [(IMPACT, 400.0)], "end": 300.0, "reason": "time_up"}
"""Declared at 30 s, Respond ends at 300 s."""


@pytest.mark.parametrize(
    ("severity", "value", "word"),
    [("SEV1", 1.0, ""), ("SEV3", 0.0, "under-triage, the worse mistake"), ("SEV9", 0.0, "no severity")],
)
def test_severity_against_the_truth(severity: str, value: float, word: str) -> None:
    """Graded apart from everything else."""
    measure = incident().at(28.0, act(e.Declared, severity=severity)).grade().measure("severity_correct")

    assert measure.value == value
    assert word in measure.reason


def test_over_triage_is_the_lesser_mistake() -> None:
    """Still a mistake."""
    told = inputs(scenario={"truth": {"severity": "SEV3"}})
    measure = incident(told).at(28.0, act(e.Declared, severity="SEV2")).grade().measure("severity_correct")

    assert (measure.value, measure.verdict) == (0.0, Verdict.FAIL)
    assert measure.reason == "SEV2 declared for SEV3: over-triage, the lesser mistake"


def test_a_corrected_severity_counts() -> None:
    """The last one declared is the team's judgement."""
    story = incident().at(28.0, act(e.Declared, severity="SEV3")).at(35.0, act(e.Declared, severity="SEV1"))

    assert story.grade().measure("severity_correct").verdict is Verdict.PASS


def updates(*at: float, promise: float | None = None, end: float = 300.0) -> Measure:
    """`updates_on_time` with updates posted at these instants."""
    story = incident(inputs(rubric=RUBRIC), **{**LONG, "end": end}).at(30.0, act(e.Declared, severity="SEV1"))
    for t in at:
        story.at(t, act(e.UpdatePosted, status="investigating", text="x", next_update=promise))
    return story.grade().measure("updates_on_time")


def test_first_and_cadence_kept() -> None:
    """Within 70 s of the declaration, then every minute."""
    measure = updates(90.0, 145.0, 200.0, 255.0)

    assert (measure.value, measure.verdict) == (1.0, Verdict.PASS)


def test_a_gap_is_missed() -> None:
    """Three of four due updates came in time; which one did not is said."""
    measure = updates(90.0, 145.0, 225.0, 280.0)

    assert (measure.value, measure.verdict) == (0.75, Verdict.FAIL)
    assert measure.reason == "missed: update 3"


def test_none_at_all_is_missed() -> None:
    """The first one was due and did not come."""
    assert (updates().value, updates().verdict) == (0.0, Verdict.FAIL)


def test_what_was_not_yet_due_is_unknown() -> None:
    """Respond ended before the first one had to come."""
    measure = updates(end=90.0)

    assert (measure.state, measure.value, measure.verdict) == (State.CENSORED, None, Verdict.UNKNOWN)


def test_a_promise_must_be_kept() -> None:
    """`next update in 20 s` is a promise, whatever the rubric asks for."""
    kept, broken = (
        updates(90.0, 105.0, end=120.0, promise=20.0),
        updates(90.0, 115.0, end=120.0, promise=20.0),
    )

    assert kept.verdict is Verdict.PASS
    assert broken.reason == "missed: the promise of update 1"


def test_resolved_ends_the_cadence() -> None:
    """After it nothing more is due."""
    story = incident(inputs(rubric=RUBRIC), **LONG).at(30.0, act(e.Declared, severity="SEV1"))
    story.at(60.0, act(e.UpdatePosted, status="resolved", text="x"))

    assert story.grade().measure("updates_on_time").verdict is Verdict.PASS


def test_at_declaration_means_within_the_minute() -> None:
    """A first update due at once needs somebody to write it."""
    assert answered().grade().measure("updates_on_time").verdict is Verdict.PASS


def test_without_a_budget_no_updates_are_due() -> None:
    """A severity whose rubric asks for none."""
    told = inputs(rubric={"budgets": {"SEV1": None}})

    assert (
        answered(told).without(e.UpdatePosted).grade().measure("updates_on_time").state
        is State.NOT_APPLICABLE
    )
