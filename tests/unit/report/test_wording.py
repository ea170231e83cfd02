"""What the card and the findings say of what happened, word by word, on histories told as stories."""

from __future__ import annotations

from gameday import events as e
from gameday.report.card import card
from gameday.report.findings import findings
from gameday.report.html import page
from gameday.report.postmortem import postmortem
from tests.unit.score.build import IMPACT, RUNBOOK, Story, act, answered, incident, inputs

NEVER = [(IMPACT, 300.0)]


def shown(story: Story) -> str:
    """The card, its spaces joined."""
    log = story.history()
    return " ".join(card(story.grade(), log, width=160, colour=False, report_path=None).split())


def test_who_acknowledged_is_named_and_nobody_else() -> None:
    """Others acted too, but did not take the page."""
    story = incident().at(27.0, act(e.Acknowledged, by="bob", scripted=True)).at(28.0, act(e.Noted, text="x"))

    assert "budget 60 s bob (scripted)" in shown(story)
    assert "alice" not in shown(story)


def test_slow_answers_are_shown_as_such() -> None:
    """Where the impact is one of latency, the card says how slow it was."""
    told = inputs(scenario={"expect": {"impact": {"when": "latency_p95 > 500ms"}}})
    story = incident(told, how=(1.5, ""))

    assert "p95 1.5 s" in shown(story)
    assert "p95" not in shown(incident())


def test_what_nobody_knows_is_neither_good_nor_bad_and_asked_for_once() -> None:
    """Two clocks that were cut short ask for one thing."""
    story = incident(inputs(RUNBOOK), bad=NEVER, end=26.3, reason="interrupt")
    found = findings(story.grade())
    log = story.history()

    unknown = [one for one in found if "could not be judged" in one.text]
    assert len(unknown) > 1
    assert {one.good for one in unknown} == {None}
    assert not [one for one in found if "not done" in one.text]
    assert postmortem(story.grade(), log).count("Let the fault stand for longer than the budget") == 1


def test_a_lever_that_failed_was_tried() -> None:
    """It is in the runbook, so nobody is asked whether it belongs there."""
    story = incident(inputs(RUNBOOK)).lever(38.0, 1, "rollback").without(e.LeverEnded)
    said = " ".join(f"{one.text} {one.action}" for one in findings(story.grade()))

    assert "tried, did not succeed: rollback" in shown(story)
    assert "extra" not in shown(story)
    assert "Lever rollback was tried and did not succeed" in said
    assert "belongs in the runbook" not in said
    assert "tried, did not succeed" in page(story.grade(), story.history())


def test_a_good_answer_asks_for_nothing_unknown() -> None:
    """Every clock was judged."""
    assert not [one for one in findings(answered().grade()) if "could not be judged" in one.text]
