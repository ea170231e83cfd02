"""Alertmanager's webhooks, taken in by the platform and handed on to whoever follows: one JSON object a line."""

from __future__ import annotations

import json
import secrets
from json import JSONDecodeError

from aiohttp import web

from gameday.errors import InputError
from gameday.stacks.platform.broadcast import Broadcast


class Inbox(Broadcast):
    """Who comes later asks Alertmanager what fires."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

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
        self.tell(line)
        return web.json_response({"received": True})
