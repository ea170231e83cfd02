"""Connections to the database: the pool that every journey shares, and the new login flow's way beside it.

The new login flow of v1.3.0 opens a connection for each login and keeps it until the process ends: the defect
that this sample exists for. v1.3.0-sound is the same flow, giving the connection back.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from gameday.staging.accounts import Connection
from gameday.staging.settings import Settings

LEAKING_RELEASE = "v1.3.0"
CONNECT_SECONDS = 5
QUERY_SECONDS = 5.0
"""For all queries of one request; longer than any client waits."""


async def check_alive(connection: Connection) -> None:
    """Refuse a connection that the server has closed meanwhile; costs no round trip.

    On an idle connection nothing is due, so a readable socket means a farewell or the end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        # Closed, or the pool would take it for a good one and offer it again.
        await connection.close()
        raise psycopg.OperationalError("the server closed this connection while it was idle")


def open_pool(settings: Settings) -> AsyncConnectionPool[Connection]:
    """Make the service's pool, not yet opened."""
    # The library doubles its back-off from 1 s, which makes a long outage of the database longer for the
    # service; a constant short one is what this service is configured with.
    AttemptWithBackoff.INITIAL_DELAY = settings.pool_backoff
    AttemptWithBackoff.DELAY_BACKOFF = 1.0
    return AsyncConnectionPool(
        settings.database_url,
        min_size=settings.pool_min,
        max_size=settings.pool_max,
        timeout=settings.pool_timeout,
        open=False,
        check=check_alive,
        kwargs=connection_settings(settings.replica),
    )


def connection_settings(application: str) -> dict[str, Any]:
    """What every connection of the service has in common."""
    return {"autocommit": True, "application_name": application, "connect_timeout": CONNECT_SECONDS}


@asynccontextmanager
async def given_up_after(connection: Connection, seconds: float) -> AsyncIterator[None]:
    """Hang up where the work in here takes longer: what waits for an answer then gets the end of the connection.

    The way to the database may lose what was sent without anybody being told. To cancel the query would go the same
    way and wait as long; and a connection that waits for ever has its place in the pool.
    """

    def hang_up() -> None:
        if not connection.closed:
            with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
                same.shutdown(socket.SHUT_RDWR)

    timer = asyncio.get_running_loop().call_later(seconds, hang_up)
    try:
        yield
    finally:
        timer.cancel()


class LoginFlow:
    """The new login flow: a connection of its own for each login."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.database_url
        self._how = connection_settings(f"{settings.replica} new-login-flow")
        self._keeps = settings.release == LEAKING_RELEASE
        self._clock = clock
        self._keeps_from = clock() + settings.leak_delay
        self._kept: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Open one, as the ordinary service role."""
        connection = await AsyncConnection.connect(self._url, **self._how)
        if self._keeps and self._clock() >= self._keeps_from:
            self._kept.append(connection)
            yield connection
        else:
            async with connection:
                yield connection
