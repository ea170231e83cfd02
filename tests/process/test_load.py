"""Real Locust against a server that can hang, fail and answer wrong: what the clients did and saw, told truly."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web

from gameday.clients import Clients
from gameday.events import Requests
from gameday.load.driver import Address, Load, LoadPlan

USERS, PERIOD, TIMEOUT = 20, 0.5, 1.0
RATE = USERS / PERIOD
LOCUSTFILE = f"""
from locust import FastHttpUser, HttpUser, task

class Visitor(FastHttpUser):
    network_timeout = connection_timeout = {TIMEOUT + 0.5}
    max_retries = 0
    weight = 3

    @task
    def visit(self):
        with self.client.get("/page?x=1", catch_response=True) as answer:
            if answer.status_code == 200 and answer.text != "well":
                answer.failure("not what it should be")

class Reader(HttpUser):
    @task
    def read(self):
        with self.client.get("/book", catch_response=True, timeout={TIMEOUT + 0.5}) as answer:
            if answer.status_code == 200 and answer.text != "well":
                answer.failure("not what it should be")
"""


@dataclass
class Service:
    """A service whose behaviour a test changes while it is under load."""

    how: str = "well"
    runner: web.AppRunner | None = None
    port: int = 0

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        application.add_routes([web.get("/{any}", self._answer)])
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more: connections are refused."""
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    async def _answer(self, _: web.Request) -> web.Response:
        match self.how:
            case "hang":
                await asyncio.sleep(60)
            case "fail":
                return web.Response(status=503)
            case "wrong":
                return web.Response(text="something else")
        return web.Response(text="well")


@dataclass
class Loading:
    """A load at work and what it reported."""

    service: Service
    load: Load
    lines: list[dict[str, Any]]

    def events(self) -> list[dict[str, Any]]:
        """The ticks."""
        return [line for line in self.lines if line["event"] == "tick"]

    async def steady(self) -> float:
        """When all users were there."""
        async with asyncio.timeout(30):
            while not any(line["event"] == "steady" for line in self.lines):
                assert not self.load.ended, self.load.last_words()
                await asyncio.sleep(0.02)
        return float(next(line["at"] for line in self.lines if line["event"] == "steady"))

    def clients(self) -> Clients:
        """What gameday makes of it."""
        made = Clients(TIMEOUT)
        for line in self.events():
            made.add(Requests(**{key: value for key, value in line.items() if key not in {"event", "at"}}))
        return made

    def problems(self, start: float, end: float) -> Counter[str]:
        """How the requests that were sent in this span ended; ``open`` for those that did not."""
        return Counter(
            "open" if request.ended is None else request.problem
            for request in self.clients()
            if start <= request.sent < end
        )


@contextlib.asynccontextmanager
async def loading(
    folder: Path,
    how: str = "well",
    *,
    locustfile: str = LOCUSTFILE,
    workers: int = 1,
    join: Address | None = None,
    port: int = 0,
    seen_at: str = "",
) -> AsyncIterator[Loading]:
    """Twenty users, one request each half second."""
    (folder / "load.py").write_text(locustfile)
    service = Service(how, port=port)
    await service.start()
    host = seen_at or f"http://127.0.0.1:{service.port}"
    plan = LoadPlan(folder / "load.py", host, USERS, 10 if seen_at else 100, PERIOD, TIMEOUT, workers, join)
    root = str(Path(__file__).parents[2])
    lines = list[dict[str, Any]]()
    made = Loading(service, Load(plan, {"PYTHONPATH": root}, folder, lines.append), lines)
    await made.load.start()
    pids = made.load.pids.values()
    try:
        yield made
    finally:
        await made.load.stop()
        await made.load.stop()
        await service.stop()
        assert pids
        assert [pid for pid in pids if lives(pid)] == []


def lives(pid: int) -> bool:
    """Whether a process runs."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def run(body: Callable[[], Awaitable[None]]) -> None:
    """A test's body, with a limit."""
    asyncio.run(asyncio.wait_for(body(), 60))


@pytest.mark.alone
def test_what_the_clients_saw_is_told_truly(tmp_path: Path) -> None:
    """Well, failing, wrong, hanging, refused and well again: the pace stays, and each problem has its class."""

    async def body() -> None:
        async with loading(tmp_path) as made:
            marks = {"well": await made.steady()}
            for how, seconds in [
                ("fail", 1.5),
                ("wrong", 1.0),
                ("hang", 1.0),
                ("refuse", 2.0),
                ("again", 1.0),
            ]:
                await asyncio.sleep(seconds)
                made.service.how = how
                marks[how] = time.monotonic()
                if how == "refuse":
                    await made.service.stop()
                elif how == "again":
                    await made.service.start()
            await asyncio.sleep(1.5)
            end = time.monotonic()
            assert await made.load.stop() == 0
            marks["end"] = end
            _check(made, marks)

    run(body)


