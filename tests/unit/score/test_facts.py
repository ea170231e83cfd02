"""Figures beside the clocks: load, faults, responders, curves."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.curves import curves
from tests.unit.score.build import END, GOOD, IMPACT, MEND, RATE, TRIGGER, UNSENT, act, answered, incident


def test_load_counts_from_the_trigger_to_the_end_of_respond() -> None:
    """Offered, sent, bad, and the worst of it."""
    load = answered().grade().load

    assert load.offered == pytest.approx((END - TRIGGER) * RATE, abs=1)
    assert load.bad == pytest.approx((MEND - IMPACT) * RATE, abs=1)
    assert (load.baseline_rate, load.peak_error_rate, load.achieved_share, load.overloaded) == (
        RATE,
        1.0,
        1.0,
        False,
    )
    assert load.worst_p95 == pytest.approx(0.05)


def test_slots_that_nobody_sent_are_bad() -> None:
    """Users who hang send less; that is no better service."""
    load = incident(bad=[(IMPACT, MEND)], how=UNSENT).grade().load

    assert load.offered - load.sent == load.bad == pytest.approx((MEND - IMPACT) * RATE, abs=1)
    assert load.peak_error_rate == 1.0


def test_a_generator_that_falls_short_is_said() -> None:
    """Half of the slots were never sent though nothing was broken."""
    card = incident(outcome=lambda at: GOOD if round(at * RATE) % 2 else UNSENT).grade()

    assert card.load.overloaded


def test_what_was_not_sent_while_the_system_warmed_up_is_no_overload() -> None:
    """Of the baseline, only what counted in the end tells whether the generator keeps up."""
    slow = {"outcome": lambda at: UNSENT if 3 <= at < 7 else GOOD}
    begins_again = e.BaselinePostponed(problems=["error_rate < 1%: 100.0 % at 6.0 s"], begins=7.0)

    assert incident(**slow).grade().load.overloaded
    assert not incident(**slow).at(17.0, begins_again).grade().load.overloaded


def test_facts_of_a_fault() -> None:
    """Triggered, in place, gone before the runner put it back, reverted."""
    fault = answered().grade().faults[0]

    assert (fault.triggered, fault.in_place, fault.ended, fault.reverted) == (TRIGGER, 20.5, 39.0, True)


def test_problems_of_a_fault() -> None:
    """What the experiment said went wrong, each once."""
    story = incident().without(e.FaultReverted)
    story.at(END + 0.5, e.FaultReverted(fault="release", ok=False, problem="no answer within 10 s"))

    assert story.grade().faults[0].problems == ["not put back: no answer within 10 s"]


def test_responders_by_name() -> None:
    """Who acted how often, and whether a script acted under the name."""
    story = incident().at(27.0, act(e.Acknowledged, scripted=True)).at(28.0, act(e.Noted, by="bob", text="x"))

    assert [(one.name, one.scripted, one.acts) for one in story.grade().responders] == [
        ("alice", True, 1),
        ("bob", False, 1),
    ]


def test_curves_show_the_incident() -> None:
    """A point each 250 ms, bad from impact to mend on both sides."""
    found = curves(answered().history())
    during = [index for index, t in enumerate(found.t) if IMPACT + 2 < t < MEND - 2]
    before = [index for index, t in enumerate(found.t) if 5 < t < TRIGGER]

    assert found.step == 0.25
    assert {found.error_rate[index] for index in during} == {1.0}
    assert {found.error_rate[index] for index in before} == {0.0}
    assert all((found.exported_error_rate[index] or 0) > 0.9 for index in during)
    assert all(found.offered[index] == pytest.approx(RATE, rel=0.2) for index in before)
    assert len(found.t) == len(found.p50) == len(found.p95) == len(found.exported_database_connections)


def test_curves_of_a_long_run_are_coarser() -> None:
    """Never more than 2,000 points."""
    story = incident(bad=[(IMPACT, 700)], end=900.0, scrapes=False)
    found = curves(story.history())

    assert found.step == 0.5
    assert len(found.t) <= 2000


def test_curves_of_nothing_are_empty() -> None:
    """A run that ended before any load."""
    story = incident().without(e.Requests, e.Scraped)

    assert curves(story.history()).t == []
