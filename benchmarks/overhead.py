"""What gameday adds to the waits that a scenario asks for, and what the runner needs while it holds a game day."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.gamedays import Project, RunError
from benchmarks.hour import after_an_hour
from benchmarks.kept import ROOT, Kept
from benchmarks.meter import Meter
from benchmarks.rows import Row, judged
from benchmarks.variants import short, write_system
from gameday.events import (
    AlertFired,
    AlertPending,
    FaultTriggered,
    LeverBegan,
    LeverEnded,
    LoadStarted,
    LoadSteady,
    RespondEnded,
    StackReady,
)
from gameday.history import History
from gameday.log import Clock, read

_FIRST = 4.0
_DEMO = 8.0
_CORE = 0.05
_MEGABYTES = 150.0
_ATTEMPTS = 4


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` demos from the command on, then one game day that is only held."""
    demos = [kept.get(f"overhead demo {number}", _demo) for number in range(count)]
    held = kept.get("overhead held", lambda: _held(30.0 if count > 1 else 8.0))
    return [*_demo_rows(demos), *_held_rows(held)]


# A demo, from the command on


def _demo() -> dict[str, float]:
    """One ``make demo``; seconds by the name of what they were spent on."""
    for left in reversed(range(_ATTEMPTS)):
        with tempfile.TemporaryDirectory(prefix="gameday-bench-") as state:
            before = set((ROOT / "runs").glob("*"))
            kept = {
                key: value for key, value in os.environ.items() if not key.startswith(("GAMEDAY_", "XDG_"))
            }
            began = time.monotonic()
            done = subprocess.run(
                ["make", "-s", "demo"],
                cwd=ROOT,
                env={**kept, "XDG_STATE_HOME": state},
                capture_output=True,
                text=True,
                check=False,
            )
            ended = time.monotonic()
            made = set((ROOT / "runs").glob("*")) - before
            histories = [read(folder) for folder in made]
            for folder in made:
                shutil.rmtree(folder)
        if done.returncode == 0 and histories:
            found = _spent(histories[0], began, ended)
            print(f"  demo: {found}", file=sys.stderr, flush=True)
            return found
        print(f"  demo again: exit {done.returncode}", file=sys.stderr, flush=True)
        if not left:
            raise RunError(f"make demo: exit {done.returncode}: {done.stderr.strip()[-300:]}")
    raise AssertionError


def _spent(history: History, began: float, ended: float) -> dict[str, float]:
    """What a run that was answered spent its time on, from its log."""
    clock = Clock(float(history.started.host["monotonic_base"]))
    inputs = history.inputs()
    scenario, playbook = inputs.scenario, inputs.playbook
    assert playbook is not None

    def at(kind: type[Any]) -> float:
        return next(clock.absolute(record.t) for record, _ in history.of(kind))

    triggered = clock.absolute(next(event.at for _, event in history.of(FaultTriggered)))
    fired = next(event for _, event in history.of(AlertFired))
    pending = clock.absolute(
        next(record.t for record, event in history.of(AlertPending) if event.monitor == fired.monitor)
    )
    lever = next(number for number, act in enumerate(playbook.acts) if act.do == "lever")
    return {
        "whole": ended - began,
        "ready": at(StackReady) - began,
        "first": triggered - began,
        "spawning": scenario.load.users / scenario.load.spawn_rate,
        "all users there": at(LoadSteady) - at(LoadStarted),
        "baseline": scenario.baseline,
        "until the monitor sees it": pending - triggered,
        "the monitor's for": inputs.system.monitors[fired.monitor].when.hold,
        "the playbook's after": sum(act.after for act in playbook.acts[: lever + 1]),
        "the lever": at(LeverEnded) - at(LeverBegan),
        "stable_for": scenario.expect.stable_for,
        "respond": at(RespondEnded) - triggered,
        "after respond": ended - at(RespondEnded),
    }


_ASKED = (
    "spawning",
    "baseline",
    "until the monitor sees it",
    "the monitor's for",
    "the playbook's after",
    "the lever",
    "stable_for",
)


