"""The system under rehearsal, as everybody on call knows it: services, monitors, objectives, on-call."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema

from gameday.model.base import Closed, Flag, Name, Whole
from gameday.model.quantities import Duration, Ratio
from gameday.model.scenario import ExportedCondition, Severity


class Service(Closed):
    """A part of the system; its name is what hypotheses and declarations name."""

    replicas: Annotated[Whole, Field(ge=0, le=1000)] | None = None
    owner: str = ""
    kind: str = ""
    replica: str = ""
    external: Flag = False


class Objectives(Closed):
    """What the users were promised."""

    availability: Ratio | None = None
    latency_p95: Duration | None = None


class Monitor(Closed):
    """A rule that pages: a condition on exported metrics, and how bad it is when it fires."""

    when: ExportedCondition
    severity: Severity
    alert: dict[str, str] = Field(default={})
    """The labels by which its alerts are told where an Alertmanager pages; without: ``alertname`` is its name."""


_REVENUE = r"^(\d+(\.\d+)? [A-Z]{3})?$"


def _revenue(value: str) -> str:
    if not re.fullmatch(_REVENUE, value):
        raise ValueError(
            f"{value!r} is not an amount; write the number and the currency, for example 135 USD"
        )
    return value


Revenue: TypeAlias = Annotated[
    str, AfterValidator(_revenue), WithJsonSchema({"type": "string", "pattern": _REVENUE})
]


class Business(Closed):
    """Figures for users affected and revenue at risk."""

    users: Annotated[Whole, Field(ge=0)] | None = None
    revenue_per_minute: Revenue = ""


class OnCall(Closed):
    """Who is paged."""

    primary: list[str] = Field(default=[])
    specialists: dict[str, list[str]] = Field(default={})
    rotation: list[str] = Field(default=[])


class System(Closed):
    """``scenarios/systems/*.yaml``."""

    title: str
    services: dict[Name, Service] = Field(min_length=1)
    slo: Objectives = Objectives()
    monitors: dict[Name, Monitor] = Field(default={})
    business: Business = Business()
    oncall: OnCall = OnCall()
    channel: str = ""
