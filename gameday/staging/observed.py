"""Middleware that counts requests: how many are in flight, how long each took, with which status."""

from __future__ import annotations

import time
from collections.abc import Collection

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Observed:
    """Wraps an application; only the given paths are observed, probes and scrapes are not."""

    def __init__(self, app: ASGIApp, paths: Collection[str], registry: CollectorRegistry) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self.in_flight = 0
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "How long requests took, by path and status",
            ["path", "code"],
            buckets=_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; a request that ends without an answer counts as 500."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self.in_flight += 1
        try:
            await self._app(scope, receive, watch)
        finally:
            self.in_flight -= 1
            self._seconds.labels(scope["path"], str(status)).observe(time.perf_counter() - began)
