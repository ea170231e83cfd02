"""The stack as processes and files: what dies comes back, what ends leaves nothing, and stacks do not meet."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import psycopg
import pytest

from gameday.errors import StackError
from gameday.stacks.local.adapter import LocalStack
from tests.stacks.conftest import Children, Eventually, Touching
from tests.stacks.people import People

pytestmark = pytest.mark.slow


def replicas_of(children: dict[str, dict[str, int]]) -> list[str]:
    """The names of the auth replicas."""
    return [name for name in children if name.startswith("auth-")]


def test_a_killed_replica_comes_back_and_no_user_notices(stack: LocalStack, children: Children) -> None:
    """SIGKILL to one of two replicas under load: it is started again in about a second, and no new request fails."""

    async def kill_one() -> People:
        async with People(stack.endpoints().gateway, users=30) as people:
            await asyncio.sleep(1)
            [name, _] = replicas_of(children(stack))
            killed = children(stack)[name]["pid"]
            os.kill(killed, signal.SIGKILL)
            deadline = time.monotonic() + 10
            while not all((await stack.ready()).values()) or children(stack)[name]["pid"] in {killed, None}:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            assert children(stack)[name]["restarts"] == 1
            await asyncio.sleep(1)
        return people

    people = asyncio.run(kill_one())

    # Only what the killed process was answering at that moment may fail.
    assert len(people.bad) <= 2, people.bad


@pytest.mark.parametrize("name", ["identity-provider", "fault-proxy", "gateway"])
def test_other_programs_come_back_too(
    shared_stack: LocalStack, children: Children, eventually: Eventually, name: str
) -> None:
    """Whatever dies is started again, and the stack is ready and unchanged then."""
    before = asyncio.run(shared_stack.inventory())
    killed = children(shared_stack)[name]["pid"]

    os.kill(killed, signal.SIGKILL)
    eventually(lambda: children(shared_stack)[name]["pid"] not in {killed, None}, 10)
    eventually(lambda: all(asyncio.run(shared_stack.ready()).values()), 10)

    assert asyncio.run(shared_stack.inventory()) == before


def test_a_killed_supervisor_takes_everything_with_it(
    tmp_path: Path, eventually: Eventually, touching: Touching
) -> None:
    """After SIGKILL to the supervisor no process is left; the folder is known to be stale and can be used again."""
    folder = tmp_path / "s"
    stack = LocalStack(folder)
    asyncio.run(stack.up())
    assert len(touching(folder)) > 8

    os.kill(int((folder / "supervisor.pid").read_text()), signal.SIGKILL)
    eventually(lambda: not touching(folder), 10)
    with pytest.raises(StackError, match="no stack stands in"):
        asyncio.run(LocalStack(folder).attach())

    asyncio.run(stack.up())
    assert all(asyncio.run(stack.ready()).values())
    asyncio.run(stack.down())
    assert not folder.exists()


@pytest.mark.alone  # the machine's shared memory is everybody's: another stack that starts meanwhile would show in it
def test_down_leaves_nothing(tmp_path: Path, touching: Touching) -> None:
    """After `down` there is no process, no file and no port in use; another process may say it, by the handle."""
    folder = tmp_path / "s"
    shared_memory = set(os.listdir("/dev/shm"))  # noqa: PTH208, S108 - what PostgreSQL might leave
    stack = LocalStack(folder)
    asyncio.run(stack.up())
    port = int(stack.endpoints().gateway.rsplit(":", 1)[1])

    asyncio.run(LocalStack.from_handle(stack.handle()).down())

    assert not folder.exists()
    assert touching(folder) == []
    assert set(os.listdir("/dev/shm")) <= shared_memory  # noqa: PTH208, S108
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections may linger
        taker.bind(("127.0.0.1", port))


def test_two_stacks_stand_side_by_side(tmp_path: Path) -> None:
    """Two stacks share no port; what is changed in one does not show in the other."""
    one, other = LocalStack(tmp_path / "one"), LocalStack(tmp_path / "other")

    async def both() -> None:
        await asyncio.gather(one.up(), other.up())
        try:
            assert not set(one.environment().values()) & {
                value for value in other.environment().values() if value.startswith(("http", "postgresql"))
            }
            await one.deploy("auth", "v1.2.4", "deploy-bot")
            assert (await other.inventory())["auth"]["version"] == "v1.2.3"
            with pytest.raises(StackError, match="a stack stands already"):
                await LocalStack(tmp_path / "one").up()
        finally:
            await asyncio.gather(one.down(), other.down())

    asyncio.run(both())


def test_another_process_attaches_by_the_handle(shared_stack: LocalStack) -> None:
    """The handle, which holds no secret, is enough to use the very same stack."""
    other = LocalStack.from_handle(shared_stack.handle())
    asyncio.run(other.attach())

    assert other.environment() == shared_stack.environment()
    assert asyncio.run(other.identity()) == asyncio.run(shared_stack.identity())
    assert shared_stack.environment()["GAMEDAY_CONTROL_TOKEN"] not in str(shared_stack.handle())


def test_secrets_are_for_their_owner_only(shared_stack: LocalStack) -> None:
    """The state folder and the files with passwords and the token are closed to other users."""
    folder = Path(shared_stack.handle()["state_dir"])

    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "state.json").stat().st_mode & 0o077 == 0
    assert (folder / "token").stat().st_mode & 0o077 == 0


def test_the_replica_streams(shared_stack: LocalStack, eventually: Eventually) -> None:
    """A row written on the primary is read on the replica, which refuses to be written itself."""
    primary = shared_stack.environment()["GAMEDAY_DATABASE_ADMIN_URL"]
    with psycopg.connect(primary, autocommit=True) as connection:
        rows = connection.execute("SELECT client_port FROM pg_stat_replication").fetchall()
        assert len(rows) == 1
        connection.execute("CREATE TABLE seen (n int)")
        connection.execute("INSERT INTO seen VALUES (42)")
        folder = Path(shared_stack.handle()["state_dir"])
        port = next(
            line.split("port=")[1].split("\0")[0]
            for line in (Path(f"/proc/{pid}/cmdline").read_text() for pid in postmasters(folder))
            if "/database-replica" in line
        )
        try:
            with psycopg.connect(primary, port=port, target_session_attrs="any", autocommit=True) as replica:
                eventually(
                    lambda: replica.execute("SELECT to_regclass('seen') IS NOT NULL").fetchone() == (True,), 5
                )
                eventually(lambda: replica.execute("SELECT n FROM seen").fetchall() == [(42,)], 5)
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    replica.execute("INSERT INTO seen VALUES (43)")
        finally:
            connection.execute("DROP TABLE seen")


def postmasters(folder: Path) -> list[int]:
    """Process ids of the database servers whose data lies in a folder."""
    return [
        int((folder / "database" / name / "postmaster.pid").read_text().split()[0])
        for name in ("database", "database-replica")
    ]


@pytest.mark.parametrize(
    ("program", "words"),
    [("/nowhere/toxiproxy-server", "GAMEDAY_TOXIPROXY names"), ("/bin/false", "fault-proxy ended")],
)
def test_a_stack_that_cannot_start_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touching: Touching, program: str, words: str
) -> None:
    """A program that is missing, or that will not start, is named in the error; nothing stays behind."""
    folder = tmp_path / "s"
    monkeypatch.setenv("GAMEDAY_TOXIPROXY", program)

    with pytest.raises(StackError, match=words):
        asyncio.run(LocalStack(folder).up())

    assert not folder.exists()
    assert touching(folder) == []


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A state folder that holds other files is refused, and the files stay."""
    (tmp_path / "thesis.txt").write_text("years of work")
    stack = LocalStack(tmp_path)

    with pytest.raises(StackError, match="is not empty"):
        asyncio.run(stack.up())
    asyncio.run(stack.down())

    assert (tmp_path / "thesis.txt").read_text() == "years of work"
