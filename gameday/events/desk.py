"""Events of the desk: every act of a responder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gameday.events.base import Event


class Act(Event):
    """What all acts share: who, and whether a script acted under that name."""

    by: str
    scripted: bool = False


class Looked(Act):
    """Somebody asked the system something; ``digest`` says what the answer was without keeping all of it."""

    type: Literal["looked"] = "looked"
    topic: str
    arguments: dict[str, str] = Field(default_factory=dict)
    ok: bool = True
    rows: int = 0
    note: str = ""


class Acknowledged(Act):
    """A responder took the page."""

    type: Literal["acknowledged"] = "acknowledged"


class Declared(Act):
    """Severity set; the declarer is incident commander unless another is named."""

    type: Literal["declared"] = "declared"
    severity: str
    affects: list[str] = Field(default_factory=list)
    note: str = ""


class Assigned(Act):
    """A role was given to somebody."""

    type: Literal["assigned"] = "assigned"
    role: str
    to: str


class Noted(Act):
    """Something worth keeping; with ``affects`` it is also a statement that something is wrong."""

    type: Literal["noted"] = "noted"
    text: str
    affects: list[str] = Field(default_factory=list)


class Hypothesised(Act):
    """What might be the cause."""

    type: Literal["hypothesised"] = "hypothesised"
    component: str
    mechanism: str
    because: str = ""
    confidence: float | None = None


class StepTicked(Act):
    """A runbook step said to be done, by the doer or by a second person for ``doer``."""

    type: Literal["step_ticked"] = "step_ticked"
    step: str
    doer: str = ""
    because: str = ""
    """Why it was skipped or done differently, if so."""
    skipped: bool = False


class LeverBegan(Act):
    """A lever is about to be pulled; its recipe is on disk."""

    type: Literal["lever_began"] = "lever_began"
    act: int
    lever: str
    arguments: dict[str, str]
    because: str = ""


class LeverEnded(Act):
    """What the lever did, by read-back."""

    type: Literal["lever_ended"] = "lever_ended"
    act: int
    lever: str
    ok: bool
    changed: bool
    did: str


class UpdatePosted(Act):
    """A status update, with what it promises."""

    type: Literal["update_posted"] = "update_posted"
    status: Literal["investigating", "identified", "monitoring", "resolved"]
    text: str
    next_update: float | None = None
    """Seconds until the next one, as promised."""


class Verified(Act):
    """A responder checked that the system is well again."""

    type: Literal["verified"] = "verified"
    text: str = ""


class Resolved(Act):
    """A responder says it is over."""

    type: Literal["resolved"] = "resolved"
    text: str = ""


class PlaybookStopped(Event):
    """The scripted responder is done, or gave up waiting."""

    type: Literal["playbook_stopped"] = "playbook_stopped"
    done: int
    of: int
    reason: str
