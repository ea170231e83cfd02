"""Scrapes the system's own metrics at a constant interval and hands each scrape over. Decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from gameday.detect.exposition import series
from gameday.errors import StackError
from gameday.events import Scraped
from gameday.ports import Target

Deliver = Callable[[float, Scraped], None]
"""Called with the monotonic instant of the scrape and what it gave."""


class Scraper:
    """One task a job; a job's targets (replicas come and go) are asked together."""

    def __init__(self, targets: Callable[[], Awaitable[Sequence[Target]]], interval: float, deliver: Deliver) -> None:
        self._targets = targets
        self._interval = interval
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to scrape."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop scraping. Idempotent."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=max(self._interval * 2, 0.5))
        due = time.monotonic()
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self._once(session)
                due = max(due + self._interval, time.monotonic())
                await asyncio.sleep(due - time.monotonic())

    async def _once(self, session: aiohttp.ClientSession) -> None:
        try:
            targets = await self._targets()
        except StackError as problem:
            self._deliver(time.monotonic(), Scraped(job="platform", ok=False, series={}, problem=str(problem)))
            return
        by_job: dict[str, list[str]] = {}
        for target in targets:
            by_job.setdefault(target.job, []).append(target.url)
        pages: dict[str, asyncio.Task[str]] = {}
        async with asyncio.TaskGroup() as group:
            for url in {target.url for target in targets}:
                pages[url] = group.create_task(_page(session, url))
        for job, urls in by_job.items():
            self._deliver(time.monotonic(), _scraped(job, [pages[url].result() for url in urls]))


async def _page(session: aiohttp.ClientSession, url: str) -> str:
    """The exposition text; empty where the target does not answer."""
    try:
        async with session.get(url) as answer:
            return await answer.text() if answer.status == 200 else ""  # noqa: PLR2004 - HTTP's own
    except (aiohttp.ClientError, TimeoutError, OSError):
        return ""


def _scraped(job: str, texts: list[str]) -> Scraped:
    answered = [text for text in texts if text]
    if not answered:
        return Scraped(job=job, ok=False, series={}, problem="no target answered")
    try:
        found = series(job, answered)
    except ValueError as problem:
        return Scraped(job=job, ok=False, series={}, problem=f"not in the Prometheus format: {problem}")
    return Scraped(job=job, ok=True, series=found)
