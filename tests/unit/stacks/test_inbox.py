"""The platform's inbox of webhooks: who may send, who follows, and who does not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gameday.stacks.platform import broadcast
from gameday.stacks.platform.inbox import Inbox

TOKEN = {"Authorization": "Bearer t0ken"}


def play(body: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    """With an inbox that listens."""

    async def run() -> Any:
        box, app = Inbox("t0ken"), web.Application()
        app.router.add_post("/in", box.take)
        app.router.add_get("/stream", box.stream)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as client, asyncio.timeout(20):
                return await body(client, f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_every_follower_gets_what_comes_and_a_stranger_sends_nothing() -> None:
    """Two of them; a webhook without the token is refused and handed on to nobody."""

    async def body(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/stream") as one, client.get(f"{url}/stream") as two:
            for follower in (one, two):
                assert await follower.content.readline() == b"\n"
            async with client.post(f"{url}/in", json={"alerts": [1]}) as refused:
                assert refused.status == 403
            async with client.post(f"{url}/in", json={"alerts": [2]}, headers=TOKEN) as taken:
                assert taken.status == 200
            for follower in (one, two):
                assert await follower.content.readline() == b'{"alerts": [2]}\n'

    play(body)


def test_who_does_not_keep_up_is_cut_off_and_so_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out in silence: the stream ends, and whoever follows again asks what fires."""
    monkeypatch.setattr(broadcast, "_MOST_WAITING", 0)

    async def body(client: aiohttp.ClientSession, url: str) -> bytes:
        async with client.get(f"{url}/stream") as follower:
            assert await follower.content.readline() == b"\n"
            async with client.post(f"{url}/in", json={"alerts": []}, headers=TOKEN) as taken:
                assert taken.status == 200
            return await follower.content.read()

    assert play(body) == b""
