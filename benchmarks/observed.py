"""One game day with the observer beside it: start both, mend the fault while the run goes on, compare."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gamedays import Ended, Game, Project, RunError, Standing
from benchmarks.judging import Comparison, compare, first_bad, lastingly_good, on_clock
from benchmarks.variants import TIMEOUT
from gameday.events import RespondEnded

OBSERVER = Path(__file__).with_name("observer.py")
EVERY = 0.02
"""Seconds between two probes."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How the observer watches one run."""

    journey: str = "profile"
    every: float = EVERY
    within: float = TIMEOUT
    """Seconds after which an answer is too late for the scenario's ``impact.when``."""
    steady_within: float = TIMEOUT
    """The same for its steady state."""


@contextlib.contextmanager
def observing(url: str, file: Path, watch: Watch) -> Iterator[None]:
    """An observer of this gateway, which has written its file when the block ends."""
    process = subprocess.Popen(
        [
            *(sys.executable, str(OBSERVER), url, str(file), "--journey", watch.journey),
            *("--every", str(watch.every), "--timeout", str(TIMEOUT)),
        ],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT + 10)
    if process.returncode:
        raise RunError(f"the observer ended with {process.returncode}: {errors[-300:]}")


def put_back(standing: Standing, recipe: dict[str, Any]) -> None:
    """Bring what a fault touched to the states of its recipe, by a hand that leaves no event."""
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        standing.environment["GAMEDAY_CONTROL_URL"].rstrip("/") + "/restore",
        method="POST",
        data=json.dumps(recipe["things"]).encode(),
        headers={"Authorization": f"Bearer {standing.environment['GAMEDAY_CONTROL_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - see above
        pass


def play(
    project: Project,
    standing: Standing,
    scenario: str,
    watch: Watch,
    *,
    hold: float | None,
    words: tuple[str, ...],
) -> tuple[Ended, list[list[Any]]]:
    """A run with the observer beside it; gives both. ``hold``: seconds until the fault is put back by hand."""
    file = project.folder / "observed.jsonl"
    game = project.start(scenario, *standing.words(), *words)
    game.until("load_started")
    with observing(standing.environment["GAMEDAY_GATEWAY_URL"], file, watch):
        game.until("fault_triggered")
        if hold is not None:
            _hold(game, hold)
            put_back(standing, game.until("recipe_written"))
        game.until("respond_ended", within=120)
    ended = game.finish()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    file.unlink()
    return ended, rows


def _hold(game: Game, seconds: float) -> None:
    game.until("fault_injected")
    time.sleep(seconds)


def against_card(ended: Ended, rows: list[list[Any]], watch: Watch) -> dict[str, Any]:
    """What the observer says of impact and mitigation, and what the card says: plain data."""
    probes = on_clock(rows, ended.clock.base)
    triggered = ended.instant("triggered")["at"]
    over = ended.history.first(RespondEnded)
    until = over[0].t if over else triggered
    found: dict[str, Any] = {"exit": ended.code, "probes": len(probes), "triggered": triggered}
    seen = {
        "impact": first_bad(probes, triggered, watch.within),
        "mitigated": lastingly_good(probes, triggered, until, watch.steady_within),
    }
    for name, at in seen.items():
        instant = ended.instant(name)
        comparison = compare(at, instant)
        found[name] = None if comparison is None else _plain(comparison)
        if comparison is None:
            found["problem"] = f"{name}: observer {at}, card {instant['state']} {instant['reason']}".strip()
    early = [probe for probe in probes if probe.sent < triggered and probe.bad(watch.within)]
    found["bad_before"] = len(early)
    return found


def _plain(comparison: Comparison) -> dict[str, float]:
    return {
        "observed": round(comparison.observed, 6),
        "earliest": round(comparison.earliest, 6),
        "latest": round(comparison.latest, 6),
    }
