"""The closed set of events: everything a run can say, as small frozen values.

One line of the log is a *record*: an envelope (``seq``, ``t``, ``wall``, ``source``, ``type``) round an
event's fields. ``t`` is seconds on the monotonic clock since the first record, stamped where the thing
happened; every other instant inside an event is on the same clock. ``wall`` is for people and never graded. A
type that this version does not know reads as ``Unknown``, with its fields kept.

This module knows shapes. It knows no file, no clock, and not what follows from an event.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gameday.events.base import (
    LOG_SCHEMA,
    Event,
    Unknown,
)
from gameday.events.desk import (
    Acknowledged,
    Act,
    Assigned,
    Declared,
    Hypothesised,
    LeverBegan,
    LeverEnded,
    Looked,
    Noted,
    PlaybookStopped,
    Resolved,
    StepTicked,
    UpdatePosted,
    Verified,
)
from gameday.events.faults import (
    FaultActivity,
    FaultArmed,
    FaultChecked,
    FaultInjected,
    FaultReverted,
    FaultReverting,
    FaultTriggered,
    RecipeWritten,
    StackCompared,
    SteadyAgain,
    ThingsRestored,
)
from gameday.events.run import (
    Aborted,
    BaselineJudged,
    BaselinePostponed,
    GuardTripped,
    ImpactObserved,
    Interrupted,
    InventoryTaken,
    PhaseBegan,
    PlanStarted,
    ProcessEnded,
    ProcessStarted,
    RespondEnded,
    RunEnded,
    RunStarted,
    StackReady,
    StackStarting,
)
from gameday.events.seen import (
    AlertEnded,
    AlertFired,
    AlertPending,
    AlertsReceived,
    DetectorConfigured,
    LoadEnded,
    LoadStarted,
    LoadSteady,
    LoadWorker,
    MonitorBlind,
    MonitorSighted,
    Requests,
    Scraped,
)

__all__ = [
    "EVENT_TYPES",
    "LOG_SCHEMA",
    "Aborted",
    "Acknowledged",
    "Act",
    "AlertEnded",
    "AlertFired",
    "AlertPending",
    "AlertsReceived",
    "Assigned",
    "BaselineJudged",
    "BaselinePostponed",
    "Declared",
    "DetectorConfigured",
    "Event",
    "FaultActivity",
    "FaultArmed",
    "FaultChecked",
    "FaultInjected",
    "FaultReverted",
    "FaultReverting",
    "FaultTriggered",
    "GuardTripped",
    "Hypothesised",
    "ImpactObserved",
    "Interrupted",
    "InventoryTaken",
    "KnownEvent",
    "LeverBegan",
    "LeverEnded",
    "LoadEnded",
    "LoadStarted",
    "LoadSteady",
    "LoadWorker",
    "Looked",
    "MonitorBlind",
    "MonitorSighted",
    "Noted",
    "PhaseBegan",
    "PlanStarted",
    "PlaybookStopped",
    "ProcessEnded",
    "ProcessStarted",
    "RecipeWritten",
    "Record",
    "Requests",
    "Resolved",
    "RespondEnded",
    "RunEnded",
    "RunStarted",
    "Scraped",
    "StackCompared",
    "StackReady",
    "StackStarting",
    "SteadyAgain",
    "StepTicked",
    "ThingsRestored",
    "Unknown",
    "UpdatePosted",
    "Verified",
    "from_json",
    "to_json",
]

KnownEvent: TypeAlias = Union[  # noqa: UP007 - a runtime union for the discriminator
    RunStarted, PhaseBegan, StackStarting, StackReady, ProcessStarted, ProcessEnded, InventoryTaken,
    BaselinePostponed, BaselineJudged, PlanStarted, ImpactObserved, RespondEnded, GuardTripped, Interrupted,
    Aborted, RunEnded,
    RecipeWritten, FaultArmed, FaultActivity, FaultTriggered, FaultInjected, FaultChecked, FaultReverting,
    FaultReverted, ThingsRestored, SteadyAgain, StackCompared, LoadStarted, LoadWorker, LoadSteady, Requests, LoadEnded,
    DetectorConfigured, Scraped, AlertPending, AlertFired, AlertEnded, AlertsReceived, MonitorBlind, MonitorSighted,
    Looked, Acknowledged, Declared, Assigned, Noted, Hypothesised, StepTicked, LeverBegan, LeverEnded, UpdatePosted,
    Verified, Resolved, PlaybookStopped,
]  # fmt: skip

EVENT_TYPES: dict[str, type[Event]] = {
    cls.model_fields["type"].default: cls
    for cls in KnownEvent.__args__  # type: ignore[attr-defined]
}
_ADAPTER: TypeAdapter[Any] = TypeAdapter(Annotated[KnownEvent, Field(discriminator="type")])


class Record(BaseModel):
    """One line of the log: when, from whom, in which place of the order, what."""

    model_config = ConfigDict(frozen=True)
    seq: int
    t: float
    wall: str
    source: str
    event: Event


_ENVELOPE = ("seq", "t", "wall", "source")


def to_json(record: Record) -> dict[str, Any]:
    """The flat JSON object of one log line."""
    event = record.event.model_dump(mode="json")
    if isinstance(record.event, Unknown):
        event = {"type": record.event.type, **record.event.fields}
    return {"seq": record.seq, "t": record.t, "wall": record.wall, "source": record.source, **event}


def from_json(line: dict[str, Any]) -> Record:
    """The record of one flat JSON object.

    Raises:
        pydantic.ValidationError: the envelope or a known event's fields are not of their shape.
        KeyError: the envelope lacks a field, or the event its type.
    """
    fields = {key: value for key, value in line.items() if key not in _ENVELOPE}
    name = fields["type"]
    event: Event
    if name in EVENT_TYPES:
        event = _ADAPTER.validate_python(fields)
    else:
        event = Unknown(type=str(name), fields={key: value for key, value in fields.items() if key != "type"})
    return Record(seq=line["seq"], t=line["t"], wall=line["wall"], source=line["source"], event=event)
