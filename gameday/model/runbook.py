"""A runbook: prose for people, with steps that a machine can check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from gameday.metrics import FACTS
from gameday.model.base import Closed, Flag, Misplaced, Name, Number, Steps, Text, nearest
from gameday.model.quantities import Condition, Duration
from gameday.model.scenario import ExportedCondition, exported
from gameday.model.words import Lever, Mechanism, Topic, one_of

NOT = "not "
"""Before a fact: it was true at no time."""
_fact = one_of("fact", FACTS, f"write {', '.join(FACTS)}, not before one of them, or a condition")


def _fact_or_condition(value: Any) -> str | Condition | None:
    if value is None or isinstance(value, Condition):
        return value
    if isinstance(value, str) and not any(mark in value for mark in "<>=!"):
        words = value.split()
        return NOT + _fact(words[1]) if len(words) == 2 and words[0] == "not" else _fact(value)  # noqa: PLR2004 - not, and a fact
    return exported(Condition.model_validate(value))


class Evidence(Closed):
    """What proves a step: a look of a topic, a lever pulled, or (neither given) somebody's tick."""

    look: Topic | None = None
    lever: Lever | None = None

    @model_validator(mode="after")
    def _one(self) -> Evidence:
        if self.look and self.lever:
            raise ValueError("a step is proven by a look or by a lever, not by both; make two steps")
        return self


class Step(Closed):
    """One step. ``after`` is a partial order, ``when`` a fact, ``not`` and a fact, or a condition."""

    evidence: Evidence = Evidence()
    after: list[Name] = Field(default=[])
    when: Annotated[
        str | Condition | None,
        PlainValidator(_fact_or_condition),
        WithJsonSchema(
            {"type": "string", "description": "a fact, not and a fact, or a condition on an exported metric"}
        ),
    ] = None
    within: Duration | None = None
    confirm: ExportedCondition | None = None
    optional: Flag = False
    forbidden: Flag = False
    weight: Number = Field(default=1.0, gt=0)
    any_of: str = ""
    """Steps that share this word are alternatives: doing one of them does all."""


class Runbook(Closed):
    """The front matter of ``scenarios/runbooks/*.md``, and its prose."""

    title: str = Field(min_length=1)
    owner: str = ""
    applies_to: list[Mechanism] = Field(default=[])
    parameters: dict[str, Text] = Field(default={})
    steps: dict[Name, Step] = Field(min_length=1)
    prose: str = ""
    """The Markdown below the front matter, parameters filled in."""

    @model_validator(mode="after")
    def _ordered(self) -> Runbook:
        found = list(order_problems({name: step.after for name, step in self.steps.items()}))
        if found:
            raise Misplaced(found)
        return self


def order_problems(after: Mapping[str, Sequence[str]]) -> Iterator[tuple[Steps, str]]:
    """Steps that come after something unknown, or after themselves by way of others."""
    for name, others in after.items():
        for i, other in enumerate(others):
            if other not in after:
                yield ("steps", name, "after", i), f"unknown step '{other}'{nearest(other, list(after))}"
    waiting = {name: {other for other in others if other in after} for name, others in after.items()}
    while free := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in free:
            del waiting[name]
    if waiting:
        circle = ", ".join(waiting)
        yield ("steps", next(iter(waiting)), "after"), f"steps wait for each other in a circle: {circle}"
