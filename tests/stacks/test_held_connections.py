"""Held connections on a real PostgreSQL: all are taken, the next is refused, and who ends them is rid of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from gameday.faults.actions import connections, holding
from gameday.levers import read_call
from gameday.ports import Topic
from gameday.stacks.local.adapter import LocalStack

ROOT = Path(__file__).parents[2]
ROOM = 144
"""Connections of the embedded stack that are not for superusers only."""
Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture
def stack(shared_stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """A stack whose variables are in the environment; nothing is held afterwards."""
    for name, value in shared_stack.environment().items():
        monkeypatch.setenv(name, value)
    yield shared_stack
    connections.let_connections_go()
    assert inventory(shared_stack)["database"]["sessions.batch"] == 0


def inventory(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """The stack's state, read back now."""
    return {name: dict(aspects) for name, aspects in asyncio.run(stack.inventory()).items()}


def rows(stack: LocalStack) -> list[list[Any]]:
    """Who holds sessions: user, application, state, count, oldest."""
    return [list(row) for row in asyncio.run(stack.look(Topic.CONNECTIONS, {})).rows]


def pull(stack: LocalStack, *words: str) -> str:
    """Pull a lever; gives what it did."""
    result = asyncio.run(stack.pull(read_call(list(words), stack.levers())))
    assert result.ok
    return result.did


def is_the_job(process: psutil.Process) -> bool:
    """Whether this is what holds the connections; not one of an earlier test that nobody has waited for yet."""
    with contextlib.suppress(psutil.Error):
        return connections.HOLD in process.cmdline()
    return False


def test_every_free_connection_is_taken(stack: LocalStack) -> None:
    """Until the server refuses the next with its own SQLSTATE; the stack's looks and levers go on working."""
    taken = connections.hold_connections()
    used = sum(row[3] for row in rows(stack) if row[0] == "auth")

    assert taken["state"] == "53300"
    assert ROOM - used - 5 <= taken["held"] <= ROOM - used
    assert connections.connections_held()
    assert ["batch", "nightly-report", "idle"] in [row[:3] for row in rows(stack)]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(stack.environment()["GAMEDAY_DATABASE_URL"])
    assert inventory(stack)["database"]["sessions.batch"] == taken["held"]


def test_so_many_as_asked_are_left_free(stack: LocalStack) -> None:
    """The next five get in, though the holder looks for free ones all the time; the sixth does not."""
    taken = connections.hold_connections(leave_free=5)
    url = stack.environment()["GAMEDAY_DATABASE_URL"]
    time.sleep(0.3)
    opened = [psycopg.connect(url) for _ in range(5)]
    try:
        assert taken["state"] == ""
        assert connections.connections_held(leave_free=5)
        with pytest.raises(psycopg.OperationalError, match="reserved"):
            psycopg.connect(url)
    finally:
        for connection in opened:
            connection.close()


def test_what_becomes_free_is_taken_too(stack: LocalStack, eventually: Eventually) -> None:
    """A replica that goes away gives connections back; whoever comes in its place finds none."""
    others = [psycopg.connect(stack.environment()["GAMEDAY_DATABASE_URL"]) for _ in range(8)]
    before = connections.hold_connections()["held"]

    for connection in others:
        connection.close()

    eventually(lambda: inventory(stack)["database"]["sessions.batch"] >= before + 8, 2.0)
    assert connections.connections_held()


def test_what_is_taken_a_second_later_was_held_all_the_while(stack: LocalStack) -> None:
    """A job that a busy machine keeps waiting has not let go: nobody is told that the fault has vanished."""
    others = [psycopg.connect(stack.environment()["GAMEDAY_DATABASE_URL"]) for _ in range(8)]
    connections.hold_connections()
    [job] = [child.pid for child in psutil.Process().children() if is_the_job(child)]
    os.kill(job, signal.SIGSTOP)
    goes_on = threading.Timer(1.0, os.kill, (job, signal.SIGCONT))
    goes_on.start()
    for connection in others:
        connection.close()

    assert connections.connections_held()
    goes_on.join()


def test_a_restart_gives_nothing_back(stack: LocalStack) -> None:
    """What the service gives back it does not get again, however often it asks: the job is ahead of it."""
    url = stack.environment()["GAMEDAY_DATABASE_URL"]
    others = [psycopg.connect(url) for _ in range(8)]
    connections.hold_connections()
    for connection in others:
        connection.close()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)


@pytest.mark.parametrize("words", [(), ("user=batch",)])
def test_ended_sessions_stay_gone(stack: LocalStack, words: tuple[str, ...], eventually: Eventually) -> None:
    """Whoever ends the idle sessions, of this role or of all, has mended it: the job has died and opens no others."""
    held = connections.hold_connections()["held"]
    time.sleep(0.6)

    did = pull(stack, "terminate-connections", "idle_for=500ms", *words)

    assert f"batch {held - 1}" in did or f"batch {held}" in did  # the one that looks is never idle for long
    eventually(lambda: not connections.connections_held(), 2.0)
    eventually(lambda: inventory(stack)["database"]["sessions.batch"] == 0, 2.0)
    eventually(lambda: holding.holds(connections.HOLD) == {}, 2.0)
    assert connections.refusal("x") == ""


def test_sessions_of_the_service_alone_are_not_the_jobs(stack: LocalStack) -> None:
    """``user=auth`` spares the batch job, and with it the fault."""
    connections.hold_connections()
    time.sleep(0.6)

    assert "batch" not in pull(stack, "terminate-connections", "idle_for=500ms", "user=auth")
    assert connections.connections_held()


def test_the_stack_itself_can_put_it_back(stack: LocalStack, eventually: Eventually) -> None:
    """What a recipe says of it is a state: no sessions of the job. That holds whoever has opened them."""
    connections.hold_connections()

    asyncio.run(stack.restore({"database": {"sessions.batch": 0}}))

    assert inventory(stack)["database"]["sessions.batch"] == 0
    eventually(lambda: holding.holds(connections.HOLD) == {}, 2.0)


def test_letting_go_ends_also_what_another_process_holds(stack: LocalStack) -> None:
    """As after a crash, where a fresh child plays the rollbacks and has no holder of its own."""
    program = "from gameday.faults.actions.connections import *; hold_connections(); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert connections.let_connections_go() > 100
        assert not connections.connections_held()


def test_less_than_none_cannot_be_left_free(stack: LocalStack) -> None:
    """A negative number would try for ever to take what there is not."""
    with pytest.raises(ValueError, match="cannot be less than 0"):
        connections.hold_connections(leave_free=-1)


def test_it_runs_under_plain_chaos_run(stack: LocalStack, tmp_path: Path) -> None:
    """With the stack's variables in the environment: exit 0, every activity succeeded, nothing left."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "chaostoolkit",
            "run",
            str(ROOT / "experiments/hold-connections.yaml"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    journal = json.loads((tmp_path / "journal.json").read_text())

    assert done.returncode == 0, done.stderr
    assert {run["status"] for run in journal["run"] + journal["rollbacks"]} == {"succeeded"}
    assert [run["output"] for run in journal["run"] if run["activity"]["name"] == "in_place"] == [True]
    assert inventory(stack)["database"]["sessions.batch"] == 0
