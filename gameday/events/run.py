"""Events of the run itself: its phases, its stack, its end."""

from __future__ import annotations

from typing import Any, Literal

from gameday.events.base import LOG_SCHEMA, Event


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
    """Plain data of ``gameday.model.inputs``, whole, with the scenario's profile merged in."""
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
    """A process that outlives a crash of the runner; its start tells it from a later one of the same id."""

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


class BaselinePostponed(Event):
    """What did not hold, and the instant from which the baseline counts instead: the system is still warming up."""

    type: Literal["baseline_postponed"] = "baseline_postponed"
    problems: list[str]
    begins: float


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
        "mitigated",
        "resolved",
        "no_impact",
        "time_up",
        "guard",
        "halt",
        "interrupt",
        "platform_healed",
        "failure",
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
