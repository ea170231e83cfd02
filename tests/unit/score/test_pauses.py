"""Good service that began by itself, while the fault paused: who made it last."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.card import State, Verdict
from tests.unit.score.build import IMPACT, Story, incident, inputs

WELL_AGAIN = 38.0
"""When service last became good, before anybody did anything: it would have broken again."""


def looping(gone: float | None = 42.0, **told: object) -> Story:
    """Bad, good for some seconds, bad, good; the fault is seen gone at ``gone``."""
    bad = [(IMPACT, 30.0), (34.0, WELL_AGAIN)]
    story = incident(inputs(**told), bad=bad).without(e.FaultChecked)  # type: ignore[arg-type]
    story.at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    if gone is not None:
        story.at(gone, e.FaultChecked(fault="release", in_place=False, at=gone, last_in_place=gone - 2))
    return story


def test_who_takes_the_fault_away_in_a_pause_made_it_last() -> None:
    """Service was good at 38 s by itself; it is mended from the roll-back at 40 s on, by whoever pulled it."""
    card = looping().lever(40.0, 1, "rollback", touches={"auth": {"version": "v1.3.0"}}).grade()
    found, mitigated = card.mitigation, card.milestone("mitigated")

    assert found is not None
    assert (found.by, found.who) == ("responder", "alice")
    assert (mitigated.at, mitigated.earliest, mitigated.latest) == (40.0, 40.0, 42.0)
    assert mitigated.kind == "inferred"
    assert card.milestone("mitigating_act").at == 40.0
    assert card.measure("time_to_mitigate").state is State.OBSERVED


def test_a_restart_before_the_pause_gets_no_credit() -> None:
    """What bought the pause is not known to mend; what took the fault away while it lasted is the mend."""
    story = looping().lever(37.0, 1, "restart", took=0.5).lever(40.0, 2, "rollback")
    found = story.grade().mitigation

    assert found is not None
    assert found.what.startswith("rollback")


def test_a_lever_known_to_mend_keeps_its_credit() -> None:
    """The scenario lists it, by measurement: what takes the cause away later tidies up."""
    listed = {"expect": {"mitigate": {"within": "30s", "levers": ["rollback", "disable-flag"]}}}
    story = looping(scenario=listed).lever(37.5, 1, "disable-flag", took=0.2).lever(40.0, 2, "rollback")
    found = story.grade().mitigation

    assert found is not None
    assert found.what.startswith("disable-flag")


def test_what_had_lasted_was_mended_before() -> None:
    """Good for `stable_for` (10 s here) under the fault: the system's own doing, whatever was tidied up later."""
    card = looping(gone=54.0, scenario={"expect": {"stable_for": "10s"}}).lever(52.0, 1, "rollback").grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "platform"
    assert card.milestone("mitigated").at == pytest.approx(WELL_AGAIN, abs=0.2)


def test_a_fault_that_vanishes_in_a_pause_is_out_of_band() -> None:
    """Nobody's recorded act made it last: UNKNOWN, and no credit to the platform."""
    card = looping().grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "out_of_band"
    assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)


def test_seen_gone_and_there_again_while_it_is_rolled_out() -> None:
    """A roll-out takes a moment in which the old and the new answer by turns: the last word counts."""
    story = looping(gone=40.5).lever(40.0, 1, "rollback", took=4.0)
    story.at(42.5, e.FaultChecked(fault="release", in_place=True, at=42.5))
    story.at(44.5, e.FaultChecked(fault="release", in_place=False, at=44.5, last_in_place=42.5))
    card = story.grade()

    assert card.mitigation is not None
    assert card.mitigation.by == "responder"
    assert card.milestone("mitigated").latest == 44.5


@pytest.mark.parametrize(
    ("lever", "at", "by"),
    [("breaker", 39.5, "responder"), ("breaker", 40.5, "platform"), ("restart", 39.5, "platform")],
    ids=["in time", "good for two seconds before", "not known to mend"],
)
def test_who_goes_round_the_fault_when_nobody_was_just_hurt(lever: str, at: float, by: str) -> None:
    """The fault stays; good service that is younger than any judgement of it is no sign of self-healing."""
    listed = {"expect": {"mitigate": {"within": "30s", "levers": ["breaker"]}}}
    story = looping(gone=None, scenario=listed).lever(at, 1, lever, took=0.1)
    for t in range(22, 75, 2):
        story.at(float(t), e.FaultChecked(fault="release", in_place=True, at=float(t)))
    card = story.grade()
    mitigated = card.milestone("mitigated")

    assert card.mitigation is not None
    assert card.mitigation.by == by
    if by == "responder":
        assert (card.mitigation.who, card.mitigation.what.split()[0]) == ("alice", "breaker")
        assert (mitigated.at, mitigated.earliest, mitigated.latest) == (at, at, at + 0.1)
    else:
        assert mitigated.at == pytest.approx(WELL_AGAIN, abs=0.2)
