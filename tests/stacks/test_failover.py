"""The database goes away in three ways: who leads then, what mends it, and the way back to the first server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gameday.errors import InputError, StackError
from gameday.levers import read_call
from gameday.ports import LeverResult, Things, Topic
from gameday.stacks.local.adapter import LocalStack
from gameday.staging.connections import given_up_after
from tests.stacks.conftest import Children, Eventually, Touching
from tests.stacks.people import People

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
OUT: dict[str, Things] = {
    "kill": {"database": {"server": "stopped"}},
    "freeze": {"database": {"server": "frozen"}},
    "cut": {"database": {"proxy.enabled": False}},
}
FAIL_OVER, START = ("fail-over", "database"), ("start", "database")


@pytest.fixture(scope="module")
def pristine(shared_stack: LocalStack) -> Things:
    """The inventory before any test changed anything."""
    return asyncio.run(shared_stack.inventory())


@pytest.fixture
def stack(shared_stack: LocalStack, pristine: Things) -> Iterator[LocalStack]:
    """The module's stack; every test must leave it as it was."""
    yield shared_stack
    assert asyncio.run(shared_stack.inventory()) == pristine


async def pull(stack: LocalStack, *words: str) -> LeverResult:
    """A lever, as the desk takes it."""
    return await stack.pull(read_call(words, stack.levers()))


@pytest.mark.parametrize(
    ("how", "lever"),
    [("kill", FAIL_OVER), ("freeze", FAIL_OVER), ("cut", FAIL_OVER), ("kill", START), ("freeze", START)],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_outage_is_mended_and_put_back(
    stack: LocalStack, pristine: Things, how: str, lever: tuple[str, ...]
) -> None:
    """The lever brings service back with no restart of a replica; the way back costs what is in flight, no more.

    The first server leads again, its standby streams, and to restore once more changes nothing.
    """

    async def incident() -> None:
        async with People(stack.endpoints().gateway, users=30) as people:
            await asyncio.sleep(1)
            await stack.restore(OUT[how])
            out = people.now()
            await asyncio.sleep(1)
            assert not [request for request in people.requests if request.ok and request.sent > out + 0.2]
            result = await pull(stack, *lever)
            assert result.changed, result
            mended = people.now()
            # Those who were signed in by what never came to the standby sign in again.
            await asyncio.sleep(4)
            assert not [request for request in people.bad if request.sent > mended + 2.5]
            back = people.now()
            await stack.restore(pristine)
            await asyncio.sleep(2.5)
            cut_short = [request for request in people.bad if request.sent > back]
            # What was at work as the roles were swapped: at this pace one, more on a busy machine.
            assert len(cut_short) <= 8, cut_short
        assert await stack.inventory() == pristine
        changes = (await stack.look(Topic.CONFIG, {})).rows
        await stack.restore(pristine)
        assert len((await stack.look(Topic.CONFIG, {})).rows) == len(changes)
        assert await stack.inventory() == pristine

    before = asyncio.run(restarts(stack))
    asyncio.run(incident())
    assert asyncio.run(restarts(stack)) == before


async def restarts(stack: LocalStack) -> list[str]:
    """The replicas by name, which a restart changes."""
    return [target.instance for target in await stack.targets() if target.job == "service"]


def test_starting_does_not_mend_what_is_cut_off(stack: LocalStack, pristine: Things) -> None:
    """The server runs: the lever says so and changes nothing, and the looks tell the server from the way to it."""

    async def cut_off() -> None:
        await stack.restore(OUT["cut"])
        result = await pull(stack, *START)
        assert (result.did, result.changed) == ("database runs already", False)
        rows = {(row[0], row[1]): row[2:] for row in (await stack.look(Topic.DEPENDENCIES, {})).rows}
        assert rows["database", "as the service reaches it"][0] is False
        healthy, _, words = rows["database", "directly"]
        assert (healthy, words) == (True, "primary, writable")
        assert rows["database-replica", "as the service reaches it"][2] == "standby, read-only"
        await stack.restore(pristine)

    asyncio.run(cut_off())


def test_two_servers_never_lead(stack: LocalStack, pristine: Things) -> None:
    """After a fail-over the old server is fenced on disk too; started, it follows; failing over back is possible."""

    def writes(port: int) -> bool:
        url = stack.environment()["GAMEDAY_DATABASE_ADMIN_URL"]
        with psycopg.connect(url, port=port, target_session_attrs="any") as connection:
            return connection.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)

    ports = [
        int(host.rpartition(":")[2])
        for host in psycopg_hosts(stack.environment()["GAMEDAY_DATABASE_ADMIN_URL"])
    ]

    async def there_and_back() -> None:
        assert (
            await pull(stack, *FAIL_OVER)
        ).did == "database-replica leads and is writable, database is fenced"
        seen = await stack.inventory()
        assert (seen["database"]["server"], seen["database"]["role"]) == ("stopped", "standby")
        assert (Path(stack.handle()["state_dir"]) / "database/database/standby.signal").exists()
        assert not (await pull(stack, *FAIL_OVER)).changed
        assert "made anew as a standby of database-replica" in (await pull(stack, *START)).did
        assert [writes(port) for port in ports] == [False, True]
        assert (await pull(stack, "fail-over", "database-replica")).changed
        changes = (await stack.look(Topic.CONFIG, {})).rows
        assert changes[0][2:] == ["database leader", "database-replica", "database", "desk"]
        await stack.restore(pristine)
        assert [writes(port) for port in ports] == [True, False]

    asyncio.run(there_and_back())


