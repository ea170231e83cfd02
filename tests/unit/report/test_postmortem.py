"""The post-mortem draft: the template's sections, evidence on each line, nobody blamed."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gameday import events as e
from gameday.history import History
from gameday.report.postmortem import escape, postmortem
from gameday.score.grading import grade
from tests.unit.report import cards, samples


def section(document: str, title: str) -> str:
    """The text under one heading."""
    return document.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_sections_of_the_template_in_its_order(log: History) -> None:
    """Every heading is there, and the title says what, when, and that it was a drill."""
    document = postmortem(cards.scorecard(log), log)
    assert re.findall(r"^## (.*)$", document, re.MULTILINE) == [
        "Summary", "Timeline (UTC)", "Root Cause", "Impact", "What Went Well", "What Went Wrong", "Action Items",
        "Lessons Learned",
    ]  # fmt: skip
    assert document.startswith("# Post-Mortem: Sign-in: A release leaks")
    assert "(2026-01-15), drill\n" in document
    assert "**This was a drill**" in document


def test_impact_is_estimated_from_the_business_figures(log: History) -> None:
    """21.4 s, 71 % of 20,000 users, 135 USD a minute; what nobody can know is said to be not known."""
    impact = section(postmortem(cards.scorecard(log), log), "Impact")
    assert "- Duration: 21.4 s [#" in impact
    assert "~14,000 (estimated: 20,000 users, 71 % errors at the worst)" in impact
    assert "48 USD (estimated: 135 USD a minute, 21.4 s)" in impact
    assert "Customer support tickets: not known" in impact


def test_a_system_without_business_figures_claims_nothing(log: History) -> None:
    """Without users and revenue the estimates are not known."""
    inputs = {**samples.INPUTS, "system": {**samples.INPUTS["system"], "business": {}}}
    told = [(t, samples.started(inputs) if t == 0 else event) for t, event in samples.incident_events()]
    bare = samples.history([*told, *samples.requests(71.0, samples.IMPACT, samples.MITIGATED)])
    impact = section(postmortem(cards.scorecard(bare), bare), "Impact")
    assert "Users affected: not known" in impact
    assert "Revenue impact: not known" in impact


def test_each_fact_has_its_evidence(log: History) -> None:
    """Timeline rows, impact, and findings that rest on records name them; each named record exists."""
    for scorecard in (cards.scorecard(log), cards.failed(log), grade(log)):
        document = postmortem(scorecard, log)
        rows = [line for line in section(document, "Timeline (UTC)").splitlines() if line.startswith("| 1")]
        assert len(rows) > 20
        assert all(re.search(r"\| \[#\d+(, #\d+)*\] \|$", row) for row in rows)
        well = section(document, "What Went Well").strip().splitlines()
        assert all("[#" in line for line in well if line != "- Nothing that was measured.")
        known = {record.seq for record in log}
        assert {int(number) for number in re.findall(r"#(\d+)[,\]]", document)} <= known


def test_people_appear_by_their_roles(log: History) -> None:
    """The responder's name is nowhere; the role is, marked as scripted."""
    document = postmortem(cards.scorecard(log), log)
    assert "alice" not in document
    assert "| incident commander (scripted) |" in document


def test_roles_given_at_the_desk_are_used(log: History) -> None:
    """Who was made technical lead is called so, and the declarer stays incident commander."""
    more: list[tuple[float, e.Event]] = [
        (26.2, e.Assigned(by="alice", role="technical-lead", to="bob")),
        (26.5, e.Looked(by="bob", topic="logs", rows=3)),
    ]
    told = samples.history([*samples.incident_events(), *more, *samples.requests(71.0, 18.7, 40.1)])
    document = postmortem(grade(told), told)
    assert re.search(r"Looked at logs: 3 rows \| technical lead \|", document)
    assert "| Page acknowledged | incident commander (scripted) |" in document


def test_actions_follow_from_what_was_measured(log: History) -> None:
    """Silent and blind monitors, noise, relapse, runbook defects and lucky pass each become an action."""
    actions = section(postmortem(cards.failed(log), log), "Action Items")
    for words in (
        "Let monitor auth-error-rate notice this incident",
        "Bring back the data of monitor auth-connections",
        "Tune auth-disk",
        "Say in the runbook that this does not last alone: restart auth",
        "Mend runbook step roll-back (platform, date)",
        "Make these steps easier to reach, or optional (platform, date)",
        "Rehearse looking before mending, and verifying after (team, date)",
        "(owner, date)",
    ):
        assert words in actions, words
    assert all(line.startswith("- [ ] ") for line in actions.strip().splitlines())


def test_wording_is_blameless(log: History) -> None:
    """Nobody failed, nobody should have."""
    for scorecard in (cards.scorecard(log), cards.failed(log)):
        document = postmortem(scorecard, log).lower()
        for word in ("should have", "fault of", "human error", "mistake by", "careless", "forgot", "blame"):
            assert word not in document, word


@given(st.text(max_size=60))
def test_typed_text_breaks_no_table_row(text: str) -> None:
    """A note of any characters stays in its cell, and makes neither markup nor a link."""
    told: list[tuple[float, e.Event]] = [
        (0.0, samples.started()),
        (12.5, e.FaultTriggered(fault="release", planned=12.5, at=12.5)),
        (26.0, e.Noted(by=text, text=text, affects=[text])),
    ]
    log = samples.history(told)
    rows = section(postmortem(grade(log), log), "Timeline (UTC)").strip().splitlines()
    assert len(rows) == 4
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", rows[-1])) == 6


def test_escaped_text_shows_what_was_typed() -> None:
    """The marks of Markdown and HTML are text."""
    assert escape("a|b *c* <d> [e](f) `g` \\ _h_ i_j") == r"a\|b \*c\* &lt;d> \[e\](f) \`g\` \\ \_h\_ i_j"
