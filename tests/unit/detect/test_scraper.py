"""The scraper against servers that answer, hang, fail, die and come back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gameday.detect.scraper import Scraper
from gameday.errors import StackError
from gameday.events import Scraped
from gameday.ports import Target

INTERVAL = 0.05
PAGES = {
    "database": "pg_stat_activity_count 5\npg_settings_max_connections 10\n",
    "service": "db_pool_waiting 1\n",
    "host": "node_memory_MemAvailable_bytes 7\n",
}


@dataclass
class Exporters:
    """One server with a page for each job, which may hang, fail or be garbled."""

    behaviour: dict[str, str] = field(default_factory=dict)
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; again at the same port if it listened before."""
        application = web.Application()
        application.add_routes([web.get("/{page}", self._page)])
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    async def _page(self, request: web.Request) -> web.Response:
        page = request.match_info["page"]
        job = page.partition("-")[0]
        match self.behaviour.get(page, ""):
            case "hang":
                await asyncio.sleep(60)
            case "fail":
                raise web.HTTPInternalServerError
            case "garbled":
                return web.Response(body=b"pg_stat_activity_count \xff{\n")
            case "bytes":
                return web.Response(body=PAGES[job].encode() + b"# \xff\xfe\n", content_type="text/plain")
            case "empty":
                return web.Response(text="")
        return web.Response(text=PAGES[job])

    def target(self, page: str) -> Target:
        """The target of a page; ``service-2`` is a second replica of job service."""
        return Target(page.partition("-")[0], f"http://127.0.0.1:{self.port}/{page}")


@dataclass
class Scene:
    """Exporters, a scraper, and what it delivered."""

    exporters: Exporters
    pages: list[str]
    delivered: list[tuple[float, Scraped]] = field(default_factory=list)
    trouble: str = ""

    async def targets(self) -> Sequence[Target]:
        """As the stack tells them."""
        match self.trouble:
            case "error":
                raise StackError("the supervisor does not answer")
            case "hang":
                await asyncio.sleep(60)
        return [self.exporters.target(page) for page in self.pages]

    def of(self, job: str) -> list[Scraped]:
        """What was delivered of one job."""
        return [event for _, event in self.delivered if event.job == job]

    async def fresh(self, count: int, *jobs: str) -> None:
        """Forget what came so far and wait until each job was delivered this many times."""
        self.delivered.clear()
        async with asyncio.timeout(5):
            while any(len(self.of(job)) < count for job in jobs):  # noqa: ASYNC110 - a poll with a deadline
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def scraping(pages: list[str], **behaviour: str) -> AsyncIterator[Scene]:
    """A scraper at work."""
    exporters = Exporters({page.replace("_", "-"): how for page, how in behaviour.items()})
    await exporters.start()
    scene = Scene(exporters, pages)
    scraper = Scraper(scene.targets, INTERVAL, lambda at, event: scene.delivered.append((at, event)))
    await scraper.start()
    try:
        yield scene
    finally:
        await scraper.stop()
        await scraper.stop()
        await exporters.stop()


def run(body: Callable[[], Awaitable[None]]) -> None:
    """A test's body, with a limit."""
    asyncio.run(asyncio.wait_for(body(), 20))


def test_each_job_is_delivered_at_a_constant_interval() -> None:
    """One event a job and interval, stamped on the monotonic clock, with the numbers of its page."""

    async def body() -> None:
        async with scraping(["database", "host"]) as scene:
            began = time.monotonic()
            await scene.fresh(8, "database", "host")
            took = time.monotonic() - began
            assert scene.of("database")[0] == Scraped(
                job="database", ok=True, series={"connections": 5, "connections_max": 10}
            )
            assert 6 * INTERVAL < took < 2
            instants = [at for at, event in scene.delivered if event.job == "host"]
            assert instants == sorted(instants)
            assert began <= instants[0] <= instants[-1] <= time.monotonic()

    run(body)


