"""Locust's workers that somebody started elsewhere: stock Locust, which gets all that it runs from the master."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gameday.load.driver import Address
from tests.conftest import Require
from tests.process.test_load import RATE, Loading, loading, run

OTHER_MACHINE = ("unshare", "--user", "--map-root-user", "--time", "--monotonic", "1000")
"""A process whose monotonic clock is 1,000 s ahead, as another machine's differs."""


def free() -> Address:
    """Where a master may listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", taken.getsockname()[1])


@contextlib.asynccontextmanager
async def worker(
    folder: Path, master: Address, name: str, *before: str, locustfile: str = "-", host: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """One worker, started as a user of Locust starts it, in a folder of its own."""
    own = folder / name
    own.mkdir()
    with (own / "out.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(*before, sys.executable, "-m", "locust", "-f", locustfile, "--worker"),
            *("--master-host", master.host, "--master-port", str(master.port)),
            *(("--host", host) if host else ()),
            cwd=own,
            env={"TMPDIR": str(own), "PATH": "/usr/bin:/bin"},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
def other(require: Require) -> tuple[str, ...]:
    """How to start a process with a clock of its own, where the machine lets us."""
    if shutil.which("unshare") is None:
        require("time-namespace", "a clock of its own needs Linux and its program unshare")
    tried = subprocess.run([*OTHER_MACHINE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        require("time-namespace", f"a clock of its own needs root: {tried.stderr.strip()}")
    return OTHER_MACHINE


def test_workers_with_another_clock_tell_this_machines_time(tmp_path: Path, other: tuple[str, ...]) -> None:
    """Their instants are put into this machine's time, and how well that is known is said."""

    async def body() -> None:
        master = free()
        async with (
            worker(tmp_path, master, "one", *other) as one,
            worker(tmp_path, master, "two") as two,
            loading(tmp_path, workers=2, join=master) as made,
        ):
            begin = await made.steady() + 0.5
            assert list(made.load.pids) == ["load"]
            await asyncio.sleep(3)
            said = [line for line in made.lines if line["event"] == "worker"]
            widths = sorted(line["skew_width"] for line in said)
            assert widths[0] == 0, "who runs by the same clock is known exactly"
            assert 0 < widths[-1] < 0.5
            counts = made.clients().counts(begin, begin + 2, begin + 2.5)
            assert counts.offered == pytest.approx(2 * RATE, rel=0.1)
            assert (counts.sent, counts.bad) == (counts.offered, 0)
            numbers = [number for line in made.events() for number in line["sent_id"]]
            assert {number % 1000 for number in numbers} == {1, 2}, "both send"
            assert len(set(numbers)) == len(numbers)
            now = time.monotonic()
            latest = [max(line["sent_at"]) for line in made.events()[-8:] if line["sent_at"]]
            assert all(now - 2 < at < now + widths[-1] for at in latest)
            assert await made.load.stop() == 0
            async with asyncio.timeout(10):
                await asyncio.gather(one.wait(), two.wait())  # its master told it to go

    run(body)


def test_a_worker_reaches_the_service_by_its_own_address(tmp_path: Path) -> None:
    """Also those of its users who come late: the service is elsewhere as seen from there."""

    async def body() -> None:
        master, port = free(), free().port
        async with (
            worker(tmp_path, master, "one", host=f"http://127.0.0.1:{port}"),
            loading(tmp_path, workers=1, join=master, port=port, seen_at="http://127.0.0.1:1") as made,
        ):
            begin = await made.steady() + 0.5
            await asyncio.sleep(1.5)
            counts = made.clients().counts(begin, begin + 1, begin + 1.5)
            assert (counts.sent, counts.bad) == (pytest.approx(RATE, rel=0.1), 0)

    run(body)


async def _broken(made: Loading) -> str:
    async with asyncio.timeout(20):
        while not made.load.ended:  # noqa: ASYNC110 - another process's end
            await asyncio.sleep(0.02)
    assert made.load.code is None
    return made.load.last_words()


def test_a_worker_elsewhere_that_falls_silent_is_missed(tmp_path: Path) -> None:
    """Nobody sees its process die; half of the users are gone all the same."""

    async def body() -> None:
        master = free()
        async with (
            worker(tmp_path, master, "one"),
            worker(tmp_path, master, "two") as two,
            loading(tmp_path, workers=2, join=master) as made,
        ):
            await made.steady()
            two.kill()
            told = await _broken(made)
            assert told == f"worker {socket.gethostname()} was lost: not heard of for 5 s"

    run(body)


def test_a_worker_too_many_is_refused(tmp_path: Path) -> None:
    """Locust would take users from the others for it, in the middle of what is measured."""

    async def body() -> None:
        master = free()
        async with worker(tmp_path, master, "one"), loading(tmp_path, workers=1, join=master) as made:
            await made.steady()
            async with worker(tmp_path, master, "two"):
                told = await _broken(made)
            assert told.startswith("2 workers joined, and the scenario asks for 1: ")

    run(body)


def test_a_worker_with_another_locustfile_is_refused(tmp_path: Path) -> None:
    """What it sends is not what the scenario says."""

    async def body() -> None:
        master = free()
        ours = Path(__file__).parents[2] / "gameday" / "load"
        (tmp_path / "stale.py").write_text(
            "from locust import User, task\n\n\nclass Visitor(User):\n    @task\n    def rest(self):\n        pass\n"
        )
        stale = f"{ours / 'lines.py'},{ours / 'listener.py'},{tmp_path / 'stale.py'}"
        async with (
            worker(tmp_path, master, "one", locustfile=stale),
            loading(tmp_path, workers=1, join=master) as made,
        ):
            assert (await _broken(made)).endswith("runs another locustfile; start it anew")

    run(body)


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    """The load ends at once, and says why."""

    async def body() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            master = Address("127.0.0.1", taken.getsockname()[1])
            async with loading(tmp_path, workers=1, join=master) as made:
                async with asyncio.timeout(20):
                    while not made.load.ended:  # noqa: ASYNC110 - another process's end
                        await asyncio.sleep(0.02)
                assert "Address already in use" in made.load.last_words()

    run(body)
