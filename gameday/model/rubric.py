"""The rubric: budgets by true severity, weights of runbook adherence, and what gates the verdict."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from gameday.model.base import Closed, Number
from gameday.model.quantities import Duration, ratio
from gameday.model.scenario import Severity

_AT_LEAST = re.compile(r"\s*>=\s*(\S+)\s*")


def _at_least(value: object) -> float:
    found = _AT_LEAST.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{value!r} is not a bound; write it with its sign, for example '>= 80%'")
    return ratio(found[1])


AtLeast: TypeAlias = Annotated[
    float, BeforeValidator(_at_least), WithJsonSchema({"type": "string", "description": "for example >= 80%"})
]
Gate = Literal[
    "impact",
    "detect",
    "acknowledge",
    "engage",
    "declare",
    "diagnose",
    "act",
    "mitigate",
    "recover",
    "resolve",
    "runbook",
]


class Budgets(Closed):
    """Seconds from the start of each measure; None: shown without a verdict."""

    detect: Duration | None = None
    acknowledge: Duration | None = None
    engage: Duration | None = None
    declare: Duration | None = None
    diagnose: Duration | None = None
    act: Duration | None = None
    mitigate: Duration | None = None
    resolve: Duration | None = None
    first_update: Duration | None = None
    update_every: Duration | None = None


class RunbookRules(Closed):
    """What a deviation costs."""

    coverage: AtLeast = 0.8
    weight: Number = Field(default=1.0, ge=0)
    extra_act: Number = Field(default=0.5, ge=0)
    inversion: Number = Field(default=0.5, ge=0)
    late_tick_after: Duration = 300.0


class Rubric(Closed):
    """``scorecards/*.yaml``."""

    budgets: dict[Severity, Budgets] = Field(default={})
    runbook: RunbookRules = RunbookRules()
    gates: list[Gate] = Field(default=["impact", "detect", "acknowledge", "mitigate", "recover", "runbook"])
