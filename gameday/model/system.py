"""The system under rehearsal, as everybody on call for it knows it: services, monitors, objectives, on-call."""

from __future__ import annotations

from pydantic import Field

from gameday.model.quantities import Duration, Ratio
from gameday.model.scenario import Closed, ExportedCondition, Name, Severity


class Service(Closed):
    """A part of the system; its name is what hypotheses and declarations name."""

    replicas: int | None = None
    owner: str = ""
    kind: str = ""
    replica: str = ""
    external: bool = False


class Objectives(Closed):
    """What the users were promised."""

    availability: Ratio | None = None
    latency_p95: Duration | None = None


class Monitor(Closed):
    """A rule that pages: a condition on exported metrics, and how bad it is when it fires."""

    when: ExportedCondition
    severity: Severity


class Business(Closed):
    """Figures for users affected and revenue at risk."""

    users: int | None = Field(default=None, ge=0)
    revenue_per_minute: str = Field(default="", pattern=r"^(\d+(\.\d+)? [A-Z]{3})?$")


class OnCall(Closed):
    """Who is paged."""

    primary: list[str] = []
    specialists: dict[str, list[str]] = {}
    rotation: list[str] = []


class System(Closed):
    """``scenarios/systems/*.yaml``."""

    title: str
    services: dict[Name, Service] = Field(min_length=1)
    slo: Objectives = Objectives()
    monitors: dict[Name, Monitor] = {}
    business: Business = Business()
    oncall: OnCall = OnCall()
    channel: str = ""
