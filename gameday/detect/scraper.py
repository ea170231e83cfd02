"""Scrapes the system's own metrics at a constant interval and hands each scrape over. Decides nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import aiohttp

from gameday.detect.exposition import series
from gameday.errors import StackError
from gameday.events import Scraped
from gameday.ports import Target

Deliver = Callable[[float, Scraped], None]
"""Called with the monotonic instant of the scrape and what it gave."""


class Scraper:
    """One task a job, so that a target that hangs delays no other job; a job's targets are asked together."""

    def __init__(
        self, targets: Callable[[], Awaitable[Sequence[Target]]], interval: float, deliver: Deliver
    ) -> None:
        self._ask_targets = targets
        self._interval = interval
        self._deliver = deliver
        self._targets: Sequence[Target] = ()
        """As they were when they could last be asked for; replicas come and go."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to scrape."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop scraping. Idempotent."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=max(self._interval * 2, 0.5))
        jobs: set[str] = set()
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:

            async def find() -> None:
                await self._find()
                for job in sorted({target.job for target in self._targets} - jobs):
                    jobs.add(job)
                    group.create_task(self._keep(partial(self._scrape, session, job)))

            await self._keep(find)

    async def _keep(self, doing: Callable[[], Awaitable[None]]) -> None:
        """Do it again and again, once an interval; where it takes longer, at once."""
        due = time.monotonic()
        while True:
            await doing()
            due = max(due + self._interval, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def _find(self) -> None:
        """Ask which targets there are; where nobody knows, those of before are asked further on."""
        try:
            self._targets = await self._ask_targets()
        except StackError as problem:
            self._deliver(
                time.monotonic(), Scraped(job="platform", ok=False, series={}, problem=str(problem))
            )

    async def _scrape(self, session: aiohttp.ClientSession, job: str) -> None:
        urls = sorted({target.url for target in self._targets if target.job == job})
        texts = await asyncio.gather(*(_page(session, url) for url in urls))
        self._deliver(time.monotonic(), _scraped(job, texts))


async def _page(session: aiohttp.ClientSession, url: str) -> str:
    """The exposition text; empty where the target does not answer."""
    try:
        async with session.get(url) as answer:
            return await answer.text(errors="replace") if answer.status == 200 else ""  # noqa: PLR2004 - HTTP's own
    except (aiohttp.ClientError, TimeoutError, OSError):
        return ""


def _scraped(job: str, texts: list[str]) -> Scraped:
    answered = [text for text in texts if text]
    if not answered:
        return Scraped(job=job, ok=False, series={}, problem="no target answered")
    try:
        found = series(job, answered)
    except (ValueError, LookupError) as problem:  # the parser stumbles in both ways
        return Scraped(job=job, ok=False, series={}, problem=f"not in the Prometheus format: {problem}")
    return Scraped(job=job, ok=True, series=found)
