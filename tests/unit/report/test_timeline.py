"""The timeline: what the log says and what grading found, in one order, in the same words everywhere."""

from __future__ import annotations

import re

from gameday import events as e
from gameday.history import History
from gameday.report.html import page
from gameday.report.live import lines
from gameday.report.postmortem import escape, postmortem
from gameday.report.timeline import incident_only, text, timeline, wall_time
from gameday.report.words import Kind, words
from gameday.score.grading import grade
from tests.unit.report import cards, samples


def test_times_count_from_the_trigger_and_stand_beside_utc(log: History) -> None:
    """The alert of 24.8 s of the run is 12.3 s after the trigger of 12.5 s, and 14:23:24.8."""
    fired = next(
        one for one in timeline(cards.scorecard(log), log) if one.what.startswith("auth-connections fired")
    )
    assert round(fired.t, 1) == 12.3
    assert fired.wall == "14:23:24.8"
    assert fired.evidence == (samples.seq_of(log, e.AlertFired),)
    assert fired.kind is Kind.ALERT


def test_what_clients_felt_is_in_order_among_what_was_done(log: History) -> None:
    """Impact stands before the alert, good service after the lever, each with its uncertainty."""
    entries = timeline(cards.scorecard(log), log)
    said = [one.what for one in entries]
    impact = next(n for n, one in enumerate(entries) if one.short == "impact")
    again = next(n for n, one in enumerate(entries) if one.short == "good again")
    assert impact < next(n for n, what in enumerate(said) if "fired" in what)
    assert next(n for n, what in enumerate(said) if "Lever rollback done" in what) < again
    assert [one.t for one in entries] == sorted(one.t for one in entries)
    assert entries[impact].earliest is not None
    assert entries[impact].earliest < entries[impact].t


def test_a_relapse_is_an_entry(log: History) -> None:
    """A clean stretch that broke is told with what had begun it."""
    said = [one.what for one in timeline(cards.failed(log), log)]
    assert "Service broke again: 6.2 s of good service after restart auth did not last" in said


def test_one_event_has_the_same_words_everywhere(log: History) -> None:
    """Timeline, post-mortem, page and live view describe each act, alert and fault in the same words."""
    scorecard = cards.scorecard(log)
    document, shown = (
        postmortem(scorecard, log),
        page(scorecard, log).replace("&gt;", ">").replace("\xa0", " "),
    )
    plain = " ".join(text(scorecard, log, width=400).split())
    for entry in incident_only(timeline(scorecard, log)):
        assert escape(entry.what) in document
        assert entry.what in shown
        assert entry.what in plain
    for record in log:
        said = words(record.event)
        if said and said.kind is Kind.ACT:
            line = lines(record, log)
            assert line is not None
            assert line.endswith(f"{said.doer}: {said.what}")


def test_text_names_the_lines_of_the_log(log: History) -> None:
    """Every line of the text ends with the records it rests on."""
    shown = text(cards.scorecard(log), log, width=400).splitlines()[2:]
    assert len(shown) > 30
    assert all(re.search(r"\[#\d+(, #\d+)*\]$", line) for line in shown)


def test_a_log_without_a_readable_wall_clock_has_no_utc() -> None:
    """What cannot be known stays empty instead of being made up."""
    record = e.Record(seq=1, t=0.0, wall="yesterday", source="runner", event=samples.started())
    assert wall_time(History([record]), 5.0) == ""
    assert wall_time(History(), 5.0) == ""


def test_a_run_that_never_injected_still_has_a_timeline() -> None:
    """A baseline that did not hold is told from the run's start."""
    log = samples.history(
        [
            (0.0, samples.started()),
            (1.0, e.PhaseBegan(phase="baseline")),
            (6.0, e.BaselinePostponed(problems=["error_rate < 1%: 7.0 %"], begins=5.0)),
            (11.0, e.BaselineJudged(held=False, problems=["error_rate < 1%: 4.0 %"], rate=120)),
            (11.1, e.Aborted(reason="baseline", detail="steady state did not hold")),
        ]
    )
    shown = text(grade(log), log)
    assert "Not steady yet, the baseline begins again: error_rate < 1%: 7.0 %" in " ".join(shown.split())
    assert "Steady state did not hold: error_rate < 1%: 4.0 %" in shown
    assert "Aborted, baseline: steady state did not hold" in shown
