"""What may be said at the desk: from a request's words to the event that records it. Pure.

Looks and levers reach the stack and are done by ``gameday.respond.desk``; every other act is only recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gameday.errors import InputError
from gameday.events import (
    Acknowledged,
    Act,
    Assigned,
    Declared,
    Hypothesised,
    Noted,
    Resolved,
    StepTicked,
    UpdatePosted,
    Verified,
)
from gameday.metrics import MECHANISMS
from gameday.model.inputs import Inputs
from gameday.model.quantities import duration, nearest, ratio
from gameday.model.scenario import Severity
from gameday.model.vocabulary import ROLES, UPDATE_STATES

_SHORT = {"ic": "incident-commander", "tl": "technical-lead", "comms": "communications-lead"}
_LONGEST_TEXT = 4000

Words = Mapping[str, Any]


def record_of(do: str, by: str, scripted: bool, words: Words, inputs: Inputs) -> Act:
    """The event of one act that only needs recording.

    Raises:
        InputError: a word is missing, unknown or too long; says what would do.
    """
    if do not in _MAKERS:
        raise InputError(f"unknown act '{do}'{nearest(do, [*_MAKERS, 'look', 'lever'])}")
    unknown = sorted(set(words) - _WORDS[do])
    if unknown:
        raise InputError(f"{do}: unknown '{unknown[0]}'{nearest(unknown[0], sorted(_WORDS[do]))}")
    return _MAKERS[do](_Desk(by, scripted, words, inputs))


class _Desk:
    """One request's words with their checks."""

    def __init__(self, by: str, scripted: bool, words: Words, inputs: Inputs) -> None:
        self.who = {"by": by, "scripted": scripted}
        self.by = by
        self.words = words
        self.inputs = inputs

    def text(self, key: str, *, needed: bool = False) -> str:
        value = str(self.words.get(key) or "").strip()
        if needed and not value:
            raise InputError(f"'{key}' is missing")
        if len(value) > _LONGEST_TEXT:
            raise InputError(f"'{key}' is longer than {_LONGEST_TEXT} characters")
        return value

    def one_of(self, key: str, known: Mapping[str, Any] | list[str]) -> str:
        value = self.text(key, needed=True)
        if value not in known:
            raise InputError(
                f"unknown {key} '{value}'{nearest(value, list(known))}; known: {', '.join(known)}"
            )
        return value

    def services(self, key: str = "affects") -> list[str]:
        given = self.words.get(key) or []
        if not isinstance(given, str | list):
            raise InputError(f"'{key}' names services, for example auth,database")
        parts = given.split(",") if isinstance(given, str) else map(str, given)
        names = [part.strip() for part in parts]
        known = self.inputs.system.services
        for name in names:
            if name not in known:
                raise InputError(
                    f"unknown service '{name}'{nearest(name, list(known))}; known: {', '.join(known)}"
                )
        return names


def _ack(desk: _Desk) -> Act:
    return Acknowledged(**desk.who)


def _declare(desk: _Desk) -> Act:
    severity = desk.text("severity", needed=True).upper()
    if severity not in Severity.__members__:
        raise InputError(f"unknown severity '{severity}'; known: {', '.join(Severity)}")
    return Declared(**desk.who, severity=severity, affects=desk.services(), note=desk.text("note"))


def _assign(desk: _Desk) -> Act:
    role = desk.text("role", needed=True).lower().replace(" ", "-").replace("_", "-")
    role = _SHORT.get(role, role)
    if role not in ROLES:
        raise InputError(f"unknown role '{role}'{nearest(role, ROLES)}; known: {', '.join(ROLES)}")
    return Assigned(**desk.who, role=role, to=desk.text("to", needed=True))


def _note(desk: _Desk) -> Act:
    return Noted(**desk.who, text=desk.text("text", needed=True), affects=desk.services())


def _hypothesis(desk: _Desk) -> Act:
    sure = _confidence(desk.words.get("confidence"))
    return Hypothesised(
        **desk.who,
        component=desk.one_of("component", list(desk.inputs.system.services)),
        mechanism=desk.one_of("mechanism", MECHANISMS),
        because=desk.text("because"),
        confidence=sure,
    )


def _confidence(given: Any) -> float | None:
    """``80%`` as people type it, or 0.8 as playbooks write it."""
    if given is None or given == "":
        return None
    try:
        share = ratio(given) if isinstance(given, str) else float(given)
    except (TypeError, ValueError) as problem:
        raise InputError(f"confidence: {problem}") from None
    if not 0 <= share <= 1:
        raise InputError(f"confidence {given!r} is not between 0 and 1")
    return share


def _step(desk: _Desk) -> Act:
    if desk.inputs.runbook is None:
        raise InputError("this scenario has no runbook, so there are no steps to tick")
    step = desk.one_of("step", list(desk.inputs.runbook.steps))
    skipped = bool(desk.words.get("skipped"))
    because = desk.text("because", needed=skipped)
    return StepTicked(
        **desk.who, step=step, doer=desk.text("doer") or desk.by, because=because, skipped=skipped
    )


def _update(desk: _Desk) -> Act:
    following = desk.words.get("next")
    try:
        promised = duration(following) if following else None
    except ValueError as problem:
        raise InputError(f"next: {problem}") from None
    return UpdatePosted(
        **desk.who,
        status=desk.one_of("status", list(UPDATE_STATES)),
        text=desk.text("text", needed=True),
        next_update=promised,
    )


def _verify(desk: _Desk) -> Act:
    return Verified(**desk.who, text=desk.text("text"))


def _resolve(desk: _Desk) -> Act:
    return Resolved(**desk.who, text=desk.text("text"))


_MAKERS: Mapping[str, Callable[[_Desk], Act]] = {
    "ack": _ack,
    "declare": _declare,
    "assign": _assign,
    "note": _note,
    "hypothesis": _hypothesis,
    "step": _step,
    "update": _update,
    "verify": _verify,
    "resolve": _resolve,
}
_WORDS: Mapping[str, frozenset[str]] = {
    "ack": frozenset(),
    "declare": frozenset({"severity", "affects", "note"}),
    "assign": frozenset({"role", "to"}),
    "note": frozenset({"text", "affects"}),
    "hypothesis": frozenset({"component", "mechanism", "because", "confidence"}),
    "step": frozenset({"step", "doer", "because", "skipped"}),
    "update": frozenset({"status", "text", "next"}),
    "verify": frozenset({"text"}),
    "resolve": frozenset({"text"}),
}
