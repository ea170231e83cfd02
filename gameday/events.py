"""The closed set of events: everything a run can say, as small frozen values.

One line of the log is a *record*: an envelope (``seq``, ``t``, ``wall``, ``source``, ``type``) round one event's
fields. ``t`` is seconds on the runner's monotonic clock since the first record, stamped where the thing happened;
every other instant inside an event is on the same clock. ``wall`` is for people and never graded. A type that
this version does not know reads as ``Unknown``, with its fields kept.

This module knows shapes. It knows no file, no clock, and not what follows from an event.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

LOG_SCHEMA = 1


class Event(BaseModel):
    """What all events share: frozen, closed, and a ``type`` that is its name in the log."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")
    durable: ClassVar[bool] = True
    """Whether it must be on disk before anybody acts on it."""


# The run itself


class RunStarted(Event):
    """The first record: who runs what, with every input whole, so that grading opens no other file."""

    type: Literal["run_started"] = "run_started"
    log_schema: int = LOG_SCHEMA
    run: str
    versions: dict[str, str]
    host: dict[str, Any]
    seed: int
    stack: str
    responder: Literal["bot", "people", "agent", "none"]
    inputs: dict[str, Any]
    """``scenario`` (profile merged in), ``system``, ``experiments``, ``runbook``, ``rubric``, ``playbook``."""
    digests: dict[str, str]
    """Input -> sha256 of its text."""
    tick: float = 0.1
    """Seconds between two evaluations of monitors and plan."""


class PhaseBegan(Event):
    """The run entered a phase of its flow."""

    type: Literal["phase_began"] = "phase_began"
    phase: Literal["prepare", "baseline", "inject", "respond", "recover", "close"]


class StackStarting(Event):
    """The stack is about to be brought up or attached to: enough to find it again after a crash."""

    type: Literal["stack_starting"] = "stack_starting"
    kind: str
    owned: bool
    """Whether this run brings it up, and so takes it down."""
    handle: dict[str, str]


class StackReady(Event):
    """The stack stands and has proven what it is."""

    type: Literal["stack_ready"] = "stack_ready"
    kind: str
    marker: str
    name: str
    owned: bool
    """Whether this run brought it up, and so takes it down."""
    handle: dict[str, str]
    """What another process needs to attach to it."""
    endpoints: dict[str, Any]
    took: float


class ProcessStarted(Event):
    """A process that outlives a crash of the runner; the start time tells it from a later one of the same id."""

    type: Literal["process_started"] = "process_started"
    role: str
    pid: int
    started: float
    """Seconds since the epoch, as the operating system gives them."""


class ProcessEnded(Event):
    """A process of this run ended; ``code`` is negative for a signal, None if it could not be read."""

    type: Literal["process_ended"] = "process_ended"
    role: str
    pid: int
    code: int | None
    expected: bool


class InventoryTaken(Event):
    """The stack's whole state, read back (shape: gameday.ports); ``incident`` is as the faults left it."""

    type: Literal["inventory_taken"] = "inventory_taken"
    when: Literal["before", "incident", "after"]
    things: dict[str, dict[str, Any]]


class BaselineJudged(Event):
    """Whether steady state held under load before anything was broken, and what did not."""

    type: Literal["baseline_judged"] = "baseline_judged"
    held: bool
    problems: list[str]
    rate: float
    """Requests per second that were offered."""


class PlanStarted(Event):
    """The instant from which every fault's ``at`` counts."""

    type: Literal["plan_started"] = "plan_started"
    at: float


class ImpactObserved(Event):
    """The plan saw the expected impact while the run was live. Grading dates it anew from the requests."""

    type: Literal["impact_observed"] = "impact_observed"
    at: float


class RespondEnded(Event):
    """Why the time of the responders ended."""

    type: Literal["respond_ended"] = "respond_ended"
    reason: Literal[
        "mitigated", "resolved", "no_impact", "time_up", "guard", "halt", "interrupt", "platform_healed", "failure"
    ]
    detail: str = ""


