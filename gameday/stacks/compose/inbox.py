"""Alertmanager's webhooks, taken in by the platform and handed on to whoever follows: one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import secrets
from json import JSONDecodeError

from aiohttp import web

from gameday.errors import InputError

_BEAT_SECONDS = 1.0
_MOST_WAITING = 1000


class Inbox:
    """Keeps nothing: who comes later asks Alertmanager what fires."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._following: set[asyncio.Queue[str | None]] = set()

    async def take(self, request: web.Request) -> web.Response:
        """A webhook, with the token of those who may send one."""
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.json_response({"error": "the token is wrong"}, status=403)
        text = await request.text()
        try:
            line = json.dumps(json.loads(text))
        except JSONDecodeError as problem:
            raise InputError(f"the body is not JSON: {problem}") from problem
        for queue in list(self._following):
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait(line)
            else:  # it does not read: its stream ends, so that it knows that it missed something
                self._following.discard(queue)
                queue.put_nowait(None)
        return web.json_response({"received": True})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """What comes from now on, until the follower goes; an empty line now and then shows that it stands."""
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._following.add(queue)
        try:
            await answer.write(b"\n")
            while True:
                try:
                    line = await asyncio.wait_for(queue.get(), _BEAT_SECONDS)
                except TimeoutError:
                    line = ""
                if line is None:
                    return answer
                await answer.write(f"{line}\n".encode())
        except (ConnectionError, asyncio.CancelledError):
            return answer
        finally:
            self._following.discard(queue)
