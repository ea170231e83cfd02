"""Every scenario on every stack that this machine has, side by side; and how soon a page of Alertmanager is there."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged, spread
from benchmarks.targets import STACKS, environment, project_for
from gameday.catalog import Catalog, Kind
from gameday.events import (
    AlertFired,
    AlertPending,
    BaselineJudged,
    DetectorConfigured,
    FaultTriggered,
    PhaseBegan,
    StackReady,
)
from gameday.history import History
from gameday.log import read

_UP_SECONDS = 30.0
_PATH_SECONDS = 0.2


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` runs of each scenario on each stack, one after the other."""
    scenarios = Catalog(ROOT).names(Kind.SCENARIO)
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for scenario in scenarios:
        for stack in STACKS:
            for number in range(count):
                name = f"stacks {scenario} {stack} {number}"
                if name not in kept.results:
                    kept.put(name, _run(scenario, stack))
                    print(f"  {name}: {kept.results[name]}", file=sys.stderr, flush=True)
                found.setdefault((scenario, stack), []).append(kept.results[name])
    rows = [*(_side_by_side(scenario, found) for scenario in scenarios), *_compose(found)]
    return [*rows, *(_kubernetes(found) if "kubernetes" in STACKS else ())]


def _run(scenario: str, stack: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="gameday-bench-") as folder:
        command = [sys.executable, "-m", "gameday", "run", scenario, "--stack", stack, "--quiet", "--json"]
        done = subprocess.run(
            [*command, "--out", folder], cwd=project_for(stack, Path(folder)), env=environment(),
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        try:
            card = json.loads(done.stdout)
        except ValueError:
            return {"exit": done.returncode, "problem": done.stderr.strip()[-200:]}
        history = read(next(Path(folder).glob("*/events.jsonl")).parent)
    measures = {row["id"]: row["value"] for row in card["measures"]}
    return {
        "exit": done.returncode,
        "verdict": card["verdict"],
        "detect": measures.get("time_to_detect"),
        "mitigate": measures.get("time_to_mitigate"),
        "floor": card["detection"]["floor"],
        **_instants(history),
    }


def _instants(history: History) -> dict[str, Any]:
    """Seconds until the stack stood, from there to the first injection without the baseline, and of the page."""
    ready = history.first(StackReady)
    injected = min((event.at for _, event in history.of(FaultTriggered)), default=None)
    baseline = next((record.t for record, event in history.of(PhaseBegan) if event.phase == "baseline"), None)
    judged_at = history.first(BaselineJudged)
    if ready is None or injected is None or baseline is None or judged_at is None:
        return {}
    return {
        "up": ready[1].took,
        "before_injection": injected - (judged_at[0].t - baseline),
        "paths": _paths(history),
    }


def _paths(history: History) -> list[float]:
    """From when Prometheus found a condition true to the alert in the log, without the rule's ``for`` and the wait."""
    configured = history.last(DetectorConfigured)
    if configured is None or configured[1].kind != "alertmanager":
        return []
    said = configured[1]
    pending = [
        (event.monitor, event.since) for _, event in history.of(AlertPending) if event.since is not None
    ]
    found = []
    for record, event in history.of(AlertFired):
        since = max(
            (at for monitor, at in pending if monitor == event.monitor and at <= record.t), default=None
        )
        if since is not None and event.monitor in said.holds:
            found.append(record.t - since - said.holds[event.monitor] - said.group_wait)
    return found


def _side_by_side(scenario: str, found: Mapping[tuple[str, str], list[Mapping[str, Any]]]) -> Row:
    said = []
    for stack in STACKS:
        runs = found[scenario, stack]
        clocks = [
            f"{name} {'/'.join(f'{run[key]:.1f}' for run in runs if run.get(key) is not None)} s"
            for key, name in (("detect", "detected"), ("mitigate", "mitigated"))
            if any(run.get(key) is not None for run in runs)
        ]
        verdicts = "/".join(sorted({str(run.get("verdict", f"exit {run['exit']}")) for run in runs}))
        said.append(f"{stack}: {', '.join([verdicts, *clocks])}")
    alike = len({str(run.get("verdict")) for stack in STACKS for run in found[scenario, stack]}) == 1
    return Row(scenario, "; ".join(said), "the same verdict", alike, "" if alike else "see the figures")


def _kubernetes(found: Mapping[tuple[str, str], list[Mapping[str, Any]]]) -> list[Row]:
    ups = [
        run["up"]
        for (_, stack), each in found.items()
        if stack == "kubernetes"
        for run in each
        if "up" in run
    ]
    return [
        judged(
            "kubernetes: from applied to ready, images present",
            max(ups, default=float("inf")),
            spread(ups, "s", 1, 1),
            f"largest at most {_UP_SECONDS:g} s",
            limit=_UP_SECONDS,
            why="see the figure",
        )
    ]


def _compose(found: Mapping[tuple[str, str], list[Mapping[str, Any]]]) -> list[Row]:
    runs = [run for (_, stack), each in found.items() if stack == "compose" for run in each]
    before = [run["before_injection"] for run in runs if "before_injection" in run]
    paths = [path for run in runs for path in run.get("paths", ())]
    rows = [
        judged(
            "compose: until the first injection, without the baseline",
            max(before, default=float("inf")),
            spread(before, "s", 1, 1),
            f"largest at most {_UP_SECONDS:g} s",
            limit=_UP_SECONDS,
            why="see the figure",
        ),
        Row(
            "compose: until the stack stands and is healthy",
            spread([run["up"] for run in runs if "up" in run], "s", 1, 1),
        ),
        judged(
            "compose: a condition found true by Prometheus until the alert is in the log, beyond `for` and group wait",
            max(paths, default=float("inf")),
            spread(paths, "ms"),
            f"largest at most {_PATH_SECONDS * 1000:g} ms",
            limit=_PATH_SECONDS,
            why="see the figure",
        ),
    ]
    floors = sorted({run["floor"] for run in runs if run.get("floor") is not None})
    rows.append(
        Row("compose: detection floors of the scenarios", f"{', '.join(f'{one:g}' for one in floors)} s")
    )
    return rows
