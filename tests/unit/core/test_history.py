"""The history: views of one log that do not disturb each other, and what a situation folds from it."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.events import Event, Record
from gameday.history import History
from gameday.model.inputs import Inputs
from gameday.situation import Situation
from tests.simulate.driver import raw


def record(seq: int, event: Event, t: float | None = None) -> Record:
    """One record."""
    return Record(seq=seq, t=float(seq) if t is None else t, wall="", source="", event=event)


def note(text: str) -> e.Noted:
    """A note."""
    return e.Noted(by="alice", text=text)


def test_an_older_view_does_not_see_what_came_later() -> None:
    """Appending gives a new history; the old one keeps its length, its types and its last record."""
    old = History([record(1, note("a"))])
    new = old.append(record(2, note("b"))).append(record(3, e.RunEnded()))

    assert (len(old), len(new)) == (1, 3)
    assert [event.text for _, event in old.of(e.Noted)] == ["a"]
    assert [event.text for _, event in new.of(e.Noted)] == ["a", "b"]
    assert not old.has(e.RunEnded)
    assert old[-1].seq == 1
    assert [each.seq for each in new] == [1, 2, 3]
    with pytest.raises(IndexError):
        old[1]


def test_only_the_newest_view_can_be_appended_to() -> None:
    """Two futures of one log cannot be."""
    old = History()
    old.append(record(1, note("a")))

    with pytest.raises(ValueError, match="newest"):
        old.append(record(2, note("b")))


def test_first_and_last_of_a_type() -> None:
    """The oldest and the newest record of a type, or None."""
    history = History([record(1, note("a")), record(2, e.RunEnded()), record(3, note("b"))])

    first, last = history.first(e.Noted), history.last(e.Noted)

    assert first is not None
    assert last is not None
    assert (first[1].text, last[1].text) == ("a", "b")
    assert history.first(e.Aborted) is None
    assert history.last(e.Aborted) is None


def test_since_goes_back_from_the_end() -> None:
    """Newest first, back to the first record stamped before the instant."""
    history = History([record(seq, note(str(seq)), t) for seq, t in enumerate([0.0, 2.0, 1.0, 3.0], 1)])

    assert [each.seq for each in history.since(2.0)] == [4]
    assert [each.seq for each in history.since(1.0)] == [4, 3, 2]


def test_a_log_begins_with_its_inputs() -> None:
    """The first record gives the models; a log without it says so."""
    started = e.RunStarted(
        run="r", versions={}, host={}, seed=1, stack="s", responder="none", inputs=raw(), digests={}
    )

    assert History([record(1, started)]).inputs() == Inputs.of(raw())
    with pytest.raises(ValueError, match="run_started"):
        History([record(1, e.RunEnded())]).inputs()


def fed(*events: Event) -> Situation:
    """A situation after these events."""
    situation = Situation(Inputs.of(raw()))
    for seq, event in enumerate(events, 1):
        situation.feed(record(seq, event))
    return situation


def fired(monitor: str) -> e.AlertFired:
    """An alert."""
    return e.AlertFired(monitor=monitor, severity="SEV2", since=0, value=1, condition="c")


def test_what_alerts_now() -> None:
    """Monitors that fired and did not end, by when they fired last."""
    ended = e.AlertEnded(monitor="a", value=0)

    assert fed(fired("a"), fired("b")).alerting() == ["a", "b"]
    assert fed(fired("a"), fired("b"), ended).alerting() == ["b"]
    assert fed(fired("a"), fired("b"), ended, fired("a")).alerting() == ["b", "a"]


def test_which_faults_are_in() -> None:
    """Injected and not reverted; what the read-back said last."""
    checked = [e.FaultChecked(fault="x", in_place=answer, at=0) for answer in (True, False)]
    situation = fed(
        e.FaultInjected(fault="x", ok=True),
        e.FaultInjected(fault="y", ok=True),
        e.FaultReverted(fault="y", ok=True),
        *checked,
    )

    assert situation.injected() == ["x"]
    assert situation.in_place("x") is False
    assert situation.in_place("y") is None


def test_a_situation_keeps_no_bulk_records() -> None:
    """Requests and scrapes are folded and let go: an hour of them would not fit into a runner."""
    empty: dict[str, Any] = {
        key: [] for key in ("sent_id", "sent_at", "sent_name", "ended_id", "ended_at", "ended_problem")
    }
    scraped = e.Scraped(job="host", ok=True, series={"disk_used_ratio": 0.5})
    situation = fed(e.Acknowledged(by="alice"), e.Requests(offered=[1.5], **empty), scraped)

    assert [type(each.event) for each in situation.history] == [e.Acknowledged]
    assert situation.newest == record(3, scraped).t
    assert not situation.clients.empty
    assert situation.exported.value("disk_space", situation.newest) == 0.5


def test_a_fresh_situation_knows_nothing() -> None:
    """No phase, no plan, no trigger, no act."""
    situation = fed()

    assert (situation.phase, situation.plan_start, situation.triggered) == ("", None, None)
    assert (situation.acknowledged, situation.declared, situation.resolved) == (False, False, False)


def test_the_trigger_is_the_earliest() -> None:
    """Two faults: the first injecting activity is the trigger, whichever was heard of first."""
    triggers = [e.FaultTriggered(fault=name, planned=at, at=at) for name, at in (("b", 8.0), ("a", 7.5))]

    assert fed(*triggers).triggered == 7.5
