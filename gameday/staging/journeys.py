"""What users do: sign in, refresh, look at the profile, sign out. One endpoint each, over the accounts.

An error of the database or the identity provider answers 503 with the server's own words, logged as ERROR.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import wraps
from json import JSONDecodeError
from typing import TypeAlias

import psycopg
from prometheus_client import CollectorRegistry, Counter
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gameday.staging.accounts import (
    Connection,
    close_session,
    open_session,
    password_holds,
    read_profile,
    refresh_session,
)
from gameday.staging.connections import QUERY_SECONDS, LoginFlow, given_up_after
from gameday.staging.identity_check import IdentityCheck, Outcome, ProviderDown

_log = logging.getLogger(__name__)
PATHS = ("/login", "/refresh", "/profile", "/logout")
NEW_LOGIN_FLOW = "new-login-flow"

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Journeys:
    """The endpoints; ``flags`` is the live table that the admin endpoint changes."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        flow: LoginFlow,
        identity: IdentityCheck,
        flags: dict[str, bool],
        registry: CollectorRegistry,
    ) -> None:
        self._pool = pool
        self._flow = flow
        self._identity = identity
        self._flags = flags
        self._failures = Counter(
            "auth_dependency_failures",
            "Requests that failed because a dependency did",
            ["dependency"],
            registry=registry,
        )

    def routes(self) -> list[Route]:
        """One route for each of ``PATHS``."""
        return [
            Route("/login", self._answering(self._login), methods=["POST"]),
            Route("/refresh", self._answering(self._refresh), methods=["POST"]),
            Route("/profile", self._answering(self._profile), methods=["GET"]),
            Route("/logout", self._answering(self._logout), methods=["POST"]),
        ]

    def _answering(self, endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except (psycopg.Error, PoolTimeout) as error:
                return self._failed(request, "database", str(error))
            except ProviderDown as error:
                return self._failed(request, "identity-provider", str(error))

        return answer

    def _failed(self, request: Request, dependency: str, words: str) -> Response:
        # Of several hosts the driver sums up the last failure before it lists them all.
        words = " ".join(words.rpartition("All failures were:")[2].split())
        self._failures.labels(dependency).inc()
        _log.error("%s failed: %s: %s", request.url.path, dependency, words)
        return JSONResponse({"error": f"{dependency}: {words}"}, 503)

    @asynccontextmanager
    async def _login_connection(self) -> AsyncIterator[Connection]:
        way = self._flow.connection if self._flags.get(NEW_LOGIN_FLOW) else self._pool.connection
        async with way() as connection, given_up_after(connection, QUERY_SECONDS):
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._pool.connection() as connection, given_up_after(connection, QUERY_SECONDS):
            yield connection

    async def _login(self, request: Request) -> Response:
        try:
            body = await request.json()
            user, password = str(body["user"]), str(body["password"])
        except (JSONDecodeError, KeyError, TypeError):
            return JSONResponse({"error": 'send {"user": ..., "password": ...}'}, 400)
        # The identity provider may be slow: ask it while holding no connection of the pool.
        outcome = await self._identity.ask(user)
        if outcome is Outcome.REFUSED:
            return JSONResponse({"error": "the identity provider does not know this user"}, 401)
        async with self._login_connection() as connection:
            if not await password_holds(connection, user, password):
                return JSONResponse({"error": "wrong user or password"}, 401)
            token = await open_session(connection, user)
        return JSONResponse({"token": token, "identity_checked": outcome is Outcome.VERIFIED})

    async def _refresh(self, request: Request) -> Response:
        async with self._connection() as connection:
            token = await refresh_session(connection, _bearer(request))
        return JSONResponse({"token": token}) if token else _not_signed_in()

    async def _profile(self, request: Request) -> Response:
        async with self._connection() as connection:
            profile = await read_profile(connection, _bearer(request))
        return JSONResponse(asdict(profile)) if profile else _not_signed_in()

    async def _logout(self, request: Request) -> Response:
        async with self._connection() as connection:
            known = await close_session(connection, _bearer(request))
        return JSONResponse({"signed_out": True}) if known else _not_signed_in()


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _not_signed_in() -> Response:
    return JSONResponse({"error": "not signed in"}, 401)
