"""What makes a verdict and an exit code."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.score import grade
from gameday.score.card import Verdict
from tests.unit.score.build import END, IMPACT, Story, act, answered, incident, inputs

NONE = inputs(
    scenario={
        "expect": {"impact": "none", "detect": None, "acknowledge": {"within": "1s"}, "mitigate": None}, "truth": None
    }
)  # fmt: skip
ALLOWED = inputs(scenario={"expect": {"impact": "allowed"}})


def outcome(story: Story) -> tuple[Verdict, int]:
    """Verdict and exit code."""
    card = story.grade()
    return card.verdict, card.exit_code


PASSED, MISSED, UNKNOWN = (Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.UNKNOWN, 3)


def test_a_good_answer_passes_without_a_reason() -> None:
    """Exit 0, nothing to explain."""
    assert outcome(answered()) == PASSED
    assert answered().grade().reasons == []


def test_a_missed_gate_fails_with_its_figure() -> None:
    """The reason names measure, value and budget."""
    told = inputs(scenario={"expect": {"acknowledge": {"within": "500ms"}}})
    card = answered(told).grade()

    assert (card.verdict, card.exit_code) == MISSED
    assert card.reasons == ["time_to_acknowledge: 1.0 s, budget 0.5 s"]


def test_only_the_rubrics_gates_count() -> None:
    """A missed budget outside of the gates is shown and changes nothing."""
    expect = {"expect": {"acknowledge": {"within": "500ms"}}}
    told = inputs(scenario=expect, rubric={"gates": ["impact", "mitigate"]})
    card = answered(told).grade()

    assert card.measure("time_to_acknowledge").verdict is Verdict.FAIL
    assert (card.verdict, card.exit_code) == PASSED


@pytest.mark.parametrize(
    "event",
    [
        e.Aborted(reason="refused", detail="another run holds the stack"),
        e.Interrupted(times=1),
        e.GuardTripped(guard="host_memory_available < 500MB", value=1.0),
        e.LoadEnded(expected=False, code=1),
        e.BaselineJudged(held=False, problems=["error_rate < 1%: 0.2"], rate=50),
        e.FaultInjected(fault="release", ok=False, problem="no such service"),
    ],
)
@pytest.mark.parametrize("good", [True, False])
def test_a_stopped_run_is_not_graded(event: e.Event, good: bool) -> None:
    """Whatever its measures say: UNKNOWN and 3, with the reason."""
    story = answered() if good else incident(bad=[(IMPACT, 300)], end=200.0, reason="time_up")
    card = story.at(50.0, event).grade()

    assert (card.verdict, card.exit_code) == UNKNOWN
    assert card.reasons


def test_a_baseline_that_did_not_hold_is_said_once() -> None:
    """The log has it twice, as a judgement and as why the run was refused; the card has it once."""
    said = "error_rate < 1%: 20.0 % at 4.0 s"
    story = Story(inputs()).at(5.0, e.BaselineJudged(held=False, problems=[said], rate=50))
    story.at(
        5.1, e.Aborted(reason="refused", detail=f"the baseline did not hold, so nothing was injected: {said}")
    )
    story.at(6.0, e.RunEnded())

    assert " ".join(story.grade().reasons).count(said) == 1


@pytest.mark.parametrize("reason", ["no_impact", "guard", "halt", "interrupt", "failure"])
def test_respond_that_ended_otherwise_is_not_graded(reason: str) -> None:
    """The responders did not have their time."""
    assert outcome(answered(reason=reason)) == UNKNOWN


def test_no_effect_no_grade() -> None:
    """The fault was in place and no user felt it: nobody can be graded by it."""
    card = incident(bad=[], alert=None, reason="no_impact").grade()

    assert (card.verdict, card.exit_code) == UNKNOWN
    assert card.reasons == ["fault had no observable impact"]


def test_nothing_injected_is_not_graded() -> None:
    """A run that ended before its trigger."""
    story = incident(bad=[]).without(
        e.FaultTriggered, e.FaultInjected, e.FaultChecked, e.RespondEnded, e.AlertFired, e.AlertEnded
    )

    assert outcome(story) == UNKNOWN


def test_a_run_that_did_not_finish_is_not_graded() -> None:
    """Without its last record nobody knows what else would have come."""
    card = answered().without(e.RunEnded).grade()

    assert (card.verdict, card.exit_code) == UNKNOWN
    assert card.reasons == ["the run did not finish"]


def test_a_stack_that_was_never_compared_is_no_pass() -> None:
    """Nobody knows whether everything was put back."""
    assert outcome(answered().without(e.StackCompared)) == UNKNOWN


@pytest.mark.parametrize("good", [True, False])
def test_a_stack_left_unclean_is_exit_4(good: bool) -> None:
    """Whatever the verdict."""
    story = answered() if good else incident(bad=[(IMPACT, 300)], end=200.0, reason="time_up")
    left = e.StackCompared(
        clean=False, differences=["auth version is v1.3.0, was v1.2.3"], by_hand=["gameday stack"]
    )
    card = story.without(e.StackCompared).at(290.0, left).grade()

    assert card.exit_code == 4
    assert (card.clean, card.differences, card.by_hand) == (False, [*left.differences], ["gameday stack"])


def test_a_failed_revert_is_exit_4_unless_all_it_touched_was_read_back() -> None:
    """The stack itself may bring back what the rollback did not; what no recipe names, nobody can read back."""
    failed = e.FaultReverted(fault="release", ok=False, problem="timed out")
    mended = answered().without(e.FaultReverted).at(END + 0.5, failed)
    unread = answered().without(e.FaultReverted, e.RecipeWritten).at(END + 0.5, failed)

    assert outcome(mended) == PASSED
    assert unread.grade().exit_code == 4


def test_no_impact_expected_and_none_felt_passes() -> None:
    """The platform absorbed it, or nothing was broken; nobody had to answer."""
    card = incident(NONE, bad=[], alert=None, reason="time_up").grade()

    assert (card.verdict, card.exit_code) == PASSED
    assert card.measure("time_to_acknowledge").state.value == "not_applicable"
    assert card.measure("time_to_impact").verdict is Verdict.PASS


def test_no_impact_expected_and_one_felt_fails() -> None:
    """That is what the scenario is for."""
    assert outcome(incident(NONE, reason="time_up")) == MISSED


def test_an_unwanted_impact_fails_even_where_the_fault_healed_by_itself() -> None:
    """Nobody was asked to mend it, so it does not matter who did."""
    gone = e.FaultChecked(fault="release", in_place=False, at=39.0, last_in_place=37.0)

    assert outcome(incident(NONE, reason="time_up").at(39.0, gone)) == MISSED


def test_no_impact_can_only_be_seen_by_requests() -> None:
    """Without load nobody could have felt anything: UNKNOWN, not PASS."""
    story = incident(NONE, bad=[], alert=None, reason="time_up").without(e.Requests)

    assert outcome(story) == UNKNOWN


def test_declaring_where_nothing_is_wrong_is_a_false_alarm() -> None:
    """And an alert there is noise."""
    story = incident(NONE, bad=[], reason="time_up").at(28.0, act(e.Declared, severity="SEV2"))
    card = story.grade()

    assert (card.verdict, card.exit_code) == MISSED
    assert "false alarm" in card.reasons[0]
    assert card.detection.alerts[0].role == "noise"


@pytest.mark.parametrize("bad", [[], [(IMPACT, 40.0)]])
def test_allowed_impact_takes_either(bad: list[tuple[float, float]]) -> None:
    """Felt and answered is a pass; not felt is one too, with nothing to answer."""
    assert outcome(answered(ALLOWED, bad=bad, alert=26.0 if bad else None)) == PASSED


def test_allowed_impact_that_is_felt_must_be_answered() -> None:
    """Nobody answered."""
    assert outcome(incident(ALLOWED, bad=[(IMPACT, 300.0)], end=200.0, reason="time_up")) == MISSED


@pytest.mark.parametrize("word", ["fail", "pass", "inconclusive", None])
def test_grading_never_reads_alone(word: str | None) -> None:
    """What a scenario promises about an unanswered run changes no card."""
    assert answered(inputs(scenario={"alone": word})).grade() == answered(inputs()).grade()
    noop: dict[str, Any] = {"bad": [(IMPACT, 300.0)], "end": 200.0, "reason": "time_up"}
    assert incident(inputs(scenario={"alone": word}), **noop).grade() == incident(inputs(), **noop).grade()


def test_the_same_log_gives_the_same_card_byte_for_byte() -> None:
    """Grading is a pure function."""
    history = answered().history()
    again = type(history)(history)

    assert grade(history).model_dump_json() == grade(again).model_dump_json()


def test_unknown_events_are_ignored() -> None:
    """A log of a newer version is graded by what is known of it."""
    newer = answered().at(30.0, e.Unknown(type="telepathy", fields={"a": 1})).grade()

    assert (newer.verdict, newer.exit_code) == PASSED
