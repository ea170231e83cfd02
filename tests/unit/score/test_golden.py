"""The incident of a published post-mortem: 14:20 deploy, 14:23 errors, ..., 15:00 restored."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.card import Scorecard, State, Verdict
from tests.unit.score.build import GOOD, REFUSED, Outcome, Story, act, inputs

RATE = 5.0


def clock(text: str) -> float:
    """Seconds of the run's clock at a time of that day; the run begins at 14:10."""
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes) - 14 * 60 - 10) * 60.0


def outcome(at: float) -> Outcome:
    """45 of 100 requests fail from 14:23 to 15:00."""
    number = round(at * RATE)
    return REFUSED if clock("14:23") <= at < clock("15:00") and number * 9 % 20 < 9 else GOOD


@pytest.fixture(scope="module")
def card() -> Scorecard:
    """Its scorecard."""
    told = inputs(
        scenario={
            "faults": {"release": {"for": "3h"}},
            "truth": {"mechanism": "memory-leak"},
            "expect": {
                "impact": {"within": "10m"},
                "detect": {"within": "5m"},
                "acknowledge": {"within": "5m"},
                "mitigate": {"within": "60m"},
                "stable_for": "30m",
            },
        }
    )
    story = Story(told)
    story.at(1.0, e.LoadStarted(users=5, spawn_rate=5, timeout=2, period=1.0, locustfile="load/logins.py"))
    story.at(2.0, e.LoadSteady(users=5)).at(
        clock("14:19"), e.BaselineJudged(held=True, problems=[], rate=RATE)
    )
    story.at(clock("14:20"), e.FaultTriggered(fault="release", planned=600, at=clock("14:20")))
    story.at(clock("14:20") + 5, e.FaultInjected(fault="release", ok=True))
    story.at(clock("14:20") + 5, e.FaultChecked(fault="release", in_place=True, at=clock("14:20") + 5))
    fired = e.AlertFired(
        monitor="errors", severity="SEV2", since=clock("14:23") + 5, value=0.45, condition=""
    )
    story.at(clock("14:25"), fired)
    story.at(clock("14:27"), act(e.Declared, severity="SEV1", affects=["auth"]))
    story.at(clock("14:30"), act(e.Looked, topic="metrics"))
    story.at(clock("14:42"), act(e.Hypothesised, component="auth", mechanism="memory-leak"))
    story.lever(clock("14:45"), 1, "rollback", took=15 * 60.0)
    story.at(clock("15:00"), e.FaultChecked(fault="release", in_place=False, at=clock("15:00")))
    story.at(clock("15:02"), e.AlertEnded(monitor="errors", value=0.0))
    story.at(clock("15:30"), act(e.Resolved))
    story.at(clock("15:31"), e.RespondEnded(reason="resolved"))
    story.at(clock("15:32"), e.StackCompared(clean=True, differences=[], by_hand=[])).at(
        clock("15:33"), e.RunEnded()
    )
    return story.load(RATE, clock("15:32"), outcome=outcome, scrapes=False).grade()


@pytest.mark.parametrize(
    ("measure", "minutes"),
    [
        ("time_to_impact", 3),
        ("time_to_detect", 2),
        ("time_to_declare", 2),
        ("time_to_engage", 5),
        ("time_to_diagnose", 19),
        ("time_to_act", 22),
        ("time_to_mitigate", 37),
    ],
)
def test_the_clocks_of_the_post_mortem(card: Scorecard, measure: str, minutes: float) -> None:
    """Each clock reads what the timeline says, to a second or two."""
    value = card.measure(measure).value

    assert value == pytest.approx(minutes * 60, abs=1.5)


def test_detection_is_two_minutes_from_impact_and_five_from_the_deploy(card: Scorecard) -> None:
    """The two ways to count it are told apart by their instants."""
    detected, deploy = card.milestone("detected").at, card.milestone("triggered").at

    assert detected is not None
    assert deploy is not None
    assert detected - deploy == 300


def test_declared_four_minutes_after_impact(card: Scorecard) -> None:
    """Two after detection are four after users began to feel it."""
    assert (card.milestone("declared").at or 0) - (card.milestone("impact").at or 0) == pytest.approx(
        240, abs=1
    )


def test_nobody_is_said_to_have_acknowledged(card: Scorecard) -> None:
    """The timeline has no acknowledgement: above its budget that is a miss, not a zero."""
    taken = card.measure("time_to_acknowledge")

    assert (taken.state, taken.value, taken.verdict) == (State.CENSORED, None, Verdict.FAIL)
    assert card.verdict is Verdict.FAIL


def test_bad_seconds_are_the_share_of_the_impact(card: Scorecard) -> None:
    """45 % of 37 minutes."""
    assert card.measure("bad_seconds").value == pytest.approx(0.45 * 37 * 60, rel=0.02)


def test_it_resolved_half_an_hour_later(card: Scorecard) -> None:
    """Resolved when somebody said so, with the cause gone and the alert over."""
    assert card.milestone("resolved").at == clock("15:30")
