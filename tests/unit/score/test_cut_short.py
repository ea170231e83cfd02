"""Runs whose responders did not have their time: what they had no time for is not held against anybody."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.card import State, Verdict
from tests.unit.score.build import IMPACT, RUNBOOK, act, answered, incident, inputs

BAD = [(IMPACT, 300.0)]


@pytest.mark.parametrize("reason", ["interrupt", "failure", "guard", "halt"])
def test_what_was_not_due_yet_is_not_known(reason: str) -> None:
    """Cut short eight seconds after impact, before anybody could notice or answer."""
    card = incident(inputs(RUNBOOK), bad=BAD, end=IMPACT + 8, alert=None, reason=reason).grade()
    detect = card.measure("time_to_detect")

    assert (detect.state, detect.verdict) == (State.CENSORED, Verdict.UNKNOWN)
    assert card.detection.silent == []
    assert not [measure.id for measure in card.measures if measure.verdict is Verdict.FAIL]


def test_nobody_must_declare_in_the_second_of_the_page() -> None:
    """Interrupted right after the page: neither the severity nor the runbook is failed."""
    card = incident(inputs(RUNBOOK), bad=BAD, end=26.3, reason="interrupt").grade()

    assert card.measure("severity_correct").verdict is Verdict.UNKNOWN
    assert card.measure("runbook_coverage").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("end", "reason"), [(IMPACT + 8, "time_up"), (IMPACT + 40, "interrupt")])
def test_what_was_due_is_missed(end: float, reason: str) -> None:
    """The whole time was had, or the budget had passed before the end."""
    card = incident(inputs(RUNBOOK), bad=BAD, end=end, alert=None, reason=reason).grade()

    assert card.measure("time_to_detect").verdict is Verdict.FAIL
    assert card.detection.silent == ["errors"]


def test_without_the_end_of_respond_nobody_is_graded() -> None:
    """A run that finished and never recorded how long the responders had."""
    card = incident(inputs(RUNBOOK), bad=BAD, alert=None).without(e.RespondEnded).grade()

    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)
    assert "the time of the responders was not recorded" in card.reasons


def test_a_revert_after_a_crash_changes_no_grade() -> None:
    """A run that died at 30 s ends there, whenever somebody puts its fault back."""
    story = incident(bad=BAD, end=28.0).without(
        e.RespondEnded, e.RunEnded, e.PhaseBegan, e.FaultReverting, e.FaultReverted, e.StackCompared, e.InventoryTaken
    )  # fmt: skip
    before = story.grade()
    story.at(500.0, e.FaultReverting(fault="release", by="revert"))
    story.at(501.0, e.FaultReverted(fault="release", ok=True))
    after = story.grade()

    assert after.measures == before.measures
    assert after.measure("time_to_acknowledge").verdict is Verdict.UNKNOWN
    assert (after.measure("bad_seconds").earliest or 0) < 10


def test_a_lever_that_is_in_the_runbook_and_failed_is_no_extra() -> None:
    """It was tried: no deviation, no loss of economy."""
    hung = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback").without(e.LeverEnded).grade()
    assert hung.adherence is not None
    grade = next(each for each in hung.adherence.steps if each.step == "rollback")

    assert (grade.move, grade.deviation) == ("extra", "")
    assert "did not succeed" in grade.detail
    assert hung.adherence.economy == 1


def test_a_fault_ends_with_the_act_that_mends_it() -> None:
    """Not when it was last seen in place, long before."""
    story = answered().without(e.FaultChecked)
    story.at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    story.at(41.0, e.FaultChecked(fault="release", in_place=False, at=41.0, last_in_place=30.0))

    assert story.grade().faults[0].ended == 38.0


def test_a_lever_is_one_act() -> None:
    """Its begin and its end are not counted apart."""
    (alice,) = incident().lever(38.0, 1, "rollback").grade().responders

    assert alice.acts == 1


def test_bad_requests_are_counted_within_the_impact() -> None:
    """All that was sent from impact to mitigation, and no more."""
    load = answered().at(27.5, act(e.Noted, text="x")).grade().load

    assert load.impact_bad == 18 * 50
    assert load.impact_offered == pytest.approx(18 * 50, abs=5)
    assert load.offered > load.impact_offered
