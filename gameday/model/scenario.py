"""A scenario: what breaks, under which load, what is expected by when, how it is graded."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gameday.metrics import MECHANISMS, METRICS, Side
from gameday.model.quantities import Condition, Duration, nearest

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]{0,127}$")]
"""A bare name of another file, or an id: lower case, digits, ``-``, ``.``, ``_``, ``/``."""


class Closed(BaseModel):
    """A model that refuses unknown keys and cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Severity(StrEnum):
    """SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"


def _on(side: Side, where: str) -> AfterValidator:
    def check(condition: Condition) -> Condition:
        if condition.side is not None and condition.side is not side:
            raise ValueError(f"{condition.text!r}: {where} sees the {side} side only")
        if side not in METRICS[condition.metric].sides:
            raise ValueError(f"{condition.text!r}: '{condition.metric}' is not seen from the {side} side ({where})")
        return condition

    return AfterValidator(check)


ClientCondition: TypeAlias = Annotated[Condition, _on(Side.CLIENT, "steady state and impact")]
ExportedCondition: TypeAlias = Annotated[Condition, _on(Side.EXPORTED, "what the system exports")]


class Load(Closed):
    """Who sends what: each user keeps a constant pace of one request a period."""

    locustfile: str
    users: int = Field(ge=1, le=10_000)
    spawn_rate: float = Field(default=30, gt=0, le=10_000)
    timeout: Duration = 2.0
    """Seconds after its sending at which an unfinished request is bad."""
    period: Duration = 0.5
    """Seconds between two requests of one user."""


class FaultUse(Closed):
    """One use of an experiment: when after the plan's start, for how long at most, with which arguments."""

    experiment: Name
    at: Duration = 0.0
    for_: Annotated[Duration, Field(alias="for")]
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}


class Impact(Closed):
    """What the users should feel, and by when after the trigger."""

    when: ClientCondition
    within: Duration


class Detect(Closed):
    """Which monitors should notice; the first to fire dates detection."""

    monitors: list[Name] = Field(min_length=1)
    within: Duration | None = None


class Within(Closed):
    """A budget; None leaves the value without a verdict unless the rubric has one."""

    within: Duration | None = None


class Mitigate(Closed):
    """By when good service should last again, and which levers are known to mend."""

    within: Duration | None = None
    levers: list[Name] = []


class RecoverBy(Closed):
    """Self-healing: replicas ready and steady again by the platform's own doing."""

    by: Literal["platform"]
    within: Duration


class Expect(Closed):
    """The expectations; every ``within`` counts from the start of its measure."""

    impact: Impact | Literal["none", "allowed"]
    detect: Detect | None = None
    acknowledge: Within | None = None
    engage: Within | None = None
    declare: Within | None = None
    diagnose: Within | None = None
    act: Within | None = None
    mitigate: Mitigate | None = None
    recover: RecoverBy | None = None
    resolve: Within | None = None
    stable_for: Duration = 30.0


class Truth(Closed):
    """What is really wrong; sealed in a blind drill."""

    severity: Severity
    component: Name
    mechanism: str
    change: str = ""

    @model_validator(mode="after")
    def _mechanism(self) -> Truth:
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"unknown mechanism '{self.mechanism}'{nearest(self.mechanism, MECHANISMS)}")
        return self


class Scenario(Closed):
    """A whole scenario with its profile already merged in."""

    title: str = Field(min_length=1, max_length=200)
    why: str = ""
    system: Name
    tags: list[str] = []
    load: Load
    baseline: Duration = 10.0
    steady_state: list[ClientCondition] = Field(min_length=1)
    faults: dict[Name, FaultUse] = Field(min_length=1)
    expect: Expect
    truth: Truth | None = None
    alone: Literal["fail", "pass", "inconclusive"] | None = None
    """A promise that tests check; grading never reads it."""
    runbook: Name | None = None
    scorecard: Name = "standard"
    playbook: Name | None = None
    guards: list[Condition] = []
    profiles: dict[Name, dict[str, Any]] = {}

    @property
    def last_end(self) -> float:
        """Seconds after the plan's start at which the last fault is put back at the latest."""
        return max(fault.at + fault.for_ for fault in self.faults.values())
