"""The scripted responder: which act is due when, and that it knows only what a person could."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

from gameday import events as e
from gameday.errors import InputError
from gameday.events import Event, Record
from gameday.model.inputs import Inputs
from gameday.model.playbook import Playbook
from gameday.respond import bot as bot_module
from gameday.respond.acts import record_of
from gameday.respond.bot import Bot, GaveUp, step, words_of
from gameday.situation import Situation
from tests.simulate.driver import raw


def playing(
    acts: list[dict[str, Any]], happens: dict[float, list[Event]], until: float = 20
) -> list[tuple[float, str]]:
    """When which act was due, asked each 100 ms while these events come."""
    playbook = Playbook.model_validate({"as": "alice", "acts": acts})
    situation, bot, found, count = Situation(Inputs.of(raw())), Bot(), list[tuple[float, str]](), 0
    for tick in range(round(until * 10) + 1):
        now = tick / 10
        for event in happens.get(now, []):
            count += 1
            situation.feed(Record(seq=count, t=now, wall="", source="", event=event))
        bot, act = step(playbook, bot, situation, now)
        if isinstance(act, GaveUp):
            return [*found, (now, act.reason)]
        if act is not None:
            found.append((now, act.do))
    assert bot.done(playbook) == (len(found) == len(acts))
    return found


FIRED: list[Event] = [e.AlertFired(monitor="m", severity="SEV2", since=1, value=1, condition="c")]
ENDED: list[Event] = [e.AlertEnded(monitor="m", value=0)]


def test_acts_come_one_after_another() -> None:
    """Each after the one before it, after what it waits for, and after its own time."""
    acts = [
        {"when": "alert", "do": "ack", "after": "1s"},
        {"do": "wait", "after": "500ms"},
        {"do": "verify"},
        {"when": "alert_ended", "do": "resolve"},
    ]

    found = playing(acts, {3.0: FIRED, 9.0: ENDED})

    assert found == [(4.0, "ack"), (4.6, "wait"), (4.7, "verify"), (9.0, "resolve")]


@pytest.mark.parametrize(
    ("milestone", "event"),
    [
        ("alert", FIRED[0]),
        ("acknowledged", e.Acknowledged(by="bob")),
        ("declared", e.Declared(by="bob", severity="SEV1")),
    ],
)
def test_it_waits_for_what_was_said_or_seen(milestone: str, event: Event) -> None:
    """An alert, or what the desk has recorded, whoever did it."""
    assert playing([{"when": milestone, "do": "ack"}], {5.0: [event]}) == [(5.0, "ack")]
    assert playing([{"when": milestone, "do": "ack"}], {}) == []


def test_no_alert_is_not_an_alert_that_ended() -> None:
    """`alert_ended` needs one that fired."""
    assert playing([{"when": "alert_ended", "do": "resolve"}], {}) == []


def test_an_alert_that_is_over_is_waited_for_no_longer() -> None:
    """What came true stays true while the act's own time passes."""
    acts = [{"when": "alert", "do": "ack", "after": "3s"}]

    assert playing(acts, {2.0: FIRED, 3.0: ENDED}) == [(5.0, "ack")]


def scrapes(shares: dict[float, float]) -> dict[float, list[Event]]:
    """The share of connections in use, scraped each half second; each value until the next."""
    found, share = dict[float, list[Event]](), 0.0
    for tick in range(0, 200, 5):
        share = shares.get(tick / 10, share)
        series = {"connections": share * 100, "connections_max": 100.0}
        found[tick / 10] = [e.Scraped(job="database", ok=True, series=series)]
    return found


def test_a_condition_must_hold_for_its_time() -> None:
    """A metric that the system exports, held without a break."""
    act = {"when": "database_connections > 80% for 3s", "do": "ack"}

    assert playing([act], scrapes({2.0: 0.9, 4.0: 0.1, 6.0: 0.9})) == [(9.0, "ack")]


def test_a_wait_that_is_too_long_ends_the_playbook() -> None:
    """Counted from when the act's turn came, and said in the act's own words."""
    acts = [
        {"do": "wait", "after": "2s"},
        {"when": "database_connections > 80%", "within": "4s", "do": "ack"},
    ]

    assert playing(acts, {}) == [
        (2.0, "wait"),
        (6.2, "waited 4 s for database_connections > 80% before 'ack'"),
    ]


def test_a_playbook_without_acts_is_done() -> None:
    """The responder that does nothing."""
    assert playing([], {}) == []


EVERY_ACT: list[dict[str, Any]] = [
    {"do": "ack"},
    {"do": "declare", "with": {"severity": "SEV1", "affects": "auth", "note": "x"}},
    {"do": "assign", "with": {"role": "scribe", "to": "dave"}},
    {"do": "note", "with": "something"},
    {"do": "note", "with": {"text": "something", "affects": ["auth"]}},
    {"do": "hypothesis", "with": {"component": "auth", "mechanism": "latency", "confidence": 0.5}},
    {"do": "step", "with": "read"},
    {"do": "step", "with": {"step": "read", "skipped": True, "because": "known", "doer": "bob"}},
    {"do": "update", "with": {"status": "resolved", "text": "well", "next": "30s"}},
    {"do": "verify", "with": "well"},
    {"do": "verify"},
    {"do": "resolve", "with": {"text": "done"}},
]


@pytest.mark.parametrize("act", EVERY_ACT, ids=lambda act: f"{act['do']} {act.get('with', '')}")
def test_what_a_valid_playbook_says_the_desk_understands(act: dict[str, Any]) -> None:
    """Every key that an act's shape takes is a word of the desk, and is recorded under the responder's name."""
    playbook = Playbook.model_validate({"as": "alice", "acts": [act]})
    inputs = Inputs.of({**raw(), "runbook": {"title": "t", "steps": {"read": {}}}})

    [planned] = playbook.acts
    event = record_of(planned.do, playbook.as_, scripted=True, words=words_of(planned), inputs=inputs)

    assert (event.by, event.scripted) == ("alice", True)


def test_a_bare_word_stands_for_the_main_key() -> None:
    """`look: deploys`, `lever: rollback` and so on."""
    acts = Playbook.model_validate(
        {"as": "alice", "acts": [{"do": "look", "with": "deploys"}, {"do": "lever", "with": "rollback"}]}
    ).acts

    assert [words_of(act) for act in acts] == [{"topic": "deploys"}, {"name": "rollback"}]


def test_it_knows_nothing_of_faults_and_clients() -> None:
    """Of the situation it reads what the desk shows: alerts, acts, exported metrics."""
    tree = ast.parse(inspect.getsource(bot_module))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "situation"
    }

    assert read == {"alerting", "acknowledged", "declared", "history", "exported"}
    histories = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "history" in ast.unparse(node.func)
    ]
    assert histories == ["situation.history.has(AlertFired)"]


def test_an_unknown_service_in_a_playbook_is_refused_by_the_desk() -> None:
    """What cannot be checked without the system is checked when it is done."""
    with pytest.raises(InputError, match="unknown service"):
        record_of("note", "a", scripted=True, words={"text": "x", "affects": "none"}, inputs=Inputs.of(raw()))
