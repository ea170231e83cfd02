"""What the machine saw the responders do, act by act; and conditions on exported metrics over a span.

A look and a lever leave a trace that nobody can tick. Whether an act fits a runbook step is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from gameday.events import LeverBegan, LeverEnded, Looked
from gameday.exported import Values
from gameday.model.quantities import Condition
from gameday.model.runbook import Step
from gameday.score.case import Case

_STEP = 0.25
"""Seconds between two looks at an exported metric."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One look or one lever; ``key`` is ``look:<topic>`` or ``lever:<name>``."""

    at: float
    done_at: float
    key: str
    label: str
    evidence: tuple[int, ...]
    ok: bool
    changed: bool
    """Whether it changed the state of the system, as far as is known."""
    because: str = ""
    act: int = 0

    @property
    def lever(self) -> str:
        """The lever's name; empty for a look."""
        return self.key.removeprefix("lever:") if self.key.startswith("lever:") else ""


def key_of(step: Step) -> str:
    """The key of the traces that prove a step; empty where only a tick can."""
    if step.evidence.look:
        return f"look:{step.evidence.look}"
    return f"lever:{step.evidence.lever}" if step.evidence.lever else ""


def traces(case: Case) -> list[Trace]:
    """Every look that was answered and every lever that was pulled, in order."""
    found = [
        Trace(
            record.t,
            record.t,
            f"look:{event.topic}",
            f"look {event.topic}",
            (record.seq,),
            ok=True,
            changed=False,
        )
        for record, event in case.during(Looked)
        if event.ok
    ]
    ends = {event.act: (record, event) for record, event in case.history.of(LeverEnded)}
    for record, event in case.during(LeverBegan):
        end = ends.get(event.act)
        words = " ".join([event.lever, *map(str, event.arguments.values())])
        found.append(
            Trace(
                at=record.t,
                done_at=end[0].t if end else record.t,
                key=f"lever:{event.lever}",
                label=words,
                evidence=(record.seq, end[0].seq) if end else (record.seq,),
                ok=end is not None and end[1].ok,
                changed=end is None or end[1].changed,
                because=event.because,
                act=event.act,
            )
        )
    return sorted(found, key=lambda trace: (trace.at, trace.key, trace.act, trace.label))


def held(values: Values, condition: Condition, start: float, end: float) -> bool | None:
    """Whether the condition held for its ``for`` within [start, end]; None where there was no data at all.

    A moment without data keeps the last truth.
    """
    since: float | None = None
    seen = False
    steps = max(0, int((end - start) / _STEP))
    for at in [*(start + number * _STEP for number in range(steps + 1)), end]:
        value = values.value(condition.metric, at)
        if value is not None:
            seen = True
            since = (at if since is None else since) if condition.holds(value) else None
        if since is not None and at - since >= condition.hold - 1e-9:
            return True
    return False if seen else None


def confirmed(case: Case, step: Step, trace: Trace) -> bool | None:
    """Whether the step's ``confirm`` came true after its lever; None if that cannot be said."""
    if step.confirm is None:
        return True
    until = trace.done_at + max(60.0, step.confirm.hold + 30.0)
    answer = held(case.values, step.confirm, trace.done_at, min(until, case.respond_end))
    return None if answer is False and until > case.respond_end else answer
