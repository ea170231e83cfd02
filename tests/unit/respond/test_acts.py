"""What may be said at the desk, and what a person is told who says it wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.errors import ExitCode, InputError
from gameday.model.inputs import Inputs
from gameday.respond.acts import record_of
from tests.simulate.driver import raw

RUNBOOK = {
    "title": "Leaks",
    "steps": {"read-the-plan": {}, "look-at-deploys": {"evidence": {"look": "deploys"}}},
}


def said(do: str, words: dict[str, Any], *, runbook: bool = True) -> e.Act:
    """The event of an act by alice."""
    inputs = Inputs.of({**raw(), "runbook": RUNBOOK if runbook else None})
    return record_of(do, "alice", scripted=False, words=words, inputs=inputs)


@pytest.mark.parametrize(
    ("do", "words", "event"),
    [
        ("ack", {}, e.Acknowledged(by="alice")),
        (
            "declare",
            {"severity": "sev1", "affects": "auth, database", "note": " users cannot log in "},
            e.Declared(by="alice", severity="SEV1", affects=["auth", "database"], note="users cannot log in"),
        ),
        (
            "declare",
            {"severity": "SEV2", "affects": ["auth"]},
            e.Declared(by="alice", severity="SEV2", affects=["auth"]),
        ),
        ("declare", {"severity": "SEV3"}, e.Declared(by="alice", severity="SEV3")),
        ("assign", {"role": "scribe", "to": "dave"}, e.Assigned(by="alice", role="scribe", to="dave")),
        ("assign", {"role": "IC", "to": "bob"}, e.Assigned(by="alice", role="incident-commander", to="bob")),
        (
            "assign",
            {"role": "Technical Lead", "to": "bob"},
            e.Assigned(by="alice", role="technical-lead", to="bob"),
        ),
        ("note", {"text": "hm"}, e.Noted(by="alice", text="hm")),
        ("note", {"text": "slow", "affects": "auth"}, e.Noted(by="alice", text="slow", affects=["auth"])),
        (
            "hypothesis",
            {"component": "auth", "mechanism": "connection-leak", "because": "v2", "confidence": "80%"},
            e.Hypothesised(
                by="alice", component="auth", mechanism="connection-leak", because="v2", confidence=0.8
            ),
        ),
        (
            "hypothesis",
            {"component": "database", "mechanism": "latency", "confidence": 0.3},
            e.Hypothesised(by="alice", component="database", mechanism="latency", confidence=0.3),
        ),
        ("step", {"step": "read-the-plan"}, e.StepTicked(by="alice", step="read-the-plan", doer="alice")),
        (
            "step",
            {"step": "read-the-plan", "doer": "bob"},
            e.StepTicked(by="alice", step="read-the-plan", doer="bob"),
        ),
        (
            "step",
            {"step": "read-the-plan", "skipped": True, "because": "known"},
            e.StepTicked(by="alice", step="read-the-plan", doer="alice", skipped=True, because="known"),
        ),
        (
            "update",
            {"status": "identified", "text": "rolling back", "next": "15m"},
            e.UpdatePosted(by="alice", status="identified", text="rolling back", next_update=900.0),
        ),
        ("verify", {}, e.Verified(by="alice")),
        ("resolve", {"text": "done"}, e.Resolved(by="alice", text="done")),
    ],
)
def test_an_act_is_recorded_as_it_was_meant(do: str, words: dict[str, Any], event: e.Act) -> None:
    """Each act's words become its event, trimmed and in the desk's own words."""
    assert said(do, words) == event


@pytest.mark.parametrize(
    ("do", "words", "told"),
    [
        ("aknowledge", {}, "unknown act 'aknowledge'"),
        ("not", {}, "unknown act 'not'; did you mean 'note'?"),
        ("declare", {}, "'severity' is missing"),
        ("declare", {"severity": "SEV9"}, "unknown severity 'SEV9'; known: SEV1, SEV2, SEV3, SEV4"),
        (
            "declare",
            {"severity": "SEV1", "affect": "auth"},
            "declare: unknown 'affect'; did you mean 'affects'?",
        ),
        (
            "declare",
            {"severity": "SEV1", "affects": "auht"},
            "unknown service 'auht'; did you mean 'auth'?; known: auth, database, identity-provider",
        ),
        (
            "declare",
            {"severity": "SEV1", "affects": 5},
            "'affects' names services, for example auth,database",
        ),
        ("assign", {"role": "scribe"}, "'to' is missing"),
        ("assign", {"role": "scrib", "to": "x"}, "unknown role 'scrib'; did you mean 'scribe'?"),
        ("note", {"text": "  "}, "'text' is missing"),
        ("note", {"text": "x" * 4001}, "'text' is longer than 4000 characters"),
        ("hypothesis", {"component": "auth"}, "'mechanism' is missing"),
        (
            "hypothesis",
            {"component": "auth", "mechanism": "conection-leak"},
            "unknown mechanism 'conection-leak'; did you mean 'connection-leak'?",
        ),
        (
            "hypothesis",
            {"component": "auth", "mechanism": "latency", "confidence": "0.8"},
            "'0.8' is not a percentage; write it with its sign",
        ),
        (
            "hypothesis",
            {"component": "auth", "mechanism": "latency", "confidence": 80},
            "confidence 80 is not between 0 and 1",
        ),
        ("hypothesis", {"component": "auth", "mechanism": "latency", "confidence": []}, "confidence"),
        ("step", {"step": "read-plan"}, "unknown step 'read-plan'; did you mean 'read-the-plan'?"),
        ("step", {"step": "read-the-plan", "skipped": True}, "'because' is missing"),
        ("update", {"status": "fixing", "text": "x"}, "unknown status 'fixing'; known: investigating"),
        ("update", {"status": "resolved"}, "'text' is missing"),
        ("update", {"status": "resolved", "text": "x", "next": "15"}, "next: '15' is not a duration"),
        ("update", {"status": "resolved", "text": "x", "next": 15}, "next: 15: a duration needs a unit"),
        ("ack", {"text": "x"}, "ack: unknown 'text'"),
    ],
)
def test_what_was_not_understood_is_said(do: str, words: dict[str, Any], told: str) -> None:
    """The message names the word, the nearest known one, or how to write it; the caller exits with 2."""
    with pytest.raises(InputError) as caught:
        said(do, words)

    assert told in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_INPUT


def test_without_a_runbook_there_are_no_steps() -> None:
    """The reason is said, not that the step is unknown."""
    with pytest.raises(InputError, match="this scenario has no runbook"):
        said("step", {"step": "read-the-plan"}, runbook=False)