def _check(made: Loading, marks: dict[str, float]) -> None:
    clients, spans = made.clients(), dict[str, tuple[float, float]]()
    names = list(marks)
    for name, following in itertools.pairwise(names):
        spans[name] = (marks[name] + 0.1, marks[following] - 0.1)  # not the moment of the change

    offered = [
        at for line in made.events() for at in line["offered"] if spans["well"][0] <= at < marks["end"] - 0.2
    ]
    rate = len(offered) / (marks["end"] - 0.2 - spans["well"][0])
    assert rate == pytest.approx(RATE, rel=0.1), "the offered rate is even, whatever the service does"

    assert set(made.problems(*spans["well"])) == {""}
    assert set(made.problems(*spans["fail"])) == {"503"}
    assert set(made.problems(*spans["wrong"])) == {"wrong"}
    assert set(made.problems(*spans["hang"])) <= {"timeout", "connection"}
    assert "timeout" in made.problems(*spans["hang"])
    assert set(made.problems(marks["refuse"] + 0.3, spans["refuse"][1])) <= {"connection"}
    assert set(made.problems(marks["again"] + 0.3, marks["end"] - 0.2)) == {""}

    hung = clients.counts(spans["hang"][0] + 0.5, spans["hang"][1], marks["end"])
    assert hung.offered > hung.sent, "slots that passed while users hung were offered and not sent"
    assert hung.bad == hung.offered
    well = clients.counts(*spans["well"], marks["end"])
    assert (well.sent, well.bad) == (well.offered, 0)

    names_seen = {name for line in made.events() for name in line["sent_name"]}
    assert names_seen == {"GET /page", "GET /book"}, "both clients of Locust, without what varies"


def test_users_who_hang_keep_their_own_pace(tmp_path: Path) -> None:
    """A send is told while it hangs, its end when it comes; afterwards they do not all send together."""

    async def body() -> None:
        async with loading(tmp_path) as made:
            await made.steady()
            made.service.how, hung = "hang", time.monotonic()
            await asyncio.sleep(1.3)
            told = made.clients()
            made.service.how, back = "well", time.monotonic() + 0.6
            assert sum(request.ended is None for request in told) == pytest.approx(USERS, abs=1)
            await asyncio.sleep(2.7)
            await made.load.stop()
            ends = [request.ended for request in made.clients() if hung < request.sent < hung + 0.5]
            assert len(ends) == pytest.approx(USERS, abs=3)
            assert None not in ends
            sent = [request.sent for request in made.clients() if back <= request.sent < back + 2]
            windows = Counter(int((at - back) / 0.1) for at in sent)
            assert len(sent) == pytest.approx(2 * RATE, rel=0.1)
            assert max(windows.values()) <= 3 * RATE / 10
            gaps = [later["at"] - earlier["at"] for earlier, later in itertools.pairwise(made.events())]
            assert statistics.median(gaps) == pytest.approx(0.1, abs=0.03)

    run(body)


def test_workers_share_the_users_and_each_tells_its_own(tmp_path: Path) -> None:
    """Locust's master and two workers: the same even pace as one process, every request told once, by its number."""

    async def body() -> None:
        async with loading(tmp_path, workers=2) as made:
            begin = await made.steady() + 0.5
            pids = made.load.pids
            assert list(pids) == ["load", "load-worker-1", "load-worker-2"]
            await asyncio.sleep(3)
            assert await made.load.stop() == 0
            end = begin + 2
            numbers = [number for line in made.events() for number in line["sent_id"]]
            assert len(set(numbers)) == len(numbers)
            assert {number % 1000 for number in numbers} == {1, 2}, "both workers send"
            counts = made.clients().counts(begin, end, end + 0.5)
            assert counts.offered == pytest.approx(RATE * 2, rel=0.1)
            assert (counts.sent, counts.bad) == (counts.offered, 0)
            sent = [request.sent for request in made.clients() if begin <= request.sent < end]
            assert max(Counter(int((at - begin) / 0.1) for at in sent).values()) <= 3 * RATE / 10

    run(body)


def test_a_worker_that_dies_is_told(tmp_path: Path) -> None:
    """Half of the users are gone with it, so the load is not what it should be: which one it was is said."""

    async def body() -> None:
        async with loading(tmp_path, workers=2) as made:
            await made.steady()
            psutil.Process(made.load.pids["load-worker-2"]).kill()
            async with asyncio.timeout(5):
                while not made.load.ended:  # noqa: ASYNC110 - another process's end
                    await asyncio.sleep(0.02)
            assert made.load.code == -9
            assert made.load.last_words().startswith("worker 2 of 2")

    run(body)


def test_a_locustfile_that_breaks_is_told(tmp_path: Path) -> None:
    """It ends by itself, and its last words are at hand."""

    async def body() -> None:
        async with loading(tmp_path, locustfile="import nothing_like_it\n") as made:
            async with asyncio.timeout(20):
                while not made.load.ended:  # noqa: ASYNC110 - another process's end
                    await asyncio.sleep(0.02)
            assert made.load.code != 0
            assert "nothing_like_it" in made.load.last_words()

    run(body)


RUNNER = """
import asyncio, sys
from pathlib import Path
from gameday.load.driver import Load, LoadPlan

async def main():
    folder, host = Path(sys.argv[1]), sys.argv[2]
    plan = LoadPlan(folder / "load.py", host, 2, 100, 0.5, 1.0, int(sys.argv[3]))
    load = Load(plan, {}, folder, lambda line: print(line["event"], flush=True))
    await load.start()
    print(*load.pids.values(), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_it_dies_with_its_runner(tmp_path: Path, workers: int) -> None:
    """A runner that was killed leaves no load behind, however many processes it is of."""

    async def body() -> None:
        (tmp_path / "load.py").write_text(LOCUSTFILE)
        service = Service()
        await service.start()
        root = str(Path(__file__).parents[2])
        runner = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RUNNER, str(tmp_path), f"http://127.0.0.1:{service.port}", str(workers)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": root},
        )
        assert runner.stdout is not None
        load = [psutil.Process(int(pid)) for pid in (await runner.stdout.readline()).split()]
        while await runner.stdout.readline() != b"tick\n":
            pass
        assert len(load) == (1 if workers == 1 else workers + 1)
        runner.kill()
        await runner.wait()
        async with asyncio.timeout(15):
            while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in load):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await service.stop()

    run(body)
