"""Runbook steps of one case: which of them apply, which were done, and how well that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gameday.events import StepTicked
from gameday.model.quantities import Condition
from gameday.model.runbook import NOT, Runbook, Step
from gameday.score.alignment import Task, align
from gameday.score.case import Case
from gameday.score.milestones import Milestones
from gameday.score.traces import Trace, confirmed, held, key_of, traces

Level = Literal["verified", "corroborated", "attested", "none"]
LEVELS: tuple[Level, ...] = ("none", "attested", "corroborated", "verified")


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done: when it began (for order), when it was done (for deadlines), and who vouches."""

    at: float
    done_at: float
    level: Level
    evidence: tuple[int, ...]
    detail: str = ""
    defect: bool = False
    """It was done as written, and its ``confirm`` failed."""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps with an order, both done."""

    later: str
    weight: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """The runbook against the log."""

    runbook: Runbook
    applicable: frozenset[str]
    """Steps that are not forbidden and whose ``when`` was true; optional ones too."""
    units: Mapping[str, Sequence[str]]
    """What must be done: each required step that applies, alternatives as one."""
    done: Mapping[str, Done]
    pairs: Sequence[Pair]
    forbidden: Mapping[str, Done]
    """Forbidden steps that were done."""
    excused: Mapping[str, str]
    """Steps that somebody skipped with a reason, logged at the time."""
    unmodelled: Sequence[Trace]
    """Levers that changed something and prove no step."""

    def best(self, unit: str) -> Done | None:
        """The best evidence that a unit was done; None if it was not."""
        known = [self.done[name] for name in self.units.get(unit, ()) if name in self.done]
        return max(known, key=lambda each: (LEVELS.index(each.level), -each.at), default=None)

    def weight(self, unit: str) -> float:
        """What a unit counts."""
        return max(self.runbook.steps[name].weight for name in self.units[unit])

    def excuse(self, unit: str) -> str:
        """Why a unit was skipped, if somebody said so."""
        return next((self.excused[name] for name in self.units[unit] if name in self.excused), "")


def unit_of(name: str, step: Step) -> str:
    """What a step is counted as: itself, or the group of its alternatives."""
    return f"any of {step.any_of}" if step.any_of else name


def followed(case: Case, marks: Milestones, runbook: Runbook) -> Followed:
    """Which steps apply, and what proves each one that was done."""
    named = runbook.steps.items()
    applicable = frozenset(name for name, step in named if not step.forbidden and _applies(case, marks, step))
    acts = traces(case)
    done, used = _proven(case, runbook, applicable, acts)
    late = _late_after(case, marks)
    for record, tick in case.during(StepTicked):
        level = _ticked(tick, late=record.t > late)
        if tick.step in applicable and not tick.skipped and level != "none":
            done[tick.step] = _better(done.get(tick.step), record.t, level, record.seq, tick.because)
    units: dict[str, list[str]] = {}
    for name, step in named:
        if name in applicable and not step.optional:
            units.setdefault(unit_of(name, step), []).append(name)
    return Followed(
        runbook=runbook,
        applicable=applicable,
        units=units,
        done=done,
        pairs=list(_pairs(runbook, done)),
        forbidden=_forbidden(case, runbook, acts),
        excused={
            tick.step: tick.because for _, tick in case.during(StepTicked) if tick.skipped and tick.because
        },
        unmodelled=[act for act in acts if act.lever and act.changed and act not in used],
    )


def _pairs(runbook: Runbook, done: Mapping[str, Done]) -> Iterator[Pair]:
    """Each ``after`` whose two sides were done; alternatives stand for each other."""
    began: dict[str, float] = {}
    for name, each in done.items():
        unit = unit_of(name, runbook.steps[name])
        began[unit] = min(each.at, began.get(unit, each.at))
    for name in (name for name in runbook.steps if name in done):
        step = runbook.steps[name]
        for unit in sorted({unit_of(other, runbook.steps[other]) for other in step.after}):
            if unit in began:
                yield Pair(name, step.weight, began[unit] <= done[name].at)


def _task(runbook: Runbook, name: str) -> Task:
    step = runbook.steps[name]
    after = frozenset(unit_of(other, runbook.steps[other]) for other in step.after)
    return Task(name, key_of(step), unit_of(name, step), step.weight, not step.optional, after)


def _applies(case: Case, marks: Milestones, step: Step) -> bool:
    """Whether a step has no ``when``, or one that was true at some instant from detection to the mend.

    One that says ``not``: at no instant.
    """
    if step.when is None:
        return True
    starts = (marks[name].at for name in ("detected", "impact", "triggered"))
    start = next((at for at in starts if at is not None), 0.0)
    act = marks["mitigating_act"].at
    end = max(start, case.respond_end if act is None else act)
    if isinstance(step.when, Condition):
        return held(case.values, step.when, start, end) is True
    spans = case.facts.get(step.when.removeprefix(NOT), [])
    true = any(low <= end and high >= start for low, high in spans)
    return not true if step.when.startswith(NOT) else true


def _proven(
    case: Case, runbook: Runbook, applicable: frozenset[str], acts: Sequence[Trace]
) -> tuple[dict[str, Done], list[Trace]]:
    """What the machine saw done, and the acts that it takes to prove that."""
    tasks = [_task(runbook, name) for name in runbook.steps if name in applicable]
    answers = {
        (task.name, place): confirmed(case, runbook.steps[task.name], act)
        for task in tasks
        for place, act in enumerate(acts)
        if act.ok and act.key == task.key
    }
    matched = align(tasks, acts, {pair: answer is True for pair, answer in answers.items()})
    done = {name: _seen(acts[place], answers[name, place]) for name, place in matched.items()}
    return done, [acts[place] for place in matched.values()]


def _seen(act: Trace, answer: bool | None) -> Done:
    details = {True: "", False: "what should confirm it did not come true", None: "nothing could confirm it"}
    return Done(
        at=act.at,
        done_at=act.done_at,
        level="verified" if answer else "attested",
        evidence=act.evidence,
        detail=details[answer],
        defect=answer is False,
        because=act.because,
    )


def _late_after(case: Case, marks: Milestones) -> float:
    """From when on a tick is long after the fact: the work was over when good service was back."""
    mended = marks["mitigated"].at
    return (case.respond_end if mended is None else mended) + case.inputs.rubric.runbook.late_tick_after


def _ticked(tick: StepTicked, *, late: bool) -> Level:
    level: Level = "corroborated" if tick.doer and tick.doer != tick.by else "attested"
    return LEVELS[LEVELS.index(level) - 1] if late else level


def _better(known: Done | None, at: float, level: Level, seq: int, because: str) -> Done:
    """What is known of a step, with one tick more; the better evidence stands."""
    if known is not None and LEVELS.index(known.level) >= LEVELS.index(level):
        return known
    if known is not None:
        return Done(
            known.at, known.done_at, level, (*known.evidence, seq), known.detail, known.defect, because
        )
    return Done(at, at, level, (seq,), because=because)


def _forbidden(case: Case, runbook: Runbook, acts: list[Trace]) -> dict[str, Done]:
    found: dict[str, Done] = {}
    for name, step in runbook.steps.items():
        if not step.forbidden:
            continue
        seen = next((act for act in acts if act.key == key_of(step)), None)
        if seen is not None:
            found[name] = Done(
                seen.at, seen.done_at, "verified", seen.evidence, seen.label, because=seen.because
            )
        for record, tick in case.during(StepTicked):
            if tick.step == name and not tick.skipped and name not in found:
                found[name] = Done(record.t, record.t, "attested", (record.seq,), because=tick.because)
    return found
