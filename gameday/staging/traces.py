"""Middleware that keeps traces of the newest requests in memory, as many as a setting allows.

A trace holds all that a request had in its hands, for whoever looks into a rare fault; it is large. The setting
says how much each replica may keep, and nothing here asks whether the replica has so much memory.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

_log = logging.getLogger(__name__)
TRACE_BYTES = 2**20


class Traced:
    """Wraps an application; only requests of the given paths are traced. With no room for one, none is."""

    def __init__(self, app: ASGIApp, paths: Collection[str], megabytes: int) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._kept: deque[bytearray] = deque(maxlen=megabytes * 2**20 // TRACE_BYTES)
        if megabytes:
            _log.info("keeping up to %d MB of request traces in memory", megabytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and keep its trace."""
        await self._app(scope, receive, send)
        if self._kept.maxlen and scope["type"] == "http" and scope["path"] in self._paths:
            # Written, not only reserved: memory that nobody touched costs nothing.
            self._kept.append(bytearray(scope["path"].encode().ljust(TRACE_BYTES, b".")))