def psycopg_hosts(url: str) -> list[str]:
    """``host:port`` of each server in a connection string."""
    return url.partition("@")[2].partition("/")[0].split(",")


def test_no_heir_no_fail_over(stack: LocalStack, pristine: Things) -> None:
    """With the standby gone the lever is refused before anything is fenced; so is a wish for two leaders."""

    async def refuse() -> None:
        await stack.restore({"database-replica": {"server": "stopped"}})
        with pytest.raises(StackError, match="database-replica cannot take over: it is stopped"):
            await pull(stack, *FAIL_OVER)
        seen = await stack.inventory()
        assert (seen["database"]["server"], seen["database"]["role"]) == ("running", "primary")
        with pytest.raises(InputError, match="cannot both be primary"):
            await stack.restore({"database": {"role": "primary"}, "database-replica": {"role": "primary"}})
        await stack.restore(pristine)

    asyncio.run(refuse())


def test_a_frozen_database_holds_up_nobody_who_asks(stack: LocalStack, pristine: Things) -> None:
    """While it answers nobody, inventory, scrape and looks come at once, and say so."""

    async def ask() -> None:
        await stack.restore(OUT["freeze"])
        began = time.monotonic()
        assert (await stack.inventory())["database"]["server"] == "frozen"
        metrics = dict((await stack.look(Topic.METRICS, {})).rows)
        assert metrics["database connections"] == "the database does not answer"
        assert time.monotonic() - began < 4
        await stack.restore(pristine)

    asyncio.run(ask())


@pytest.mark.parametrize("how", ["stop", *OUT])
def test_the_experiment_runs_under_plain_chaos_run(stack: LocalStack, tmp_path: Path, how: str) -> None:
    """With the stack's variables in the environment: exit 0, every activity succeeded, the stack as before."""
    text = (ROOT / "experiments/database-outage.yaml").read_text()
    (tmp_path / "outage.yaml").write_text(text.replace("\n  how: kill\n", f"\n  how: {how}\n"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "chaostoolkit", "run", "outage.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **stack.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    journal = json.loads((tmp_path / "journal.json").read_text())

    assert done.returncode == 0, done.stderr
    assert {run["status"] for run in journal["run"] + journal["rollbacks"]} == {"succeeded"}
    assert [run["output"] for run in journal["run"]][1:] == [True, True]


@pytest.mark.parametrize("killed", [False, True], ids=["down", "supervisor killed"])
def test_a_frozen_database_goes_with_its_stack(
    tmp_path: Path, children: Children, eventually: Eventually, touching: Touching, *, killed: bool
) -> None:
    """Frozen processes take no farewell by themselves; `down` leaves none of them, nor their shared memory."""
    stack = LocalStack(tmp_path / "s")
    asyncio.run(stack.up())
    asyncio.run(stack.restore(OUT["freeze"]))
    maker = children(stack)["database"]["pid"]
    assert maker in memory_makers()
    if killed:
        supervisor = int((tmp_path / "s" / "supervisor.pid").read_text())
        os.kill(supervisor, signal.SIGKILL)
    asyncio.run(stack.down())

    eventually(lambda: not touching(tmp_path / "s"), 5)
    assert maker not in memory_makers()


def memory_makers() -> list[int]:
    """Who made the System V shared memory that there is now."""
    return [int(line.split()[4]) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]


def test_the_service_waits_for_no_answer_for_ever(stack: LocalStack) -> None:
    """A query whose answer never comes ends with its connection, which leaves its place in the pool to another."""

    async def ask() -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(stack.environment()["GAMEDAY_DATABASE_URL"])
        began = time.monotonic()
        async with given_up_after(connection, 5.0):
            await connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            async with given_up_after(connection, 0.3):
                await connection.execute("SELECT pg_sleep(30)")
        assert 0.3 <= time.monotonic() - began < 3
        return connection

    assert asyncio.run(ask()).closed
