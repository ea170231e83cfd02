"""The card of the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gameday.history import History
from gameday.report.card import card
from gameday.score.card import Responder, State, Verdict
from tests.unit.report import cards, samples

_SMALL = samples.history(samples.incident_events() + samples.requests(41.0, None, None)[-250:])


def plain(scorecard: cards.c.Scorecard, log: History, width: int = 80) -> str:
    """The card without colour."""
    return card(scorecard, log, width=width, colour=False, report_path="runs/x/report.html")


def test_passing_card(log: History) -> None:
    """The sample incident reads as the verdict, the clocks with who and what, the runbook and the stack."""
    text = plain(cards.scorecard(log), log, width=120)
    for row in (
        r"^auth-connection-leak +PASS$",
        r"impact +PASS +6\.2 s +budget 45 s +error rate 71 %, 21\.4 s long, 1,520 bad of 2,140 requests",
        r"detected +PASS +6\.1 s +budget 30 s +auth-connections",
        r"acknowledged +PASS +1\.0 s +budget 60 s +alice \(scripted\)",
        r"mitigated +PASS +21\.4 s +budget 120 s +rollback auth v1\.3\.0 -> v1\.2\.3, good for 30 s",
        r"runbook +PASS +7 of 7 steps \(verified 6, attested 1\), order 1\.00, economy 1\.00",
        r"stack clean +yes +report runs/x/report\.html",
    ):
        assert re.search(row, text, re.MULTILINE), row


def test_what_is_not_known_is_never_a_number(log: History) -> None:
    """Censored, missing and not applicable measures say so, with the reason."""
    text = plain(cards.failed(log), log, width=160)
    assert "FAIL     > 90.0 s, put back by the runner" in text
    assert re.search(r"detected +FAIL +never, no listed monitor fired", text)
    assert re.search(r"declared +UNKNOWN +> 45\.3 s, time was up", text)
    assert "acknowledged" not in text


def test_everything_that_went_wrong_is_named(log: History) -> None:
    """Reasons, relapses, silent monitors, deviations, lucky pass, what is left and how to finish by hand."""
    text = " ".join(plain(cards.failed(log), log).split())
    for words in (
        "detect: nobody and nothing noticed",
        "good for 6.2 s after restart auth, then bad again",
        "silent auth-error-rate",
        "no data auth-connections",
        "noise auth-disk",
        "skipped: check-active",
        "inverted: check-deploys",
        "extra: restart auth",
        "runbook defect: roll-back",
        "order not applicable",
        "lucky pass",
        "stack clean NO",
        "left: auth: version is v1.3.0, was v1.2.3",
        "by hand: gameday stack restore auth version=v1.2.3",
    ):
        assert words in text, words


@pytest.mark.parametrize("width", [80, 200])
def test_card_fits_its_width(log: History, width: int) -> None:
    """No line is wider than the terminal."""
    for scorecard in (cards.scorecard(log), cards.failed(log)):
        assert max(cell_len(line) for line in plain(scorecard, log, width).splitlines()) <= width


@given(text=st.text(max_size=200), width=st.integers(80, 200))
def test_whatever_people_typed_fits_and_stays_text(text: str, width: int) -> None:
    """Names and reasons of any characters neither widen the card nor drive the terminal."""
    scorecard = cards.scorecard(
        _SMALL,
        reasons=[text],
        scenario=text,
        responders=[Responder(name=text, scripted=False, acts=1)],
        differences=[text],
        clean=False,
    )
    shown = plain(scorecard, _SMALL, width)
    assert max(cell_len(line) for line in shown.splitlines()) <= width
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_colour_only_repeats_the_words(log: History) -> None:
    """With colour off there is no escape; with colour on, taking the escapes away gives the same card."""
    scorecard = cards.failed(log)
    coloured = card(scorecard, log, width=80, colour=True, report_path="runs/x/report.html")
    assert "\x1b[" in coloured
    assert "\x1b" not in plain(scorecard, log)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain(scorecard, log)


def test_impact_that_did_not_come_is_none_not_a_time(log: History) -> None:
    """Where no impact was expected and none came, the card says none."""
    changed = [
        one.model_copy(update={"state": State.CENSORED, "value": None, "reason": "no impact, as expected"})
        if one.id == "time_to_impact"
        else one
        for one in cards.measures(log)
    ]
    text = plain(cards.scorecard(log, measures=changed), log)
    assert re.search(r"impact +PASS +none, no impact, as expected", text)


def test_judged_shares_have_a_row(log: History) -> None:
    """A severity that was declared wrong is shown with its verdict."""
    wrong = cards.c.Measure(
        id="severity_correct", state=State.OBSERVED, value=0.0, unit="ratio", verdict=Verdict.FAIL,
        reason="SEV3 declared for SEV1: under-triage, the worse mistake",
    )  # fmt: skip
    text = plain(cards.scorecard(log, measures=[*cards.measures(log), wrong]), log, width=140)
    assert re.search(r"severity +FAIL +wrong +SEV3 declared for SEV1", text)
