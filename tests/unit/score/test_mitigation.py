"""Whose act mended it, what relapsed, and what nobody mended."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.card import State, Verdict
from tests.unit.score.build import IMPACT, MEND, RUNBOOK, Story, act, answered, incident, inputs, merged


def test_the_last_act_before_good_service_is_credited() -> None:
    """Of two levers the second mended it; what it did is said in its own words."""
    story = answered().lever(30.0, 7, "restart", took=1.0, did="2 replicas restarted")
    found = story.grade().mitigation

    assert found is not None
    assert (found.by, found.who, found.what) == ("responder", "alice", "rollback auth v1.3.0 -> v1.2.3")


def test_a_lever_that_found_nothing_to_change_mended_nothing() -> None:
    """The one before it did."""
    card = answered().lever(38.5, 7, "restart", took=0.1, changed=False).grade()

    assert card.mitigation is not None
    assert card.mitigation.what.startswith("rollback")


def test_what_the_runner_put_back_is_censored() -> None:
    """Good service after the runner's own revert is no mitigation, however long it lasts."""
    story = incident(bad=[(IMPACT, 60.0)], end=100.0, reason="time_up")
    card = story.at(60.0, e.FaultReverting(fault="release", by="runner")).grade()
    measure = card.measure("time_to_mitigate")

    assert card.mitigation is not None
    assert card.mitigation.by == "runner"
    assert (measure.state, measure.value, measure.verdict) == (State.CENSORED, None, Verdict.FAIL)
    assert measure.earliest == pytest.approx(60.0 - IMPACT, abs=0.1)


def test_the_revert_after_a_confirmed_mend_censors_nothing() -> None:
    """It is in every good run."""
    assert answered().grade().measure("time_to_mitigate").state is State.OBSERVED


def test_good_service_that_did_not_last_long_enough_is_no_mend() -> None:
    """`stable_for` is 30 s and Respond ended after 20 s of it."""
    card = answered(end=60.0, reason="time_up").grade()

    assert card.milestone("mitigated").state is State.CENSORED
    assert card.milestone("mitigated").earliest == pytest.approx(MEND, abs=0.2)
    assert "30 s" in card.milestone("mitigated").reason


def test_a_relapse_is_an_event_with_the_act_that_began_it() -> None:
    """The restart bought ten seconds; the roll-back mended."""
    bad = [(IMPACT, 30.0), (40.0, 50.0)]
    story = (
        incident(bad=bad, end=90.0)
        .lever(29.0, 1, "restart", took=1.0, did="restarted")
        .lever(49.0, 2, "rollback", took=1.0)
    )
    card = story.grade()

    assert [round(relapse.ended - relapse.began) for relapse in card.relapses] == [10]
    assert card.relapses[0].after == "restart restarted"
    assert card.milestone("mitigated").at == pytest.approx(50.05, abs=0.1)
    assert card.milestone("mitigating_act").at == 49.0


def test_restarting_for_ever_never_mends() -> None:
    """Each buys seconds: relapses counted, nothing mended, extra acts cost economy."""
    bad = [(IMPACT, 30.0)] + [(at + 5.0, at + 10.0) for at in range(30, 110, 10)]
    story = incident(inputs(RUNBOOK), bad=[(float(a), float(b)) for a, b in bad], end=110.0, reason="time_up")
    for number in range(8):
        story.lever(29.5 + 10 * number, number + 1, "restart", took=0.5)
    card = story.grade()

    assert card.verdict is not Verdict.PASS
    assert len(card.relapses) == 8
    assert card.measure("runbook_economy").value == 0.0


def test_a_fault_that_vanishes_unexplained_is_out_of_band() -> None:
    """Somebody's hand that left no event: UNKNOWN, whoever else did what."""
    card = answered().without(e.LeverBegan, e.LeverEnded, e.RecipeWritten).grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "out_of_band"
    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)
    assert card.measure("time_to_mitigate").verdict is Verdict.UNKNOWN


