"""A scenario: what breaks, under which load, what is expected by when, how it is graded."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from gameday.metrics import METRICS, Side
from gameday.model.base import Closed, Name, Number, Reference, Whole
from gameday.model.quantities import Condition, Duration, LongDuration
from gameday.model.words import Lever, Mechanism

__all__ = ["Closed", "Name"]


class Severity(StrEnum):
    """SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"


def _seen_from(side: Side, condition: Condition) -> Condition:
    if condition.side not in {None, side}:
        raise ValueError(
            f"{condition.text!r}: here only the {side} side is seen; leave '{condition.side}.' out"
        )
    if side not in METRICS[condition.metric].sides:
        raise ValueError(
            f"{condition.text!r}: '{condition.metric}' is not seen from the {side} side, which counts here"
        )
    return condition


def client(condition: Condition) -> Condition:
    """A condition on what the clients see. Raises ValueError for a metric that they do not."""
    return _seen_from(Side.CLIENT, condition)


def exported(condition: Condition) -> Condition:
    """A condition on what the system itself exports. Raises ValueError for a metric that it does not."""
    return _seen_from(Side.EXPORTED, condition)


ClientCondition: TypeAlias = Annotated[Condition, AfterValidator(client)]
ExportedCondition: TypeAlias = Annotated[Condition, AfterValidator(exported)]


class Load(Closed):
    """Who sends what: each user keeps a constant pace of one request a period."""

    locustfile: Reference
    users: Whole = Field(ge=1, le=10_000)
    spawn_rate: Number = Field(default=30, gt=0, le=10_000)
    timeout: LongDuration = 2.0
    """Seconds after its sending at which an unfinished request is bad."""
    period: LongDuration = 0.5
    """Seconds between two requests of one user."""
    workers: Whole = Field(default=1, ge=1, le=64)
    """Processes that share the users; more than one are Locust's own workers under its own master."""


class FaultUse(Closed):
    """One use of an experiment: when after the plan's start, for how long at most, with which arguments."""

    experiment: Reference
    at: Duration = 0.0
    after: Name | None = None
    """A fault that must have been seen in place before this one begins; then ``at`` is the earliest."""
    for_: Annotated[LongDuration, Field(alias="for")]
    with_: Annotated[dict[str, Any], Field(alias="with", default={})]


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
    levers: list[Lever] = Field(default=[])


class RecoverBy(Closed):
    """Self-healing: replicas ready and steady again by the platform's own doing."""

    by: Literal["platform"]
    within: Duration


ImpactExpected: TypeAlias = Annotated[
    Annotated[Impact, Tag("<condition>")] | Annotated[Literal["none", "allowed"], Tag("<word>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<condition>"),
]


class Expect(Closed):
    """The expectations; every ``within`` counts from the start of its measure."""

    impact: ImpactExpected
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
    mechanism: Mechanism
    change: str = ""


class Scenario(Closed):
    """A whole scenario with its profile already merged in."""

    title: str = Field(min_length=1, max_length=200)
    why: str = ""
    system: Reference
    tags: list[str] = Field(default=[])
    load: Load
    baseline: Duration = 10.0
    steady_state: list[ClientCondition] = Field(min_length=1)
    faults: dict[Name, FaultUse] = Field(min_length=1)
    expect: Expect
    truth: Truth | None = None
    alone: Literal["fail", "pass", "inconclusive"] | None = None
    """A promise that tests check; grading never reads it."""
    runbook: Reference | None = None
    scorecard: Reference = "standard"
    playbook: Reference | None = None
    guards: list[Condition] = Field(default=[])
    profiles: dict[Name, dict[str, Any]] = Field(default={})

    @property
    def last_end(self) -> float:
        """Seconds after the plan's start at which the last fault is put back at the latest."""
        return max(fault.at + fault.for_ for fault in self.faults.values())
