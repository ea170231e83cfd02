"""What the load generator costs, and the rate at which it stops being able to offer what it was asked."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.gamedays import Project, RunError, Standing
from benchmarks.kept import Kept
from benchmarks.meter import Meter
from benchmarks.rows import Row
from benchmarks.variants import PERIOD, USERS, short, write_system
from gameday.clients import Clients
from gameday.events import BaselineJudged, LoadSteady, Requests

_ENOUGH = 0.9
"""Share of the asked rate below which the card has to say that the generator fell short."""
_HELD = 5
_FASTEST_START = 500
"""Users started a second, at most: starting them is not what is measured."""


def measure(kept: Kept, count: int) -> list[Row]:
    """Doubling the usual load up to ``count`` times, until less is sent than was asked."""
    found: list[dict[str, Any]] = []
    with Project.temporary() as project, project.standing() as standing:
        write_system(project)
        users = USERS
        for _ in range(count):
            one = kept.get(f"generator {users} users", lambda users=users: _at(project, standing, users))  # type: ignore[misc]
            print(f"  {users} users: {one}", file=sys.stderr, flush=True)
            found.append(one)
            if one["achieved"] < _ENOUGH:
                break
            users *= 2
        if found[-1]["achieved"] < _ENOUGH and len(found) > 1:
            users = users * 3 // 4
            found.append(
                kept.get(f"generator {users} users", lambda users=users: _at(project, standing, users))  # type: ignore[misc]
            )
    return _rows(sorted(found, key=lambda one: one["asked"]))


def _at(project: Project, standing: Standing, users: int) -> dict[str, Any]:
    """A run with so many users that breaks nothing, or that refuses its baseline."""
    scenario = short({"it": {"experiment": "nothing", "for": f"{_HELD}s"}}, users=users)
    scenario["load"]["spawn_rate"] = min(2 * users, _FASTEST_START)
    project.write("scenarios/ramp", scenario)
    game = project.start("ramp", *standing.words(), "--responder", "none")
    cost: dict[str, dict[str, float]] = {}
    try:
        game.until("load_steady", within=60)
        cost = Meter(game.process.pid).over(1.9)
        game.until("run_ended", within=120)
    except RunError as problem:
        print(f"  {users} users: {problem}", file=sys.stderr, flush=True)
    ended = game.finish()
    if ended.code == 4:
        standing.again()
    clients = Clients(timeout=ended.history.inputs().scenario.load.timeout)
    for _, event in ended.history.of(Requests):
        clients.add(event)
    steady, judged = ended.history.first(LoadSteady), ended.history.first(BaselineJudged)
    asked = users / PERIOD
    if steady is None or judged is None:
        return {
            "asked": asked,
            "achieved": 0.0,
            "said": ended.card["load"]["overloaded"],
            "cost": cost,
            "p95": None,
        }
    start, end = steady[0].t, judged[0].t
    sent = clients.counts(start, end, ended.history[-1].t).sent
    return {
        "asked": asked,
        "achieved": sent / (asked * (end - start)),
        "said": ended.card["load"]["overloaded"],
        "cost": cost,
        "p95": clients.metric("latency_p95", start, end, ended.history[-1].t),
    }


def _rows(found: list[dict[str, Any]]) -> list[Row]:
    rows = []
    for one in found:
        generator = one["cost"].get("load generator", {"core": 0.0, "megabytes": 0.0})
        p95 = "no answer" if one["p95"] is None else f"p95 {one['p95'] * 1000:.0f} ms"
        rows.append(
            Row(
                f"asked for {one['asked']:.0f} requests/s",
                f"sent {one['achieved']:.0%}, {p95}; generator {generator['core'] * 100:.0f} % of a core, "
                f"{generator['megabytes']:.0f} MB",
                why="the card says that it fell short" if one["said"] else "",
            )
        )
    short_of = [one for one in found if one["achieved"] < _ENOUGH]
    kept_up = [one["asked"] for one in found if one["achieved"] >= _ENOUGH]
    goal = f"wherever less than {_ENOUGH:.0%} is sent"
    if not short_of:
        rows.append(Row("the card says when it falls short", f"kept up to {max(kept_up):.0f} requests/s", goal, None,
                        "it never fell short here"))  # fmt: skip
        return rows
    told = sum(one["said"] for one in short_of)
    falsely = sum(one["said"] for one in found if one["achieved"] >= _ENOUGH)
    rows.append(
        Row(
            "the card says when it falls short",
            f"{told} of {len(short_of)} times, {falsely} times without cause; "
            f"from {short_of[0]['asked']:.0f} requests/s on",
            goal,
            told == len(short_of) and not falsely,
            "" if told == len(short_of) and not falsely else "the baseline is where it is looked for",
        )
    )
    return rows