class GuardTripped(Event):
    """A stop condition held: the run puts back and ends."""

    type: Literal["guard_tripped"] = "guard_tripped"
    guard: str
    value: float | None


class Interrupted(Event):
    """A person pressed Ctrl-C (``times`` = 1: put back and finish; 2: put back now and stop)."""

    type: Literal["interrupted"] = "interrupted"
    times: int


class Aborted(Event):
    """The run cannot go on: what went wrong, in a sentence."""

    type: Literal["aborted"] = "aborted"
    reason: str
    detail: str = ""


class RunEnded(Event):
    """The last record of a run that ended by itself. What it came to is graded, not recorded."""

    type: Literal["run_ended"] = "run_ended"


# Faults, and putting back


class RecipeWritten(Event):
    """How to put back, on disk before the act: states read from the stack."""

    type: Literal["recipe_written"] = "recipe_written"
    owner: str
    """``fault:<id>`` or ``lever:<act>``."""
    things: dict[str, dict[str, Any]]


class FaultArmed(Event):
    """The child has imported and validated the experiment and waits for this instant itself."""

    type: Literal["fault_armed"] = "fault_armed"
    fault: str
    experiment: str
    at: float


class FaultActivity(Event):
    """One activity of an experiment, as the child streamed it."""

    type: Literal["fault_activity"] = "fault_activity"
    fault: str
    request: Literal["inject", "revert", "probe"]
    name: str
    kind: Literal["action", "probe"]
    status: str
    """Chaos Toolkit's own: ``succeeded``, ``failed``, or ``unknown`` where it gave none."""
    began: float
    ended: float
    output: Any = None
    problem: str = ""


class FaultTriggered(Event):
    """The injecting activity began."""

    type: Literal["fault_triggered"] = "fault_triggered"
    fault: str
    planned: float
    at: float


class FaultInjected(Event):
    """The inject request is over; ``ok`` only if every activity succeeded and none hid a failure."""

    type: Literal["fault_injected"] = "fault_injected"
    fault: str
    ok: bool
    problem: str = ""


class FaultChecked(Event):
    """The experiment's ``proves`` probe was asked and its answer changed (or was the first)."""

    type: Literal["fault_checked"] = "fault_checked"
    fault: str
    in_place: bool | None
    """None: the probe could not tell."""
    at: float
    last_in_place: float | None = None
    detail: str = ""


class FaultReverting(Event):
    """The fault is about to be put back, by the runner or by ``gameday revert``."""

    type: Literal["fault_reverting"] = "fault_reverting"
    fault: str
    by: Literal["runner", "revert"]


class FaultReverted(Event):
    """The revert request is over."""

    type: Literal["fault_reverted"] = "fault_reverted"
    fault: str
    ok: bool
    problem: str = ""


class ThingsRestored(Event):
    """States were brought back through the stack itself."""

    type: Literal["things_restored"] = "things_restored"
    things: dict[str, dict[str, Any]]
    by: Literal["runner", "revert"]
    ok: bool
    problem: str = ""


class SteadyAgain(Event):
    """Whether steady state held again after everything was put back."""

    type: Literal["steady_again"] = "steady_again"
    held: bool
    took: float


class StackCompared(Event):
    """The inventory after against the one before: what is left different, and how to finish by hand."""

    type: Literal["stack_compared"] = "stack_compared"
    clean: bool
    differences: list[str]
    by_hand: list[str]


# Load and metrics


class LoadStarted(Event):
    """The load runs; ``users`` send one request each ``period`` seconds."""

    type: Literal["load_started"] = "load_started"
    users: int
    spawn_rate: float
    timeout: float
    period: float
    locustfile: str


class LoadSteady(Event):
    """All users are there."""

    type: Literal["load_steady"] = "load_steady"
    users: int


