"""Where Alertmanager's webhooks come in: a receiver of our own, or a stream from one that stands beside the system.

Both hand the body over as it came, with the monotonic instant at which it was here. What it means is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

import aiohttp
from aiohttp import web

from gameday.errors import StackError

Deliver = Callable[[float, Any], None]
"""Called with the monotonic instant and the JSON that came; a text where it was none."""
MOST_BYTES = 64 * 2**20
_AGAIN_SECONDS = 0.5


class Receiver:
    """Listens for webhooks on one path of this machine; whoever has no token is told so and not heard."""

    def __init__(self, listen: str, token: str, deliver: Deliver) -> None:
        self._listen = listen
        self._token = token
        self._deliver = deliver
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        """Begin to listen. Raises StackError where the address cannot be had."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post("/alerts", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        host, _, port = self._listen.rpartition(":")
        try:
            await web.TCPSite(self._runner, host, int(port)).start()
        except (OSError, ValueError) as problem:
            await self.stop()
            raise StackError(f"alerts cannot be received on {self._listen}: {problem}") from problem
        where = self._runner.addresses[0]
        self.url = f"http://{where[0]}:{where[1]}/alerts"

    async def stop(self) -> None:
        """Listen no more. Idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.json_response({"error": "the token is wrong"}, status=403)
        text = await request.text()
        try:
            body = json.loads(text)
        except JSONDecodeError:
            # Said in the log; an error to the sender would only make it send the same again.
            body = text
        self._deliver(at, body)
        return web.json_response({"received": True})


class Stream:
    """Follows what a receiver elsewhere hands on, one JSON object a line; comes back when the stream breaks."""

    def __init__(self, url: str, token: str, deliver: Deliver) -> None:
        self._url = url
        self._token = token
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None
        self._there = asyncio.Event()
        self.connected = False
        self.connections = 0
        """How often it has come to stand: what came between two of them was not heard."""

    async def start(self) -> None:
        """Begin to follow; what comes from now on is heard. Raises StackError where nobody is there."""
        self._task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(5):
                await self._there.wait()
        except TimeoutError:
            await self.stop()
            raise StackError(f"{self._url} does not hand alerts on") from None

    async def stop(self) -> None:
        """Follow no more. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2)
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers, read_bufsize=MOST_BYTES) as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
                    await self._follow(client)
                self.connected = False
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self, client: aiohttp.ClientSession) -> None:
        async with client.get(self._url) as answer:
            answer.raise_for_status()
            self.connected = True
            self.connections += 1
            self._there.set()
            async for line in answer.content:
                if line.strip():
                    self._deliver(time.monotonic(), json.loads(line))
