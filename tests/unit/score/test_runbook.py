"""Runbook adherence: what was done, how well that is known, in which order, and what else was done."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.score.card import Adherence, StepGrade, Verdict
from tests.unit.score.build import (
    FIRED,
    IMPACT,
    MEND,
    RUNBOOK,
    Story,
    act,
    answered,
    incident,
    inputs,
    merged,
)


def with_steps(**changes: Any) -> dict[str, Any]:
    """The sample's inputs with other runbook steps laid over its own; None removes one."""
    return inputs(merged(RUNBOOK, {"steps": changes}))


def adherence(story: Story) -> Adherence:
    """The card's adherence, which must be there."""
    found = story.grade().adherence
    assert found
    return found


def step(found: Adherence, name: str) -> StepGrade:
    """One step's grade."""
    return next(grade for grade in found.steps if grade.step == name)


def test_to_the_letter_is_one_everywhere() -> None:
    """All required steps verified, in order, in time, nothing else changed."""
    found = adherence(answered())

    assert (found.coverage_verified, found.order, found.economy, found.timeliness, found.fitness) == (
        1,
        1,
        1,
        1,
        1,
    )
    assert (found.applicable, found.done, found.verified, found.attested, found.lucky_pass) == (
        4,
        4,
        4,
        0,
        False,
    )


def test_what_was_not_done_is_skipped() -> None:
    """Half of the steps, half of the coverage; nobody explained it."""
    story = incident(inputs(RUNBOOK)).at(29.0, act(e.Looked, topic="deploys"))
    found = adherence(story.lever(38.0, 1, "rollback"))

    assert found.coverage_verified == 0.5
    assert step(found, "check-again").model_dump(include={"move", "deviation"}) == {
        "move": "skipped",
        "deviation": "unexplained",
    }


def test_weights_count() -> None:
    """A step of weight 5 covers five times as much."""
    story = incident(with_steps(**{"roll-back": {"weight": 5.0}})).lever(38.0, 1, "rollback")

    assert adherence(story).coverage_verified == pytest.approx(5 / 8)


def test_a_look_without_an_answer_proves_nothing() -> None:
    """Somebody asked and the system did not answer."""
    story = incident(inputs(RUNBOOK)).at(29.0, act(e.Looked, topic="deploys", ok=False))

    assert step(adherence(story), "check-deploys").move == "skipped"


def test_a_lever_that_failed_proves_nothing() -> None:
    """Nor one that never said what it did."""
    failed = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback", ok=False, changed=False)
    hung = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback").without(e.LeverEnded)

    assert step(adherence(failed), "roll-back").move == "skipped"
    assert step(adherence(hung), "roll-back").move == "skipped"


def tick(name: str = "check-deploys", t: float = 30.0, **fields: Any) -> Story:
    """A tick where the machine saw nothing."""
    return incident(inputs(RUNBOOK)).at(t, act(e.StepTicked, step=name, **fields))


@pytest.mark.parametrize(
    ("fields", "level"),
    [({}, "attested"), ({"doer": "alice"}, "attested"), ({"doer": "bob"}, "corroborated")],
)
def test_levels_of_a_tick(fields: dict[str, Any], level: str) -> None:
    """The doer's own word attests; a second person's corroborates. Neither counts for the lower bound."""
    found = adherence(tick(**fields))

    assert step(found, "check-deploys").level == level
    assert (found.coverage_verified, found.coverage_attested) == (0.0, 0.25)


def test_a_tick_long_after_the_fact_drops_a_level() -> None:
    """Five minutes after good service was back."""
    rubric = {"runbook": {"late_tick_after": "10s"}}
    story = incident(inputs(RUNBOOK, rubric=rubric))
    story.at(
        MEND + 15,
        act(e.StepTicked, step="check-deploys", doer="bob"),
        act(e.StepTicked, step="check-connections"),
    )
    found = adherence(story)

    assert step(found, "check-deploys").level == "attested"
    assert step(found, "check-connections").move == "skipped"


def test_the_machine_beats_a_tick() -> None:
    """A ticked step that was seen stays verified."""
    assert adherence(answered().at(50.0, act(e.StepTicked, step="check-deploys"))).verified == 4


def test_a_lever_that_does_not_confirm_is_a_defect_of_the_runbook() -> None:
    """It was done as written and what should confirm it never came true: not verified, and not the team's fault."""
    story = incident(inputs(RUNBOOK), bad=[(IMPACT, 300.0)], end=200.0, reason="time_up")
    found = adherence(story.at(29.0, act(e.Looked, topic="deploys")).lever(38.0, 1, "rollback"))
    grade = step(found, "roll-back")

    assert (grade.move, grade.level, grade.deviation) == ("sync", "attested", "runbook_defect")
    assert found.coverage_verified == 0.25


