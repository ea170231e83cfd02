"""Scripted responders whose outcome is fixed here, not by what a scenario or the grader says."""

from __future__ import annotations

from typing import Any

from gameday import events as e
from gameday.score.card import State, Verdict
from tests.unit.score.build import (
    FIRED,
    IMPACT,
    MEND,
    RUNBOOK,
    UNSENT,
    Story,
    act,
    answered,
    incident,
    inputs,
)

NEVER: dict[str, Any] = {"bad": [(IMPACT, 400.0)], "end": 260.0, "reason": "time_up"}


def test_noop() -> None:
    """Nobody does anything: the clock of mitigation is censored, and that is a miss."""
    card = incident(inputs(RUNBOOK), **NEVER).grade()

    assert card.measure("time_to_mitigate").state is State.CENSORED
    assert (card.verdict, card.exit_code) == (Verdict.FAIL, 1)


def test_perfect() -> None:
    """The runbook to the letter."""
    card = answered().grade()
    assert card.adherence

    assert card.verdict is Verdict.PASS
    assert (card.adherence.coverage_verified, card.adherence.order, card.adherence.economy) == (1.0, 1.0, 1.0)


def test_tick_everything() -> None:
    """Attests every step, does none."""
    story = incident(inputs(RUNBOOK), **NEVER).at(27.0, act(e.Acknowledged))
    for name in RUNBOOK["steps"]:
        story.at(30.0, act(e.StepTicked, step=name))
    card = story.grade()
    assert card.adherence
    assert card.adherence.coverage_verified is not None

    assert card.verdict is Verdict.FAIL
    assert card.adherence.coverage_verified <= 0.05


def test_wrong_order() -> None:
    """The right fix, steps inverted."""
    story = incident(inputs(RUNBOOK)).at(27.0, act(e.Acknowledged)).lever(38.0, 1, "rollback")
    card = story.at(44.0, act(e.Looked, topic="deploys")).grade()
    assert card.adherence
    assert card.adherence.order is not None

    assert card.milestone("mitigated").state is State.OBSERVED
    assert card.adherence.order < 1


def test_fix_before_looking() -> None:
    """The right fix at once: mitigated, and said to be luck."""
    card = incident(inputs(RUNBOOK)).at(27.0, act(e.Acknowledged)).lever(38.0, 1, "rollback").grade()
    assert card.adherence

    assert card.milestone("mitigated").state is State.OBSERVED
    assert card.adherence.lucky_pass


def test_no_words() -> None:
    """The right fix, no declaration, no update: mitigated; what was not said is missing and graded so."""
    card = answered().without(e.Declared, e.UpdatePosted).grade()

    assert card.milestone("mitigated").state is State.OBSERVED
    assert card.milestone("declared").state is State.MISSING
    assert card.measure("time_to_declare").verdict is Verdict.UNKNOWN  # ten minutes were not over
    assert card.measure("severity_correct").verdict is Verdict.FAIL


def test_no_words_for_longer_than_the_budget() -> None:
    """Then it is a miss."""
    told = inputs(RUNBOOK, scenario={"expect": {"declare": {"within": "30s"}}}, rubric={"gates": ["declare"]})
    card = answered(told).without(e.Declared).grade()

    assert (card.verdict, card.exit_code) == (Verdict.FAIL, 1)


def test_wrong_severity() -> None:
    """As perfect, but for the severity."""
    story = answered().without(e.Declared).at(28.0, act(e.Declared, severity="SEV3", affects=["auth"]))
    card = story.grade()

    assert card.verdict is Verdict.PASS
    assert card.measure("severity_correct").verdict is Verdict.FAIL


def test_delete_service() -> None:
    """No service, no errors, no requests: never mitigated."""
    story = incident(inputs(RUNBOOK), how=UNSENT, **NEVER).at(27.0, act(e.Acknowledged))
    card = story.lever(30.0, 1, "scale", did="auth 2 -> 0 replicas").grade()

    assert card.milestone("mitigated").state is State.CENSORED
    assert (card.verdict, card.exit_code) == (Verdict.FAIL, 1)


def test_via_injector() -> None:
    """Removing the fault through gameday itself during Respond disqualifies."""
    story = answered().without(e.LeverBegan, e.LeverEnded)
    card = story.at(38.0, e.FaultReverting(fault="release", by="revert")).grade()

    assert (card.verdict, card.exit_code) == (Verdict.FAIL, 1)
    assert "disqualified" in card.reasons[0]


def test_restoring_through_gameday_disqualifies_too() -> None:
    """Whichever of its means."""
    things = {"auth": {"version": "v1.2.3"}}
    card = answered().at(38.0, e.ThingsRestored(things=things, by="revert", ok=True)).grade()

    assert (card.verdict, card.exit_code) == (Verdict.FAIL, 1)


def test_a_revert_after_the_runner_died_disqualifies_nobody() -> None:
    """The run did not finish; `gameday revert` then did what it is for."""
    story = answered().without(e.RespondEnded, e.RunEnded, e.FaultReverting)
    card = story.at(80.0, e.FaultReverting(fault="release", by="revert")).grade()

    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)


def test_vanish() -> None:
    """The fault is taken away by a hand that leaves no event: UNKNOWN, out of band."""
    story: Story = answered().without(e.LeverBegan, e.LeverEnded, e.RecipeWritten)
    card = story.grade()
    assert card.mitigation

    assert card.mitigation.by == "out_of_band"
    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)


def test_silence() -> None:
    """An alert that ends early moves neither detection nor mitigation."""
    quiet = incident(inputs(RUNBOOK), **NEVER).at(FIRED + 1, e.AlertEnded(monitor="errors", value=None))
    card = quiet.grade()

    assert card.milestone("detected").at == FIRED
    assert card.verdict is Verdict.FAIL


def test_mended_is_when_users_are_well_not_when_the_alert_ends() -> None:
    """The alert's end comes two seconds later and dates nothing."""
    card = answered().grade()
    mended = card.milestone("mitigated").at

    assert mended is not None
    assert abs(mended - MEND) < 0.1
