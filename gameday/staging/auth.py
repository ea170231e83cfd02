"""The auth service: one replica, started as ``python -m gameday.staging.auth --port PORT``.

Wires journeys and operations over one pool; everything it is told comes from its environment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector
from starlette.applications import Starlette
from starlette.types import ASGIApp

from gameday.staging.connections import LoginFlow, open_pool
from gameday.staging.identity_check import IdentityCheck
from gameday.staging.journal import open_journal
from gameday.staging.journeys import PATHS, Journeys
from gameday.staging.observed import Observed
from gameday.staging.operations import Operations, PoolCollector
from gameday.staging.serving import serve, where_argument
from gameday.staging.settings import Settings
from gameday.staging.traces import Traced

POOL_CLOSES_WITHIN = 0.5


def make_app(settings: Settings) -> ASGIApp:
    """The application; its pool opens when serving begins, and does not wait for the database."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    release = Gauge("auth_release_info", "The release that runs", ["release"], registry=registry)
    release.labels(settings.release).set(1)
    pool = open_pool(settings)
    registry.register(PoolCollector(pool))
    identity = IdentityCheck(settings.identity_url, settings.identity_timeout, settings.breaker, registry)
    flags = dict(settings.flags)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=False)
        async with identity:
            yield
        await pool.close(timeout=POOL_CLOSES_WITHIN)

    journeys = Journeys(pool, LoginFlow(settings), identity, flags, registry)
    operations = Operations(settings, pool, identity, flags, registry, in_flight=lambda: observed.in_flight)
    app = Starlette(routes=journeys.routes() + operations.routes(), lifespan=lifespan)
    traced = Traced(app, PATHS, settings.trace_buffer)
    observed = Observed(traced, PATHS, registry)
    return observed


if __name__ == "__main__":
    settings = Settings.from_environment()
    open_journal(service="auth", replica=settings.replica, release=settings.release)
    serve(make_app(settings), where_argument())
