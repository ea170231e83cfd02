"""Instants, measures, and what is said when an end never came."""

from __future__ import annotations

import json

import pytest

from gameday import events as e
from gameday.score.card import State, Verdict
from tests.unit.score.build import (
    FIRED,
    HANGS,
    IMPACT,
    MEND,
    RUNBOOK,
    TRIGGER,
    act,
    answered,
    incident,
    inputs,
)


def test_a_full_answer_has_every_milestone_in_order() -> None:
    """Each instant is observed, points at its log lines, and lies within its own bounds."""
    card = answered().grade()
    order = ["triggered", "in_place", "impact", "alert_pending", "alert_firing", "notified", "detected"]
    order += ["acknowledged", "declared", "engaged", "diagnosed", "mitigating_act", "mitigated", "resolved"]
    instants = [card.milestone(name) for name in order]

    assert [instant.state for instant in instants] == [State.OBSERVED] * len(order)
    assert all(instant.evidence for instant in instants)
    assert all((i.earliest or 0) <= (i.at or 0) <= (i.latest or 0) for i in instants)
    times = [instant.at or 0 for instant in instants if instant.id != "in_place"]
    assert times == sorted(times)


def test_every_measure_is_there_with_its_verdict() -> None:
    """The card of a good answer: these measures, judged where there is a budget."""
    card = answered().grade()
    judged = {measure.id: measure.verdict for measure in card.measures if measure.verdict}

    assert judged == dict.fromkeys(
        [
            "time_to_impact", "time_to_detect", "time_to_acknowledge", "time_to_declare", "time_to_mitigate",
            "runbook_coverage", "severity_correct", "updates_on_time",
        ],
        Verdict.PASS,
    )  # fmt: skip
    assert card.measure("time_to_mitigate").value == pytest.approx(MEND - IMPACT + 0.05, abs=0.05)


def test_closed_cannot_be_recorded_yet() -> None:
    """It says so instead of being missing."""
    assert answered().grade().milestone("closed").state is State.NOT_APPLICABLE


def test_a_clock_that_is_not_known_exactly_widens_what_the_clients_felt() -> None:
    """By half of the widest that a worker of the load said; what this machine itself saw stays as it is."""
    plain = answered().grade()
    said = [e.LoadWorker(name="one", skew_width=0.1), e.LoadWorker(name="two", skew_width=0.4)]
    wider = answered().at(1.5, *said).grade()

    for name in ("impact", "mitigated"):
        before, after = plain.milestone(name), wider.milestone(name)
        assert after.at == before.at
        assert after.latest == pytest.approx((before.latest or 0) + 0.2)
        assert after.earliest == pytest.approx(max(TRIGGER, (before.earliest or 0) - 0.2))
    for card in (plain, wider):
        seen = card.milestone("acknowledged")
        assert seen.earliest == seen.at == seen.latest
    grown = wider.measure("time_to_mitigate")
    assert (grown.latest or 0) - (grown.earliest or 0) > 0.4


def test_every_number_points_at_lines_of_the_log() -> None:
    """A measure or a milestone that was observed has evidence, and all of it is in the log."""
    story = answered()
    card, known = story.grade(), {record.seq for record in story.records()}

    seen = [each for each in (*card.measures, *card.milestones) if each.state is State.OBSERVED]
    assert [each.id for each in seen if not each.evidence] == []
    assert {seq for each in seen for seq in each.evidence} <= known


@pytest.mark.parametrize("name", ["acknowledge", "mitigate"])
@pytest.mark.parametrize(("end", "verdict"), [(260.0, Verdict.FAIL), (45.0, Verdict.UNKNOWN)])
def test_an_end_that_never_came_is_censored(name: str, end: float, verdict: Verdict) -> None:
    """Above its budget that is a miss; below it nobody knows. There is never a number for the value."""
    told = inputs(scenario={"expect": {"mitigate": {"within": "1m"}}})
    measure = (
        incident(told, bad=[(IMPACT, end + 10)], end=end, reason="time_up").grade().measure(f"time_to_{name}")
    )

    assert (measure.state, measure.value, measure.latest, measure.verdict) == (
        State.CENSORED,
        None,
        None,
        verdict,
    )
    assert measure.earliest == pytest.approx(end - (FIRED if name == "acknowledge" else IMPACT), abs=0.1)


def test_a_clock_whose_start_never_came_does_not_apply_and_its_gate_is_unknown() -> None:
    """Nobody noticed, so nothing could be acknowledged."""
    card = incident(inputs(scenario={"expect": {"detect": None}}), alert=None).grade()

    assert card.measure("time_to_acknowledge").state is State.NOT_APPLICABLE
    assert card.verdict is Verdict.UNKNOWN
    assert any("time_to_acknowledge" in reason for reason in card.reasons)


def test_noticing_before_users_feel_it_is_a_lead() -> None:
    """Detection before impact has value 0 and says how early it was."""
    found = answered(alert=21.0 + 0.5).without(e.AlertPending)
    early = e.AlertFired(monitor="connections", severity="SEV2", since=TRIGGER + 0.2, value=0.9, condition="")
    measure = found.at(21.0, early).grade().measure("time_to_detect")

    assert (measure.value, measure.verdict, measure.notes) == (0.0, Verdict.PASS, ["lead 1.0 s"])


