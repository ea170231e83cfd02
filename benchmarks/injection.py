"""When the injecting activity begins, against the instant it was planned for; and how long until it is in place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.gamedays import Ended, Project, RunError, Standing
from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged, spread
from benchmarks.variants import USERS, short, write_system
from gameday.catalog import Catalog, Kind
from gameday.events import FaultChecked, FaultTriggered

LIMIT = 0.010
_EACH = 10
"""Instants in one run."""
_APART = 0.35
_ATTEMPTS = 4
_BUSY = 300
"""Users of the second series: their requests keep two cores about half busy, apart from everything else."""
_SETTLED = "6s"


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` instants under the usual load and as many under five times as much; then each fault by itself."""
    rows: list[Row] = []
    with Project.temporary() as project, project.standing() as standing:
        write_system(project)
        for users in (USERS, _BUSY):
            late: list[float] = []
            problem = ""
            for number in range(-(-count // _EACH)):
                name = f"injection {users} users {number}"
                try:
                    late += kept.get(name, lambda users=users: _lateness(project, standing, users))  # type: ignore[misc]
                except RunError as failure:
                    problem = str(failure)
                    break
                print(f"  {name}: {spread(late, digits=2)}", file=sys.stderr, flush=True)
            rows.append(_late_row(users, late[:count], problem))
        for scenario, fault, use in _faults(1 if count < 50 else None):
            name = f"injection {scenario} {fault}"
            found = kept.get(name, lambda use=use: _in_place(project, standing, use))  # type: ignore[misc]
            print(f"  {name}: {found}", file=sys.stderr, flush=True)
            rows.append(Row(f"{scenario}, {fault}: from there to in place", found))
    return rows


def _late_row(users: int, late: list[float], problem: str) -> Row:
    what = f"begins after its planned instant ({len(late)} under {users * 2} requests/s)"
    goal = f"largest at most {LIMIT * 1000:.0f} ms"
    if problem:
        return Row(what, spread(late, digits=2), goal, None, problem)
    return judged(
        what,
        max(late),
        spread(late, digits=2),
        goal,
        limit=LIMIT,
        why=f"{sum(one > LIMIT for one in late)} of {len(late)} waited for a processor: the child sleeps until "
        "its instant and is then scheduled like any other process",
    )


def _lateness(project: Project, standing: Standing, users: int) -> list[float]:
    """Seconds from plan to beginning of ten faults that break nothing, in one run under load."""
    last = (_EACH - 1) * _APART
    faults = {
        f"number-{number}": {
            "experiment": "nothing",
            "at": f"{round(number * _APART * 1000)}ms",
            "for": f"{round((last - number * _APART + 1) * 1000)}ms",
        }
        for number in range(_EACH)
    }
    ended = _run(project, standing, short(faults, users=users))
    return [round(event.at - event.planned, 6) for _, event in ended.history.of(FaultTriggered)]


def _run(project: Project, standing: Standing, scenario: Mapping[str, Any]) -> Ended:
    """A run that came to its injections; on a machine that is too busy the baseline may take several attempts."""
    project.write("scenarios/injected", scenario)
    for left in reversed(range(_ATTEMPTS)):
        game = project.start("injected", *standing.words(), "--responder", "none")
        try:
            game.until("respond_ended", within=120)
        except RunError:
            standing.again()
            if not left:
                raise
        else:
            return game.finish()
    raise AssertionError


def _faults(limit: int | None) -> list[tuple[str, str, dict[str, Any]]]:
    """Every fault of every scenario of the library, as the scenario uses it, put back soon."""
    catalog = Catalog(ROOT)
    found = []
    for name in catalog.names(Kind.SCENARIO)[:limit]:
        for fault, use in catalog.load(name).raw["scenario"]["faults"].items():
            found.append((name, fault, {**use, "at": "0s", "for": _SETTLED}))
    return found


def _in_place(project: Project, standing: Standing, use: dict[str, Any]) -> str:
    try:
        ended = _run(project, standing, short({"it": use}))
    except RunError as problem:
        return f"not measured: {problem}"
    began = next(event.at for _, event in ended.history.of(FaultTriggered))
    seen = next((event for _, event in ended.history.of(FaultChecked)), None)
    if ended.code == 4:
        standing.again()
    if seen is None or not seen.in_place:
        return "not seen in place"
    return f"{(seen.at - began) * 1000:.0f} ms"
