"""The alignment: which trace of the machine proves which runbook step.

Steps are few, so every way to match is tried, one trace after the other, by the set of steps already done.
Best is the match that leaves least undone, then least unproven, then fewest orders broken; equal ones fall to
the earlier trace and the earlier step, so the same log always gives the same alignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gameday.score.traces import Trace

_WIDEST = 2048
"""Sets of done steps that are followed at once; a runbook of eleven steps needs no more."""


@dataclass(frozen=True, slots=True)
class Task:
    """One step as alignment sees it. ``unit`` is shared by alternatives; ``after`` names units."""

    name: str
    key: str
    unit: str
    weight: float
    required: bool
    after: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Path:
    """One way to match the traces so far."""

    unproven: float
    inverted: float
    last: tuple[int, int] | None = None
    """The last match: place of the task, place of the trace."""
    before: _Path | None = None

    def matches(self) -> Iterator[tuple[int, int]]:
        path: _Path | None = self
        while path is not None and path.last is not None:
            yield path.last
            path = path.before


def align(
    tasks: Sequence[Task], traces: Sequence[Trace], proven: Mapping[tuple[str, int], bool]
) -> dict[str, int]:
    """Step -> the place of the trace that proves it. Traces that failed prove nothing.

    ``proven`` says of a step and the place of a trace whether that would be verified in full.
    """
    paths: dict[int, _Path] = {0: _Path(0.0, 0.0)}
    for place, trace in enumerate(traces):
        fitting = [number for number, task in enumerate(tasks) if task.key == trace.key] if trace.ok else []
        if not fitting:
            continue
        longer = dict(paths)
        for done, path in paths.items():
            for number in fitting:
                if done >> number & 1:
                    continue
                task = tasks[number]
                step = _Path(
                    path.unproven + (0.0 if proven.get((task.name, place), True) else task.weight),
                    path.inverted + _broken(tasks, done, number),
                    (number, place),
                    path,
                )
                known = longer.get(done | 1 << number)
                if known is None or (step.unproven, step.inverted) < (known.unproven, known.inverted):
                    longer[done | 1 << number] = step
        paths = _narrowed(tasks, longer)
    best = min(paths, key=lambda done: _rank(tasks, done, paths[done]))
    return {tasks[number].name: place for number, place in paths[best].matches()}


def _broken(tasks: Sequence[Task], done: int, number: int) -> float:
    """Weight of the steps done already that should have come after this one."""
    unit = tasks[number].unit
    already = any(done >> other & 1 for other, task in enumerate(tasks) if task.unit == unit)
    if already:
        return 0.0
    return sum(task.weight for other, task in enumerate(tasks) if done >> other & 1 and unit in task.after)


def _undone(tasks: Sequence[Task], done: int) -> float:
    units = {task.unit: 0.0 for task in tasks if task.required}
    for task in tasks:
        if task.required:
            units[task.unit] = max(units[task.unit], task.weight)
    for number, task in enumerate(tasks):
        if done >> number & 1:
            units.pop(task.unit, None)
    return sum(units.values())


def _rank(tasks: Sequence[Task], done: int, path: _Path) -> tuple[float, float, float, int]:
    return _undone(tasks, done), path.unproven, path.inverted, -done


def _narrowed(tasks: Sequence[Task], paths: dict[int, _Path]) -> dict[int, _Path]:
    if len(paths) <= _WIDEST:
        return paths
    kept = sorted(paths, key=lambda done: _rank(tasks, done, paths[done]))[:_WIDEST]
    return {done: paths[done] for done in sorted(kept)}
