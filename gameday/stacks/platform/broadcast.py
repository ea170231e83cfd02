"""Lines that are told to whoever follows, as they come: one JSON object a line over HTTP."""

from __future__ import annotations

import asyncio

from aiohttp import web

_BEAT_SECONDS = 1.0
_MOST_WAITING = 1000


class Broadcast:
    """Keeps nothing. Who does not keep up loses its stream, so that it knows that it missed something."""

    def __init__(self) -> None:
        self._following: set[asyncio.Queue[str | None]] = set()

    def tell(self, line: str) -> None:
        """Hand a line to all who follow now."""
        for queue in list(self._following):
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait(line)
            else:
                self._following.discard(queue)
                queue.put_nowait(None)

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