def _demo_rows(demos: Sequence[dict[str, float]]) -> list[Row]:
    middle = {name: statistics.median(demo[name] for demo in demos) for name in demos[0]}
    first = statistics.median(demo["first"] - demo["baseline"] - demo["spawning"] for demo in demos)
    added = statistics.median(demo["whole"] - sum(demo[name] for name in _ASKED) for demo in demos)
    waits = ", ".join(f"{name} {middle[name]:.1f} s" for name in _ASKED)
    before = f"stack ready after {middle['ready']:.1f} s, all users there {middle['all users there']:.1f} s after the"
    return [
        judged(
            "command to first injection, without baseline and spawning",
            first,
            f"{first:.2f} s of {middle['first']:.2f} s (baseline {middle['baseline']:g} s, spawning as asked "
            f"{middle['spawning']:g} s; {before} load's start; median of {len(demos)})",
            f"at most {_FIRST:g} s",
            limit=_FIRST,
            why="of starting the stack, the load and the faults' children",
        ),
        judged(
            "make demo, beyond the waits of its scenario",
            added,
            f"{added:.1f} s of {middle['whole']:.1f} s (median of {len(demos)})",
            f"at most {_DEMO:g} s",
            limit=_DEMO,
            why=f"before the injection {first:.1f} s, after the end of Respond {middle['after respond']:.1f} s",
        ),
        Row("the waits that are not counted there", waits),
        Row(
            "of the rest",
            f"before the injection {first:.1f} s, after the end of Respond {middle['after respond']:.1f} s "
            "(put back, steady again, stack down, grade, render)",
        ),
    ]


# A game day that is only held


def _held(seconds: float) -> dict[str, Any]:
    """A run with the usual load whose fault is held for so long; what its processes cost meanwhile."""
    for left in reversed(range(_ATTEMPTS)):
        with Project.temporary() as project, project.standing() as standing:
            write_system(project)
            use = {
                "experiment": "proxy-latency",
                "for": f"{round(seconds) + 3}s",
                "with": {"proxy": "identity-provider", "latency_ms": 300},
            }
            project.write("scenarios/held", short({"it": use}))
            game = project.start("held", *standing.words(), "--responder", "none")
            try:
                game.until("fault_checked")
                meter = Meter(game.process.pid)
                time.sleep(1.0)
                cost = meter.over(seconds)
                game.until("respond_ended")
                ended = game.finish()
            except RunError:
                if not left:
                    raise
                continue
            folder = next(Path(project.folder).glob(f"runs-*/{ended.history.started.run}"))
            return {"seconds": seconds, "cost": cost, "hour": after_an_hour(folder)}
    raise AssertionError


def _held_rows(held: dict[str, Any]) -> list[Row]:
    cost, hour = held["cost"], held["hour"]
    runner = cost["runner"]
    children = {name: one for name, one in cost.items() if name != "runner"}
    rest = "; ".join(
        f"{name} {one['core'] * 100:.1f} % of a core, {one['megabytes']:.0f} MB"
        for name, one in children.items()
    )
    return [
        judged(
            f"the runner alone while it holds a game day ({held['seconds']:g} s, 120 requests/s)",
            runner["core"],
            f"{runner['core'] * 100:.1f} % of a core",
            f"at most {_CORE * 100:g} %",
            limit=_CORE,
            why="of reading the load's ticks and scrapes, writing the log and evaluating ten times a second",
        ),
        judged(
            "its memory",
            runner["megabytes"],
            f"{runner['megabytes']:.0f} MB",
            f"under {_MEGABYTES:g} MB",
            limit=_MEGABYTES,
            why="of the libraries that it imports",
        ),
        Row("its children meanwhile", rest),
        judged(
            "its memory after an hour of that (the same records fed again, to an hour)",
            runner["megabytes"] + hour["grown"],
            f"{runner['megabytes'] + hour['grown']:.0f} MB ({hour['grown']:.0f} MB for {hour['records']:,} records)",
            f"under {_MEGABYTES:g} MB",
            limit=_MEGABYTES,
            why="of what it keeps of each request",
        ),
        judged(
            "deciding ten times a second, after an hour",
            hour["core"],
            f"{hour['core'] * 100:.1f} % of a core",
            f"at most {_CORE * 100:g} %",
            limit=_CORE,
            why="something is looked at more often the longer the run is",
        ),
    ]
