"""Real holders: they go on for as long as somebody watches, and are gone within their lease when nobody does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

LEASE = 1.5
SPARE = 0.5
"""Seconds in which this machine may notice that a process has ended."""
ROOT = Path(__file__).parents[2]

WORK = """
import time

def tick(lease, path):
    with open(path, "a", buffering=1) as file:
        lease.say(pid=__import__("os").getpid())
        while lease.lasts(0.05):
            file.write("tick\\n")
        file.write("let go\\n")

def hang(lease, path):
    lease.say(hung=True)
    time.sleep(60)

def come_back(lease, path):
    lease.say(done=True)

def fail(lease, path):
    raise RuntimeError("nothing to hold")
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a module of functions to hold."""
    (tmp_path / "work.py").write_text(WORK)
    return tmp_path


def paths(work: Path) -> dict[str, str]:
    """An environment in which the module is found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(work), str(ROOT)])}


@contextlib.contextmanager
def holder(work: Path, function: str) -> Iterator[subprocess.Popen[bytes]]:
    """A holder that has taken hold; gone at the end."""
    arguments = f'{{"path": "{work / "ticks"}"}}'
    process = subprocess.Popen(
        [sys.executable, "-m", "gameday.faults.holder", str(LEASE), f"work:{function}", arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=paths(work),
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
        process.kill()


def seconds_until_gone(pid: int) -> float:
    """How long a process goes on, counted from now."""
    began = time.monotonic()
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < began + 20:
            time.sleep(0.02)
    return time.monotonic() - began


def test_it_goes_on_while_it_is_renewed(work: Path) -> None:
    """Renewed for two leases it still holds; a lease after the last renewal it has let go of its own."""
    with holder(work, "tick") as process:
        assert process.stdin is not None
        for _ in range(10):
            time.sleep(LEASE / 5)
            process.stdin.write(b"\n")
            process.stdin.flush()
        assert process.poll() is None
        assert seconds_until_gone(process.pid) < LEASE + SPARE
        assert process.wait(1) == 0
    assert (work / "ticks").read_text().endswith("tick\nlet go\n")


@pytest.mark.parametrize("how", ["its pipe closes", "SIGTERM"])
def test_it_lets_go_when_it_is_told_to(work: Path, how: str) -> None:
    """At once, in order, and not only when the lease is up."""
    with holder(work, "tick") as process:
        assert process.stdin is not None
        if how == "SIGTERM":
            process.terminate()
        else:
            process.stdin.close()
        assert process.wait(SPARE) == 0
    assert (work / "ticks").read_text().endswith("let go\n")


def test_one_that_hangs_is_ended_with_its_lease(work: Path) -> None:
    """A function that never asks for its lease is killed by the alarm clock, without anybody's help."""
    with holder(work, "hang") as process:
        assert seconds_until_gone(process.pid) < LEASE + SPARE
        assert process.wait(1) == -signal.SIGALRM


def test_it_ends_when_there_is_nothing_left_to_hold(work: Path) -> None:
    """A function that returns is not called again."""
    with holder(work, "come_back") as process:
        assert process.wait(1) == 0


ALONE = """
import os, signal, sys, time
from gameday.faults.actions import holding

said = holding.hold("work:tick", "1.5s", path=sys.argv[1])
assert holding.holds("work:tick") == said
print(said["pid"], flush=True)
time.sleep(3.5)
assert holding.holds("work:tick") == said, "it was not renewed"
if sys.argv[2] == "stops it":
    os.kill(said["pid"], signal.SIGSTOP)
print("renewed", flush=True)
sys.stdin.readline()
assert holding.let_go("work:tick")
assert not holding.let_go("work:tick")
assert holding.holds("work:tick") == {}
print("let go", flush=True)
"""


@pytest.mark.parametrize("how", ["ends it", "stops it", "dies"])
def test_a_program_by_itself_renews_what_it_holds(work: Path, how: str) -> None:
    """As under plain ``chaos run``: for longer than a lease, until it lets go or dies; a stopped one is ended too."""
    command = [sys.executable, "-c", ALONE, str(work / "ticks"), how]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=paths(work), text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        assert program.stdout.readline() == "renewed\n"
        if how == "dies":
            program.kill()
        else:
            program.stdin.write("\n")
            program.stdin.flush()
            assert program.stdout.readline() == "let go\n"
            assert program.wait(5) == 0
        assert seconds_until_gone(pid) < SPARE


@pytest.mark.parametrize(
    ("function", "lease", "words"),
    [
        ("work:fail", "2s", "ended with 1 before it held anything"),
        ("work:tick", "500ms", "too short to be renewed"),
    ],
)
def test_what_cannot_be_held_is_said(
    work: Path, monkeypatch: pytest.MonkeyPatch, function: str, lease: str, words: str
) -> None:
    """A function that fails, and a lease that would be over before its first renewal."""
    from gameday.faults.actions import holding

    monkeypatch.setenv("PYTHONPATH", paths(work)["PYTHONPATH"])
    with pytest.raises((RuntimeError, ValueError), match=words):
        holding.hold(function, lease, path=str(work / "ticks"))
    assert holding.holds(function) == {}


RUNNER = """
import asyncio, sys
from pathlib import Path
from gameday.faults.host import FaultChild

def python(name, func, kind, **arguments):
    provider = {"type": "python", "module": "gameday.faults.actions.holding", "func": func, "arguments": arguments}
    return {"type": kind, "name": name, "provider": provider}

async def main():
    folder = Path(sys.argv[1])
    arguments = {"path": str(folder / "ticks")}
    method = [
        {"type": "action", "name": "hold", "provider": {
            "type": "python", "module": "acts", "func": "hold_ticks", "arguments": arguments}},
        python("in_place", "holds", "probe", function="work:tick"),
    ]
    experiment = {"title": "t", "description": "d", "method": method, "rollbacks": []}
    child = await FaultChild.start("f", experiment, {}, {}, folder / "child.log")
    outcome = await child.inject(None, 20, lambda line: None)
    assert outcome.ok, outcome.problem
    while True:
        answer = await child.probe("in_place", 5)
        print(child.pid, answer.output.get("pid", 0), flush=True)
        await asyncio.sleep(0.3)

asyncio.run(main())
"""
ACTS = """
from gameday.faults.actions import holding

def hold_ticks(path):
    return holding.hold("work:tick", "1.5s", path=path)
"""


def kill(runner: int, child: int) -> None:
    """The runner is killed: its child ends, and with it the holder."""
    os.kill(runner, signal.SIGKILL)


def stop(runner: int, child: int) -> None:
    """The runner hangs: it does not ask any more."""
    os.kill(runner, signal.SIGSTOP)


def kill_child(runner: int, child: int) -> None:
    """The child is killed."""
    os.kill(child, signal.SIGKILL)


def stop_child(runner: int, child: int) -> None:
    """The child hangs: it hears the runner no more."""
    os.kill(child, signal.SIGSTOP)


@pytest.mark.slow
@pytest.mark.parametrize("harm", [kill, stop, kill_child, stop_child])
def test_nothing_is_held_that_no_runner_watches(work: Path, harm: Callable[[int, int], None]) -> None:
    """The runner's questions renew for as long as it asks; whoever of the two dies or hangs, the holder goes."""
    (work / "acts.py").write_text(ACTS)
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(work)],
        stdout=subprocess.PIPE,
        # Both of them are killed: what a child keeps for a while is left here.
        env={**paths(work), "TMPDIR": str(work)},
        text=True,
    ) as runner:
        assert runner.stdout is not None
        began = time.monotonic()
        while time.monotonic() < began + 2.5:
            child, held = (int(word) for word in runner.stdout.readline().split())
            assert held, "the lease was not renewed"
        try:
            harm(runner.pid, child)
            assert seconds_until_gone(held) < LEASE + SPARE
        finally:
            for pid in (runner.pid, child):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert seconds_until_gone(child) < 2
