"""Events in words: every event is safe to describe, and names no one as the cause."""

from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday import events as e
from gameday.report.figures import budget, clean, clock, count, latency, share, stamp
from gameday.report.words import words
from tests.unit.report import samples

_SEEN = {type(record.event) for record in samples.history(samples.incident_events())}


@given(st.data())
def test_every_event_has_words_or_none(data: st.DataObject) -> None:
    """No field of any event, whatever its value, breaks its description or gets a line break into it."""
    kind = data.draw(st.sampled_from(sorted(e.EVENT_TYPES.values(), key=lambda one: one.__name__)))
    event = data.draw(st.builds(kind, **_known(kind)))
    said = words(event)
    if said is not None:
        assert said.what == " ".join(said.what.split())
        assert said.what.isprintable()
        assert said.short


def _known(kind: type[e.Event]) -> dict[str, st.SearchStrategy[object]]:
    """Strategies for fields that cannot be built from their type alone."""
    hints = typing.get_type_hints(kind)
    plain = {"things": st.just({}), "inputs": st.just({}), "host": st.just({}), "endpoints": st.just({})}
    plain |= {"output": st.none(), "type": st.just(kind.model_fields["type"].default)}
    floats = {name: st.floats(0, 1e6) for name, hint in hints.items() if hint is float}
    floats |= {name: st.none() | st.floats(0, 1e6) for name, hint in hints.items() if hint == (float | None)}
    return {name: how for name, how in (plain | floats).items() if name in kind.model_fields}


def test_a_script_is_marked_and_an_act_is_passive() -> None:
    """Who did it stands apart from what was done."""
    said = words(e.Acknowledged(by="alice", scripted=True))
    assert said is not None
    assert said.doer == "alice (scripted)"
    assert said.what == "Page acknowledged"


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (
            e.LeverEnded(by="a", act=1, lever="rollback", ok=False, changed=False, did="no release before"),
            "Lever rollback failed: no release before",
        ),
        (
            e.LeverEnded(by="a", act=1, lever="scale", ok=True, changed=False, did="auth has 2 replicas"),
            "Lever scale changed nothing: auth has 2 replicas",
        ),
        (e.StepTicked(by="a", step="x", skipped=True, because="no need"), "Runbook step x skipped: no need"),
        (
            e.UpdatePosted(by="a", status="identified", text="found it", next_update=900.0),
            "Status update, identified: found it (next in 15 min)",
        ),
        (
            e.AlertFired(
                monitor="m", severity="SEV3", since=1.0, value=1.25, condition="latency_p95 > 1000ms for 5s"
            ),
            "m fired, SEV3: latency_p95 > 1000ms for 5s (saw 1.2 s)",
        ),
        (
            e.StackCompared(clean=False, differences=["a: b", "c: d"], by_hand=[]),
            "Stack not clean: a: b, c: d",
        ),
    ],
)
def test_what_became_of_it_is_said(event: e.Event, what: str) -> None:
    """Failure, no change, skipping and promises are part of the words."""
    said = words(event)
    assert said is not None
    assert said.what == what


def test_what_people_need_not_read_has_no_words() -> None:
    """Requests, scrapes and bookkeeping are silent."""
    assert words(e.RecipeWritten(owner="fault:x", things={})) is None
    assert words(e.Scraped(job="gateway", ok=True, series={})) is None


@given(st.text())
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    """No control character, no turned direction, no surrogate survives."""
    shown = clean(text)
    assert shown.encode() is not None
    assert shown.isprintable()
    assert not set(shown) & set("\x1b\u202e\u2066\x00\x7f\x9b")


def test_figures() -> None:
    """Times, shares and counts look the same wherever they stand."""
    assert [clock(t) for t in (0, 0.04, 6.1, 21.44, 299.0, 2224.4, 3720)] == [
        "0 s", "0.04 s", "6.1 s", "21.4 s", "299.0 s", "37 min 04 s", "1 h 02 min",
    ]  # fmt: skip
    assert [budget(t) for t in (0.25, 30.0, 120.0, 300.0, 2700.0, 330.5)] == [
        "250 ms", "30 s", "120 s", "5 min", "45 min", "330.5 s",
    ]  # fmt: skip
    assert [share(v) for v in (0, 0.00001, 0.0031, 0.071, 0.71, 1)] == [
        "0 %", "< 0.01 %", "0.31 %", "7.1 %", "71 %", "100 %",
    ]  # fmt: skip
    assert [latency(v) for v in (0.003, 0.412, 2.04)] == ["3 ms", "412 ms", "2.0 s"]
    assert count(5160) == "5,160"
    assert [stamp(t) for t in (-0.01, -10.0, 6.1, 2224.0, 3725.0)] == [
        "T+0.0 s", "T-10.0 s", "T+6.1 s", "T+37:04", "T+1:02:05",
    ]  # fmt: skip
