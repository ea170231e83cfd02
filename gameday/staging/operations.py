"""What the platform asks a replica: health, readiness, metrics, and the admin endpoint that steers it.

``GET /admin/state`` tells release, flags, settings, breaker, readiness and what is in flight; ``POST
/admin/flags {NAME: bool}``, ``POST /admin/breaker {"state": ...}`` and ``POST /admin/drain`` change it at
once. All of them need ``Authorization: Bearer ADMIN_TOKEN``. None
of this uses the pool.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gameday.staging.accounts import Connection
from gameday.staging.identity_check import IdentityCheck
from gameday.staging.settings import Settings

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class PoolCollector(Collector):
    """The pool's own figures, read at each scrape."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge for each figure."""
        stats = self._pool.get_stats()
        for name, key, about in (
            ("db_pool_max", "pool_max", "Most connections the pool may hold"),
            ("db_pool_size", "pool_size", "Connections the pool holds or is opening"),
            ("db_pool_available", "pool_available", "Connections that are free"),
            ("db_pool_waiting", "requests_waiting", "Requests that wait for a connection"),
        ):
            yield GaugeMetricFamily(name, about, value=stats.get(key, 0))


class Operations:
    """The endpoints; ``in_flight`` tells how many of users' requests are being answered."""

    def __init__(
        self,
        settings: Settings,
        pool: AsyncConnectionPool[Connection],
        identity: IdentityCheck,
        flags: dict[str, bool],
        registry: CollectorRegistry,
        *,
        in_flight: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._identity = identity
        self._flags = flags
        self._registry = registry
        self._in_flight = in_flight
        self._draining = False
        self._probes_since_change = 0

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
            Route("/admin/state", self._guarded(self._state)),
            Route("/admin/flags", self._guarded(self._set_flags), methods=["POST"]),
            Route("/admin/breaker", self._guarded(self._set_breaker), methods=["POST"]),
            Route("/admin/drain", self._guarded(self._drain), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not secrets.compare_digest(given, f"Bearer {self._settings.admin_token}"):
                return JSONResponse({"error": "the admin token is wrong"}, 403)
            return await endpoint(request)

        return answer

    async def _healthz(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, request: Request) -> Response:
        # The gateway marks its probes, so that a roll-out can tell when it must have seen a change.
        if "x-gateway-probe" in request.headers:
            self._probes_since_change += 1
        return PlainTextResponse(
            "draining\n" if self._draining else "ready\n", 503 if self._draining else 200
        )

    async def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _state(self, _request: Request) -> Response:
        settings = self._settings
        state: dict[str, Any] = {
            "replica": settings.replica,
            "release": settings.release,
            "flags": dict(self._flags),
            "settings": {
                "pool_min": settings.pool_min,
                "pool_max": settings.pool_max,
                "pool_timeout": settings.pool_timeout,
                "identity_timeout": settings.identity_timeout,
                "trace_buffer": settings.trace_buffer,
            },
            "breaker": self._identity.breaker,
            "draining": self._draining,
            "gateway_probes": self._probes_since_change,
            "in_flight": self._in_flight(),
            "pool_available": self._pool.get_stats().get("pool_available", 0),
        }
        return JSONResponse(state)

    async def _set_flags(self, request: Request) -> Response:
        wanted = await request.json()
        unknown = sorted(set(wanted) - set(self._flags))
        if unknown:
            return JSONResponse({"error": f"{self._settings.release} has no flag {', '.join(unknown)}"}, 400)
        self._flags.update(wanted)
        return await self._state(request)

    async def _set_breaker(self, request: Request) -> Response:
        try:
            self._identity.set_breaker((await request.json())["state"])
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return await self._state(request)

    async def _drain(self, request: Request) -> Response:
        if not self._draining:
            self._draining = True
            self._probes_since_change = 0
        return await self._state(request)
