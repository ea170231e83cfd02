"""A playbook: what the scripted responder does. It waits for what a person could see, and acts at the desk."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from gameday.model.quantities import Condition, Duration
from gameday.model.scenario import Closed

Milestone = Literal["alert", "acknowledged", "declared", "alert_ended"]
Deed = Literal[
    "ack", "declare", "assign", "note", "hypothesis", "step", "lever", "update", "verify", "resolve", "look", "wait"
]


class PlannedAct(Closed):
    """One act: after the one before it, after ``when`` came true, and ``after`` that long."""

    do: Deed
    when: Milestone | Annotated[Condition, Field()] | None = None
    after: Duration = 0.0
    within: Duration | None = None
    """How long to wait for ``when``; the playbook ends if it does not come."""
    with_: Annotated[dict[str, Any] | str, Field(alias="with")] = {}


class Playbook(Closed):
    """``scenarios/playbooks/*.yaml``."""

    as_: Annotated[str, Field(alias="as")]
    title: str = ""
    acts: list[PlannedAct] = []