def test_without_data_nothing_confirms() -> None:
    """Then the step is done, but nobody can say that it is verified; the runbook has no defect."""
    grade = step(adherence(answered(scrapes=False)), "roll-back")

    assert (grade.level, grade.deviation) == ("attested", "")


@pytest.mark.parametrize(("version", "move"), [("v1.3.0", "sync"), ("v1.2.3", "not_applicable")])
def test_a_step_applies_where_its_fact_is_true(version: str, move: str) -> None:
    """Roll back if a release went out."""
    story = answered(with_steps(**{"roll-back": {"when": "recent_deploy"}})).without(e.InventoryTaken)
    story.at(0.5, e.InventoryTaken(when="before", things={"auth": {"version": "v1.2.3"}}))
    story.at(20.6, e.InventoryTaken(when="incident", things={"auth": {"version": version}}))

    assert step(adherence(story), "roll-back").move == move


@pytest.mark.parametrize(
    ("version", "moves"), [("v1.3.0", ("sync", "not_applicable")), ("v1.2.3", ("not_applicable", "skipped"))]
)
def test_a_step_may_be_for_when_something_is_not_so(version: str, moves: tuple[str, str]) -> None:
    """The two branches of a runbook: roll back where a release went out, look elsewhere where none did."""
    told = with_steps(
        **{
            "roll-back": {"when": "recent_deploy"},
            "look-elsewhere": {"evidence": {"look": "dependencies"}, "when": "not recent_deploy"},
        }
    )
    story = answered(told).without(e.InventoryTaken)
    story.at(0.5, e.InventoryTaken(when="before", things={"auth": {"version": "v1.2.3"}}))
    story.at(20.6, e.InventoryTaken(when="incident", things={"auth": {"version": version}}))
    found = adherence(story)

    assert (step(found, "roll-back").move, step(found, "look-elsewhere").move) == moves
    details = {step(found, name).detail for name in ("roll-back", "look-elsewhere")}
    assert details & {"it is the case: recent_deploy", "not the case: recent_deploy"}


def test_a_pull_that_found_nothing_to_change_is_no_extra_act() -> None:
    """Scaling to what there is already costs nothing: it changed nothing, so it is no deviation."""
    found = adherence(answered().lever(33.0, 2, "scale", changed=False, did="auth has 2 replicas already"))

    assert found.economy == 1
    assert [grade.step for grade in found.steps if grade.move == "extra"] == []


def test_what_became_true_after_the_mending_act_asks_for_nothing() -> None:
    """A step counts if its ``when`` was true between detection and the act that mended, not once all was well."""
    told = with_steps(
        early={"evidence": {"look": "config"}, "when": "error_rate > 50%"},
        late={"evidence": {"look": "config"}, "when": "error_rate < 1%"},
    )
    found = adherence(answered(told))

    assert [step(found, name).move for name in ("early", "late")] == ["skipped", "not_applicable"]


@pytest.mark.parametrize(("rate", "move"), [("50%", "sync"), ("100%", "not_applicable")])
def test_a_step_applies_where_its_condition_was_true(rate: str, move: str) -> None:
    """At some instant between detection and the mend, on what the system exports."""
    found = adherence(answered(with_steps(**{"check-connections": {"when": f"error_rate > {rate}"}})))

    assert step(found, "check-connections").move == move
    assert found.applicable == (4 if move == "sync" else 3)


def test_inverted_steps_are_done_but_out_of_order() -> None:
    """The right fix first, the look after it: covered, and order says so."""
    story = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback")
    story.at(45.0, act(e.Looked, topic="deploys")).at(46.0, act(e.Looked, topic="metrics"))
    found = adherence(story)

    assert (found.coverage_verified, found.order) == (0.75, 0.5)
    assert step(found, "roll-back").move == "inverted"
    assert found.fitness is not None
    assert found.fitness < 0.8


def test_list_order_is_no_order() -> None:
    """Only `after` orders steps; without a pair of them order is undefined, not 1."""
    story = (
        incident(inputs(RUNBOOK))
        .at(29.0, act(e.Looked, topic="connections"))
        .at(30.0, act(e.Looked, topic="deploys"))
    )

    assert adherence(story).order is None


def test_the_look_that_fits_best_is_taken() -> None:
    """Of three looks at metrics the one after the roll-back proves the check after it."""
    story = answered().at(28.5, act(e.Looked, topic="metrics")).at(37.0, act(e.Looked, topic="metrics"))
    found = adherence(story)

    assert (found.order, step(found, "check-again").at) == (1.0, 45.0)


def test_one_look_proves_one_step() -> None:
    """Two steps that ask for the same look need two."""
    twice = with_steps(**{"check-twice": {"evidence": {"look": "deploys"}}})

    assert adherence(answered(twice)).coverage_verified == 0.8
    assert adherence(answered(twice).at(33.0, act(e.Looked, topic="deploys"))).coverage_verified == 1.0


