"""The card's clock against an observer that signs in, over faults that hit logins only: the distribution of both.

The observer's own logins are part of what is hit, and it asks ten times a second only, so as to change little.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.clock import ATTEMPTS, GOLDEN, MILESTONES, comparison_of, keep_log
from benchmarks.gamedays import Project, RunError, Standing
from benchmarks.judging import Comparison
from benchmarks.kept import Kept
from benchmarks.observed import Watch, against_card, play
from benchmarks.rows import Row, spread
from benchmarks.variants import short, write_system

_PARTS: Mapping[str, tuple[str, dict[str, Any], Watch, dict[str, Any], float]] = {
    "identity-latency": (
        "slow-provider",
        {
            "experiment": "proxy-latency",
            "for": "60s",
            "with": {"proxy": "identity-provider", "latency_ms": 1500},
        },
        Watch("login", 0.1, 0.5, 0.5),
        {"impact": {"when": "latency_p95 > 500ms", "within": "15s"}},
        5.0,
    ),
    "auth-connection-leak": (
        "release",
        {"experiment": "bad-release", "for": "90s", "with": {"service": "auth", "version": "v1.3.0"}},
        Watch("login", 0.1, 2.0, 0.5),
        {"impact": {"when": "error_rate > 10%", "within": "45s"}},
        20.0,
    ),
}
"""Scenario -> fault, its use, how it is watched, what is expected, seconds until it is put back."""


def measure(kept: Kept, count: int) -> list[Row]:
    """Runs of the faults that hit logins only, with an observer that signs in ten times a second."""
    rows: list[Row] = []
    for scenario, (fault, use, watch, expect, hold) in _PARTS.items():
        names = [f"parts {scenario} {number}" for number in range(count)]
        if any(name not in kept.results for name in names):
            with Project.temporary() as project, project.standing() as standing:
                write_system(project)
                project.write("scenarios/hit", short({fault: use}, **expect))
                for number, name in enumerate(names):
                    if name not in kept.results:
                        until = hold + (number * GOLDEN) % 1.0
                        kept.put(name, _part(project, standing, watch, until, name))
                        print(f"  {name}: {kept.results[name]}", file=sys.stderr, flush=True)
        rows += _part_rows(scenario, [kept.results[name] for name in names])
    return rows


def _part(project: Project, standing: Standing, watch: Watch, hold: float, name: str) -> dict[str, Any]:
    for _ in range(ATTEMPTS):
        try:
            ended, rows = play(project, standing, "hit", watch, hold=hold, words=("--responder", "none"))
        except RunError as problem:
            told = {"problem": str(problem)}
            standing.again()
        else:
            keep_log(project, name.replace(" ", "-"), ended, rows)
            return against_card(ended, rows, watch)
    return told


def _part_rows(scenario: str, found: Sequence[Mapping[str, Any]]) -> list[Row]:
    rows = []
    for name in MILESTONES:
        compared = [each for each in (comparison_of(one.get(name)) for one in found) if each is not None]
        if not compared:
            rows.append(Row(f"{scenario}: {name}", "not compared", why=str(found[0].get("problem", ""))))
            continue
        rows.append(
            Row(
                f"{scenario}: observer's {name} minus the card's ({len(compared)} runs)",
                spread([each.observed - each.latest for each in compared]),
                why=f"median width of the card's interval {_median_width(compared):.0f} ms",
            )
        )
    return rows


def _median_width(compared: Sequence[Comparison]) -> float:
    return statistics.median(each.width for each in compared) * 1000