class Requests(Event):
    """What the clients did in one tick: slots offered, sends, ends. Columns of equal length per group."""

    type: Literal["requests"] = "requests"
    durable: ClassVar[bool] = False
    offered: list[float]
    """Instants at which a request was due, sent or not."""
    sent_id: list[int]
    sent_at: list[float]
    sent_name: list[str]
    ended_id: list[int]
    ended_at: list[float]
    ended_problem: list[str]
    """Empty for a good answer, else the class of failure: a status, ``wrong``, ``timeout``, ``connection``."""


class LoadEnded(Event):
    """The load generator ended."""

    type: Literal["load_ended"] = "load_ended"
    expected: bool
    code: int | None
    detail: str = ""


class DetectorConfigured(Event):
    """The detector's real intervals: they make the detection floor."""

    type: Literal["detector_configured"] = "detector_configured"
    scrape_interval: float
    evaluation_interval: float
    window: float


class Scraped(Event):
    """One scrape of one source: the raw series that metrics are computed from."""

    type: Literal["scraped"] = "scraped"
    durable: ClassVar[bool] = False
    job: str
    ok: bool
    series: dict[str, float]
    """Series of gameday.metrics -> value; counters stay counters."""
    problem: str = ""


class AlertPending(Event):
    """A monitor's condition began to hold; it fires if it lasts."""

    type: Literal["alert_pending"] = "alert_pending"
    monitor: str
    value: float | None


class AlertFired(Event):
    """A monitor fired, and what it saw."""

    type: Literal["alert_fired"] = "alert_fired"
    monitor: str
    severity: str
    since: float
    """When its condition began to hold."""
    value: float | None
    condition: str


class AlertEnded(Event):
    """A monitor that fired no longer holds."""

    type: Literal["alert_ended"] = "alert_ended"
    monitor: str
    value: float | None


class MonitorBlind(Event):
    """A monitor has had no data for ten seconds."""

    type: Literal["monitor_blind"] = "monitor_blind"
    monitor: str
    since: float


class MonitorSighted(Event):
    """A blind monitor sees again."""

    type: Literal["monitor_sighted"] = "monitor_sighted"
    monitor: str


# The desk: every act of a responder


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


class Unknown(Event):
    """An event of a newer version: kept, not understood."""

    type: str
    fields: dict[str, Any] = Field(default_factory=dict)


KnownEvent: TypeAlias = Union[  # noqa: UP007 - a runtime union for the discriminator
    RunStarted, PhaseBegan, StackStarting, StackReady, ProcessStarted, ProcessEnded, InventoryTaken, BaselineJudged, PlanStarted,
    ImpactObserved, RespondEnded, GuardTripped, Interrupted, Aborted, RunEnded, RecipeWritten, FaultArmed,
    FaultActivity, FaultTriggered, FaultInjected, FaultChecked, FaultReverting, FaultReverted, ThingsRestored,
    SteadyAgain, StackCompared, LoadStarted, LoadSteady, Requests, LoadEnded, DetectorConfigured, Scraped, AlertPending,
    AlertFired, AlertEnded, MonitorBlind, MonitorSighted, Looked, Acknowledged, Declared, Assigned, Noted,
    Hypothesised, StepTicked, LeverBegan, LeverEnded, UpdatePosted, Verified, Resolved, PlaybookStopped,
]  # fmt: skip

EVENT_TYPES: dict[str, type[Event]] = {
    cls.model_fields["type"].default: cls for cls in KnownEvent.__args__  # type: ignore[attr-defined]
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
    """
    fields = {key: value for key, value in line.items() if key not in _ENVELOPE}
    name = fields.get("type")
    event: Event
    if name in EVENT_TYPES:
        event = _ADAPTER.validate_python(fields)
    else:
        event = Unknown(type=str(name), fields={key: value for key, value in fields.items() if key != "type"})
    return Record(seq=line["seq"], t=line["t"], wall=line["wall"], source=line["source"], event=event)