def test_alternatives_count_once() -> None:
    """Doing one of them does all; which one, the alignment says."""
    told = with_steps(
        **{
            "roll-back": {"any_of": "mend"},
            "switch-off": {"evidence": {"lever": "disable-flag"}, "any_of": "mend"},
        }
    )
    found = adherence(answered(told))

    assert (found.applicable, found.coverage_verified, found.order) == (4, 1.0, 1.0)
    assert step(found, "switch-off").detail == "an alternative was done"


def test_extra_levers_cost_economy_and_looks_are_free() -> None:
    """One of two mutating acts is not in the runbook; curiosity is not a fault."""
    story = answered().lever(32.0, 7, "scale", did="3 replicas").at(33.0, act(e.Looked, topic="config"))
    found = adherence(story)

    assert found.economy == 0.5
    assert step(found, "scale").model_dump(include={"move", "deviation"}) == {
        "move": "extra",
        "deviation": "unexplained",
    }


def test_a_reason_logged_at_the_time_justifies() -> None:
    """An extra lever, and a skipped step: shown, and free of charge in fitness."""
    story = incident(inputs(RUNBOOK)).lever(32.0, 7, "scale", because="to win time")
    story.at(29.0, act(e.Looked, topic="deploys")).at(30.0, act(e.Looked, topic="connections"))
    story.at(33.0, act(e.StepTicked, step="check-again", skipped=True, because="the graphs were on the wall"))
    found = adherence(story.lever(38.0, 1, "rollback"))

    assert step(found, "scale").deviation == "justified"
    assert step(found, "check-again").deviation == "justified"
    assert found.fitness == 1.0
    assert found.coverage_attested == 0.75


def test_a_lasting_mend_that_nobody_wrote_down_is_a_better_path() -> None:
    """Neither the scenario's levers nor the runbook name it: the runbook can learn."""
    story = incident(inputs(RUNBOOK)).lever(38.0, 1, "disable-flag", did="flag off")

    assert step(adherence(story), "disable-flag").deviation == "better_path"


def test_a_lever_known_to_mend_is_no_better_path() -> None:
    """The scenario lists it; the runbook does not."""
    told = inputs(RUNBOOK, scenario={"expect": {"mitigate": {"levers": ["rollback", "disable-flag"]}}})

    assert (
        step(adherence(incident(told).lever(38.0, 1, "disable-flag")), "disable-flag").deviation
        == "justified"
    )


def test_a_forbidden_act_fails_the_runbook() -> None:
    """However well the rest was done."""
    told = with_steps(silence={"evidence": {"lever": "restart"}, "forbidden": True})
    card = answered(told).lever(33.0, 7, "restart").grade()

    assert card.adherence
    assert step(card.adherence, "silence").move == "forbidden"
    assert card.measure("runbook_coverage").verdict is Verdict.FAIL
    assert card.measure("runbook_economy").value == 0.5


def test_a_forbidden_act_that_was_not_done_is_nothing() -> None:
    """It is no step to cover."""
    told = with_steps(silence={"evidence": {"lever": "restart"}, "forbidden": True})

    assert adherence(answered(told)).coverage_verified == 1.0


@pytest.mark.parametrize(("after", "score"), [(5.0, 1.0), (15.0, 0.5), (20.0, 0.0), (40.0, 0.0)])
def test_timeliness_falls_from_the_deadline_to_twice_it(after: float, score: float) -> None:
    """The deadline of 10 s counts from detection."""
    story = incident(inputs(RUNBOOK)).at(FIRED + after, act(e.Looked, topic="deploys"))

    assert adherence(story).timeliness == pytest.approx(score)


def test_a_step_with_a_deadline_that_was_never_done_counts_nothing() -> None:
    """Zero, not left out."""
    assert adherence(incident(inputs(RUNBOOK))).timeliness == 0.0


@pytest.mark.parametrize(
    ("looked", "verified", "lucky"), [(True, True, False), (False, True, True), (True, False, True)]
)
def test_lucky_pass(looked: bool, verified: bool, lucky: bool) -> None:
    """Mended without looking before, or without verifying after."""
    story = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback")
    if looked:
        story.at(30.0, act(e.Looked, topic="deploys"))
    if verified:
        story.at(50.0, act(e.Verified))

    assert adherence(story).lucky_pass is lucky


def test_coverage_gates_by_its_lower_bound() -> None:
    """Ticks alone never pass it."""
    story = incident(inputs(RUNBOOK))
    for name in RUNBOOK["steps"]:
        story.at(30.0, act(e.StepTicked, step=name))
    measure = story.grade().measure("runbook_coverage")

    assert (measure.earliest, measure.latest, measure.verdict) == (0.0, 1.0, Verdict.FAIL)


def test_without_a_runbook_there_is_no_adherence() -> None:
    """And its measures do not apply."""
    card = answered(inputs()).grade()

    assert card.adherence is None
    assert card.measure("runbook_coverage").state.value == "not_applicable"