def ours(healed_by: str) -> dict[str, object]:
    """An experiment of ours that reads its fault back."""
    proves = {"type": "probe", "name": "proof", "provider": {"type": "python", "module": "m", "func": "f"}}
    block = {"name": "gameday", "parameters": {"proves": "proof", "healed_by": healed_by}}
    return {"title": "T", "description": "D", "extensions": [block], "method": [proves], "rollbacks": []}


def two_faults(*, answers: bool) -> Story:
    """Sessions are held and a replica is killed; the platform brings another, somebody ends the sessions."""
    told = inputs(
        RUNBOOK,
        scenario={"faults": {"kill": {"experiment": "kill", "for": "4m"}}},
        experiments={"bad-release": ours(""), "kill": ours("platform")},
    )
    story = answered(told) if answers else incident(told)
    for kind in (e.FaultTriggered, e.FaultInjected):
        story.at(
            21.0,
            kind(
                fault="kill", **({"planned": 21.0, "at": 21.0} if kind is e.FaultTriggered else {"ok": True})
            ),
        )
    story.at(21.2, e.FaultChecked(fault="kill", in_place=True, at=21.2))
    story.at(23.2, e.FaultChecked(fault="kill", in_place=False, at=23.2, last_in_place=21.2))
    return story


def test_what_the_platform_heals_is_nobodys_hand() -> None:
    """A killed replica comes back by itself; the lever that took the other fault away mended it."""
    card = two_faults(answers=True).grade()

    assert card.mitigation is not None
    assert (card.mitigation.by, card.verdict) == ("responder", Verdict.PASS)


def test_a_healed_fault_excuses_no_other() -> None:
    """The replica is back by itself, but the sessions were ended by a hand that left no event."""
    story = two_faults(answers=False)
    story.at(41.0, e.FaultChecked(fault="release", in_place=False, at=41.0, last_in_place=39.0))
    for number in range(110):
        story.at(number / 2, e.Scraped(job="platform", ok=True, series={"restarts": float(number > 44)}))
    card = story.grade()

    assert card.mitigation is not None
    assert (card.mitigation.by, card.mitigation.what) == ("out_of_band", "fault release vanished")
    assert card.exit_code == 3


def test_service_that_mends_itself_beside_a_healed_fault_is_the_platforms() -> None:
    """One fault is still in place, the other was healed, nobody acted: it scores the platform."""
    card = two_faults(answers=False).grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "platform"


def test_the_clocks_start_with_the_first_fault() -> None:
    """Of two faults, the first sets M0; when users feel it counts from there."""
    card = two_faults(answers=True).grade()

    assert card.milestone("triggered").at == 20.0
    assert card.measure("time_to_impact").value == pytest.approx(IMPACT - 20.0, abs=0.1)


def test_a_lever_on_something_else_does_not_explain_it() -> None:
    """The identity provider's breaker does not take a release away."""
    told = inputs()
    story = incident(told).at(27.0, act(e.Acknowledged))
    story.at(41.0, e.FaultChecked(fault="release", in_place=False, at=41.0, last_in_place=39.0))
    story.at(19.6, e.RecipeWritten(owner="fault:release", things={"auth": {"version": "v1.2.3"}}))
    breaker = {"identity-provider": {"breaker": "closed"}}
    card = story.lever(30.0, 1, "breaker", touches=breaker).grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "out_of_band"
    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)
    assert "out of band" in " ".join(card.reasons)


def test_a_fault_that_goes_after_the_mend_changes_nothing() -> None:
    """The breaker mended it; what happened to the fault later is another matter."""
    story = answered().without(e.FaultChecked)
    story.at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    story.at(61.0, e.FaultChecked(fault="release", in_place=False, at=61.0, last_in_place=59.0))
    card = story.grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "responder"


