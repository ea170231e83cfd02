"""The desk's address: HTTP on loopback, with a token that only the user who runs the game day can read.

    POST /acts   {"do": "declare", "by": "alice", "words": {...}}  ->  {"ok", "text", "seq", "columns", "rows"}
    GET  /state                                                    ->  what every responder may know

A request that is not understood gets 400 and {"error": "..."}; one without the token 401. Every answer is JSON.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from gameday.errors import GamedayError
from gameday.respond.desk import Desk

_LARGEST = 64 * 1024


class DeskServer:
    """Serves one desk until stopped."""

    def __init__(self, desk: Desk, token: str, state: Callable[[], Mapping[str, Any]]) -> None:
        self._desk = desk
        self._token = token
        self._state = state
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen on a free loopback port; gives the URL."""
        application = web.Application(client_max_size=_LARGEST, middlewares=[self._checked])
        application.add_routes([web.post("/acts", self._act), web.get("/state", self._tell)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Stop listening. Idempotent."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _checked(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode()):
            return web.json_response({"error": "this desk needs the run's token"}, status=401)
        try:
            return await handler(request)
        except GamedayError as problem:
            return web.json_response({"error": str(problem)}, status=400)
        except web.HTTPException as problem:
            return web.json_response({"error": problem.reason}, status=problem.status)
        except (ValueError, TypeError, LookupError, RecursionError) as problem:
            return web.json_response({"error": f"not understood: {problem}"}, status=400)

    async def _act(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        if not isinstance(body, dict) or not {"do", "by"} <= body.keys():
            raise TypeError("an act is an object with 'do', 'by' and 'words'")
        words = body.get("words") or {}
        if not isinstance(words, dict):
            raise TypeError("'words' is not an object")
        reply = await self._desk.act(str(body["do"]), str(body["by"]), words)
        return web.json_response(asdict(reply))

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self._state()))