def test_a_job_that_hangs_delays_no_other() -> None:
    """The others keep their pace while one of them is waited for; that one is not ok, after its time-out."""

    async def body() -> None:
        async with scraping(["database", "host"], database="hang") as scene:
            await scene.fresh(20, "host")
            instants = [at for at, event in scene.delivered if event.job == "host"]
            gaps = [later - earlier for earlier, later in itertools.pairwise(instants)]
            assert sorted(gaps)[len(gaps) // 2] < 3 * INTERVAL
            assert max(gaps) < 0.45
            await scene.fresh(1, "database")
            assert scene.of("database") == [
                Scraped(job="database", ok=False, series={}, problem="no target answered")
            ]

    run(body)


@pytest.mark.parametrize("how", ["fail", "empty"])
def test_a_target_that_fails_is_not_ok(how: str) -> None:
    """A server error and an empty page are no data."""

    async def body() -> None:
        async with scraping(["database", "host"], database=how) as scene:
            await scene.fresh(2, "database", "host")
            assert not any(event.ok for event in scene.of("database"))
            assert all(event.ok for event in scene.of("host"))

    run(body)


def test_a_page_that_is_not_prometheus_is_not_ok() -> None:
    """It says so, and scraping goes on."""

    async def body() -> None:
        async with scraping(["database", "host"], database="garbled") as scene:
            await scene.fresh(2, "database", "host")
            assert {event.problem.partition(":")[0] for event in scene.of("database")} == {
                "not in the Prometheus format"
            }

    run(body)


def test_bytes_that_are_no_text_end_nothing() -> None:
    """A page with a few odd bytes in a comment is read for its numbers."""

    async def body() -> None:
        async with scraping(["database"], database="bytes") as scene:
            await scene.fresh(2, "database")
            assert scene.of("database")[0].series == {"connections": 5, "connections_max": 10}

    run(body)


def test_one_replica_of_two_is_enough() -> None:
    """A replica that does not answer takes no numbers away from the other."""

    async def body() -> None:
        async with scraping(["service", "service-2"]) as scene:
            await scene.fresh(1, "service")
            assert scene.of("service")[-1].series == {"pool_waiting": 2}
            scene.exporters.behaviour["service-2"] = "fail"
            await scene.fresh(2, "service")
            assert scene.of("service")[-1] == Scraped(job="service", ok=True, series={"pool_waiting": 1})

    run(body)


def test_what_dies_and_comes_back() -> None:
    """While nobody listens the job is not ok; when somebody does again, it is."""

    async def body() -> None:
        async with scraping(["database"]) as scene:
            await scene.fresh(1, "database")
            assert scene.of("database")[-1].ok
            await scene.exporters.stop()
            await scene.fresh(2, "database")
            assert not scene.of("database")[-1].ok
            await scene.exporters.start()
            await scene.fresh(2, "database")
            assert scene.of("database")[-1].ok

    run(body)


def test_replicas_come_and_go() -> None:
    """A target that appears is scraped, one that is gone is not; a job without any says nothing was there."""

    async def body() -> None:
        async with scraping(["service"]) as scene:
            await scene.fresh(1, "service")
            scene.pages += ["service-2", "host"]
            await scene.fresh(3, "service", "host")
            assert scene.of("service")[-1].series == {"pool_waiting": 2}
            scene.pages.remove("host")
            await scene.fresh(3, "host")
            assert not scene.of("host")[-1].ok

    run(body)


@pytest.mark.parametrize("trouble", ["error", "hang"])
def test_a_stack_that_does_not_tell_its_targets(trouble: str) -> None:
    """Those known before are scraped further on."""

    async def body() -> None:
        async with scraping(["database"]) as scene:
            await scene.fresh(1, "database")
            scene.trouble = trouble
            await scene.fresh(10, "database")
            assert all(event.ok for event in scene.of("database"))
            said = [event.problem for event in scene.of("platform")]
            assert bool(said) == (trouble == "error")
            assert set(said) <= {"the supervisor does not answer"}

    run(body)


def test_stopping_waits_for_nobody() -> None:
    """A hanging target does not keep the run from its end, and nothing is delivered afterwards."""

    async def body() -> None:
        async with scraping(["database"], database="hang") as scene:
            await asyncio.sleep(0.1)
            began = time.monotonic()
        assert time.monotonic() - began < 1
        count = len(scene.delivered)
        await asyncio.sleep(3 * INTERVAL)
        assert len(scene.delivered) == count

    run(body)