def test_acts_after_the_end_of_respond_count_for_nothing() -> None:
    """What a bot still does when its time is over is not graded."""
    card = incident(bad=[(IMPACT, 200)], end=90.0, reason="time_up").at(91.0, act(e.Acknowledged)).grade()

    assert card.milestone("acknowledged").state is State.MISSING


def test_the_true_severity_chooses_the_budget() -> None:
    """The declared severity chooses it only where the truth is not told."""
    rubric = {"budgets": {"SEV1": {"mitigate": "10s"}, "SEV3": {"mitigate": "10m"}}}
    told = inputs(rubric=rubric, scenario={"expect": {"mitigate": {"within": None}}})
    blind = inputs(rubric=rubric, scenario={"expect": {"mitigate": {"within": None}}, "truth": None})

    def budget(inputs_: dict[str, object]) -> float | None:
        story = incident(inputs_).at(28.0, act(e.Declared, severity="SEV3"))
        return story.grade().measure("time_to_mitigate").budget

    assert (budget(told), budget(blind)) == (10.0, 600.0)


def test_a_scenario_beats_its_rubric() -> None:
    """`within` of the scenario is the budget even where the rubric is stricter."""
    told = inputs(rubric={"budgets": {"SEV1": {"mitigate": "1s"}}})

    assert incident(told).grade().measure("time_to_mitigate").budget == 30.0


def test_without_any_budget_a_value_is_shown_and_not_judged() -> None:
    """Neither scenario nor rubric say anything: no verdict, and no PASS."""
    told = inputs(scenario={"expect": {"mitigate": {"within": None}}})
    measure = answered(told).grade().measure("time_to_mitigate")

    assert measure.value is not None
    assert measure.verdict is None


def test_never_mended_without_a_budget_is_not_a_pass() -> None:
    """A gate that nobody can judge is UNKNOWN."""
    told = inputs(scenario={"expect": {"mitigate": {"within": None}, "acknowledge": None}})
    card = incident(told, bad=[(IMPACT, 300)], end=100.0, reason="time_up").grade()

    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)


def test_hanging_requests_date_impact_by_their_sending() -> None:
    """Users who wait for an answer feel it from the moment they sent, not two seconds later."""
    assert incident(how=HANGS).grade().milestone("impact").at == pytest.approx(IMPACT, abs=0.03)


def test_bad_seconds_and_budget_spent() -> None:
    """All requests bad for 18 s, of a month's budget at the baseline's rate."""
    card = answered().grade()
    month = 50 * 30 * 24 * 3600 * (1 - 0.999)

    assert card.measure("bad_seconds").value == pytest.approx(MEND - IMPACT, abs=0.1)
    assert card.measure("budget_spent").value == pytest.approx(50 * (MEND - IMPACT) / month, rel=0.01)


def test_bad_seconds_of_what_never_ended_are_a_lower_bound() -> None:
    """To the end of Respond, and no value."""
    measure = incident(bad=[(IMPACT, 200)], end=90.0, reason="time_up").grade().measure("bad_seconds")

    assert (measure.state, measure.value) == (State.CENSORED, None)
    assert measure.earliest == pytest.approx(90 - IMPACT, abs=0.1)


def test_budget_spent_needs_a_promise() -> None:
    """A system that promises no availability has no budget to spend."""
    told = inputs(system={"slo": {"availability": None}})

    assert answered(told).grade().measure("budget_spent").state is State.NOT_APPLICABLE


def test_the_diagnosis_must_name_component_and_mechanism() -> None:
    """The right component with the wrong mechanism is not yet it."""
    story = incident(inputs(RUNBOOK)).at(30.0, act(e.Hypothesised, component="auth", mechanism="overload"))
    story.at(33.0, act(e.Hypothesised, component="auth", mechanism="connection-leak"))

    found = story.grade().milestone("diagnosed")
    assert (found.at, found.reason) == (33.0, "after 1 other hypothesis")


@pytest.mark.parametrize(
    ("kind", "text", "state"),
    [(e.FaultChecked, "", State.CENSORED), (e.FaultChecked, "a work-around stands", State.OBSERVED),
     (e.AlertEnded, "", State.CENSORED)],
)  # fmt: skip
def test_what_resolved_needs(kind: type[e.Event], text: str, state: State) -> None:
    """The cause read back as gone (or a work-around declared) and alerts that ended."""
    story = (
        answered().without(kind, e.Resolved).at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    )
    card = story.at(60.0, act(e.Resolved, text=text)).grade()

    assert card.milestone("resolved").state is state


def test_the_card_is_plain_json() -> None:
    """It survives its own JSON, and holds no infinity and no NaN."""
    card = answered().grade()
    text = card.model_dump_json()

    assert type(card).model_validate_json(text) == card
    json.loads(text, parse_constant=pytest.fail)