def test_service_that_mends_itself_under_the_fault_is_the_platforms() -> None:
    """The fault is still in place and nobody acted: it scores the platform, not the team."""
    card = incident().grade()

    assert card.mitigation is not None
    assert (card.mitigation.by, card.mitigation.basis) == ("platform", "inferred")
    assert card.measure("time_to_mitigate").verdict is Verdict.UNKNOWN


def test_service_that_mends_itself_unseen_is_out_of_band() -> None:
    """Nothing reads the fault back and nobody acted: nobody knows."""
    card = incident().without(e.FaultChecked).grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "out_of_band"


HEAL = inputs(
    scenario={
        "expect": {
            "impact": "allowed", "recover": {"by": "platform", "within": "15s"}, "stable_for": "10s",
            "detect": None, "acknowledge": None, "mitigate": None,
        },
        "truth": None,
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("ready", "verdict", "at"),
    [(30.0, Verdict.PASS, 30.0), (38.0, Verdict.FAIL, 38.0), (999.0, Verdict.FAIL, None)],
)
def test_self_healing_counts_to_ready_and_steady(ready: float, verdict: Verdict, at: float | None) -> None:
    """From the trigger to replicas ready and service steady, by the platform's own doing."""
    story = incident(HEAL, bad=[(IMPACT, 25.0)], end=70.0, reason="platform_healed", alert=None)
    for number in range(140):
        t = number / 2 + 0.01
        count = 1.0 if 20.5 <= t < ready else 2.0
        story.at(t, e.Scraped(job="platform", ok=True, series={"replicas_ready": count}))
    card = (
        story.without(e.FaultChecked)
        .at(20.3, e.FaultChecked(fault="release", in_place=True, at=20.3))
        .grade()
    )
    measure = card.measure("time_to_recover")

    assert card.verdict is verdict
    assert card.milestone("recovered").at == (None if at is None else pytest.approx(at, abs=0.6))
    assert (measure.value is None) == (at is None)


def test_a_helping_hand_is_not_self_healing() -> None:
    """A lever before it was ready again: nobody knows what the platform would have done."""
    story = incident(HEAL, bad=[(IMPACT, 25.0)], end=70.0, reason="platform_healed", alert=None)
    for number in range(140):
        t = number / 2 + 0.01
        story.at(
            t, e.Scraped(job="platform", ok=True, series={"replicas_ready": 1.0 if 20.5 <= t < 30 else 2.0})
        )
    card = story.lever(24.0, 1, "restart").grade()

    assert card.measure("time_to_recover").state is State.CENSORED
    assert card.verdict is Verdict.UNKNOWN


def test_a_restart_brings_no_setting_back() -> None:
    """Replicas were restarted meanwhile; that explains nothing about a fault which the platform does not heal."""
    story = incident().without(e.FaultChecked)
    story.at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    story.at(39.0, e.FaultChecked(fault="release", in_place=False, at=39.0, last_in_place=37.0))
    for number in range(150):
        t = number / 2 + 0.01
        story.at(t, e.Scraped(job="platform", ok=True, series={"restarts_total": float(t > 25)}))
    found = story.grade().mitigation

    assert found is not None
    assert found.by == "out_of_band"


def test_the_runbook_is_not_gated_where_only_the_platform_is_asked() -> None:
    """A blip was felt and nobody answered: the platform healed, which is all that was asked."""
    told = merged(HEAL, {"runbook": RUNBOOK, "runbook_name": "exhaustion"})
    story = incident(told, bad=[(IMPACT, 25.0)], end=70.0, reason="platform_healed", alert=None)
    for number in range(140):
        t = number / 2 + 0.01
        ready = 1.0 if 20.5 <= t < 30 else 2.0
        story.at(t, e.Scraped(job="platform", ok=True, series={"replicas_ready": ready}))
    card = story.grade()

    assert card.verdict is Verdict.PASS, card.reasons
    assert card.mitigation is not None
    assert card.mitigation.by == "platform"
