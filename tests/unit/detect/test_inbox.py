"""Webhooks as they come in: by a receiver of our own, and by a stream that breaks and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gameday.detect.inbox import Receiver, Stream
from gameday.errors import StackError

TOKEN = "t0ken"


async def until(holds: Callable[[], bool]) -> None:
    """Fails unless something comes true soon."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a callback's doing
            await asyncio.sleep(0.01)


def test_a_body_is_handed_on_as_it_came() -> None:
    """JSON as what it is, anything else as its text; the sender is answered well either way."""
    heard: list[Any] = []

    async def send() -> list[int]:
        receiver = Receiver("127.0.0.1:0", TOKEN, lambda _, body: heard.append(body))
        await receiver.start()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            async with aiohttp.ClientSession(headers=headers) as client:
                found = []
                for body in ('{"alerts": []}', "what?"):
                    async with client.post(receiver.url, data=body) as answer:
                        found.append(answer.status)
                return found
        finally:
            await receiver.stop()
            await receiver.stop()

    assert asyncio.run(send()) == [200, 200]
    assert heard == [{"alerts": []}, "what?"]


def test_an_address_that_cannot_be_had_is_said() -> None:
    """Before the run begins."""

    async def both() -> None:
        first = Receiver("127.0.0.1:0", TOKEN, lambda _, __: None)
        await first.start()
        taken = first.url.removeprefix("http://").removesuffix("/alerts")
        try:
            await Receiver(taken, TOKEN, lambda _, __: None).start()
        finally:
            await first.stop()

    with pytest.raises(StackError, match=r"alerts cannot be received on 127\.0\.0\.1:"):
        asyncio.run(both())


def test_a_stream_comes_back_and_counts() -> None:
    """It breaks after each line: all lines are heard, and that something may have been missed can be seen."""
    heard: list[Any] = []

    async def follow() -> int:
        lines = iter(range(3))

        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.headers["Authorization"] == f"Bearer {TOKEN}"
            made = web.StreamResponse()
            await made.prepare(request)
            with contextlib.suppress(StopIteration):
                await made.write(b"\n" + json.dumps({"alerts": next(lines)}).encode() + b"\n")
            return made

        app = web.Application()
        app.router.add_get("/stream", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stream = Stream(
            f"http://127.0.0.1:{runner.addresses[0][1]}/stream", TOKEN, lambda _, body: heard.append(body)
        )
        try:
            await stream.start()
            await until(lambda: len(heard) == 3)
            return stream.connections
        finally:
            await stream.stop()
            await runner.cleanup()

    assert asyncio.run(follow()) >= 3
    assert heard == [{"alerts": number} for number in range(3)]
