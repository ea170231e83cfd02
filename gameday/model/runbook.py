"""A runbook: prose for people, with steps that a machine can check."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gameday.metrics import FACTS, MECHANISMS
from gameday.model.quantities import Condition, Duration, nearest
from gameday.model.scenario import Closed, ExportedCondition, Name

EvidenceKind = Literal["look", "lever", "tick"]


class Evidence(Closed):
    """What proves a step: a look of a topic, a lever pulled, or (neither given) somebody's tick."""

    look: str | None = None
    lever: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Evidence:
        if self.look and self.lever:
            raise ValueError("a step is proven by a look or by a lever, not by both; make two steps")
        return self


class Step(Closed):
    """One step. ``after`` is a partial order; ``when`` a fact or a condition; ``within`` counts from detection."""

    evidence: Evidence = Evidence()
    after: list[Name] = []
    when: str | ExportedCondition | None = None
    within: Duration | None = None
    confirm: ExportedCondition | None = None
    optional: bool = False
    forbidden: bool = False
    weight: float = Field(default=1.0, gt=0)
    any_of: str = ""
    """Steps that share this word are alternatives: doing one of them does all."""

    @model_validator(mode="before")
    @classmethod
    def _when(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(word := value.get("when"), str) and word not in FACTS:
            if not any(mark in word for mark in "<>=!"):
                raise ValueError(f"unknown fact '{word}'{nearest(word, FACTS)}")
            return {**value, "when": Condition.model_validate(word)}
        return value


class Runbook(Closed):
    """The front matter of ``scenarios/runbooks/*.md``, and its prose."""

    title: str
    owner: str = ""
    applies_to: list[str] = []
    parameters: dict[str, str] = {}
    steps: dict[Name, Step] = Field(min_length=1)
    prose: str = ""
    """The Markdown below the front matter, parameters filled in."""

    @model_validator(mode="after")
    def _references(self) -> Runbook:
        for name, step in self.steps.items():
            for other in step.after:
                if other not in self.steps:
                    raise ValueError(f"step '{name}' comes after unknown step '{other}'{nearest(other, self.steps)}")
        for word in self.applies_to:
            if word not in MECHANISMS:
                raise ValueError(f"unknown mechanism '{word}'{nearest(word, MECHANISMS)}")
        seen: set[str] = set()
        waiting = dict(self.steps)
        while waiting:
            free = [name for name, step in waiting.items() if set(step.after) <= seen]
            if not free:
                raise ValueError(f"steps wait for each other in a circle: {', '.join(sorted(waiting))}")
            for name in free:
                seen.add(name)
                del waiting[name]
        return self
