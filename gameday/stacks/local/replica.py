"""One replica of the auth service in its slot: its process, and what is asked of it over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import aiohttp

from gameday.errors import StackError
from gameday.stacks.local.catalog import Spec
from gameday.stacks.local.child import Child
from gameday.stacks.local.programs import python_environment, python_module
from gameday.stacks.local.waiting import until

READY_SECONDS = 20.0
DRAIN_SECONDS = 2.0
SEEN_SECONDS = 2.0
"""A gateway that does not probe for so long is down itself, and need not be waited for."""
_PUSH_SECONDS = 4.0
"""Longer than a replica takes to come back."""
_ASK_SECONDS = 1.0
_SETTLE_SECONDS = 0.05
"""From the replica's answer to a probe until the gateway has surely acted on it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every replica needs to know of the rest of the stack."""

    database_url: str
    identity_url: str
    admin_token: str
    logs: Path
    client: aiohttp.ClientSession


class Replica:
    """Started with a spec; flags and breaker may change while it runs, and hold when it is started again."""

    def __init__(self, name: str, slot: int, spec: Spec, around: Surroundings) -> None:
        self.name = name
        self.slot = slot
        self.spec = spec
        self._around = around
        self.child = Child(
            name,
            lambda: python_module("gameday.staging.auth", "--port", str(slot)),
            around.logs / f"{name}.log",
            environment=self._environment,
        )

    @property
    def url(self) -> str:
        """Its own address, past the gateway."""
        return f"http://127.0.0.1:{self.slot}"

    async def ready(self) -> bool:
        """Whether it says so itself, now."""
        try:
            async with asyncio.timeout(_ASK_SECONDS), self._around.client.get(f"{self.url}/readyz") as answer:
                return answer.status == 200  # noqa: PLR2004 - HTTP's own
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def admin(self, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask its admin endpoint, with a body to change something; its state. Raises StackError."""
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {self._around.admin_token}"}
        try:
            async with (
                asyncio.timeout(_ASK_SECONDS),
                self._around.client.request(
                    method, f"{self.url}/admin/{what}", json=body, headers=headers
                ) as answer,
            ):
                state: dict[str, Any] = await answer.json()
                if not answer.ok:
                    raise StackError(f"{self.name} refused: {state['error']}")
                return state
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StackError(f"{self.name} does not answer: {error or 'no answer in time'}") from error

    async def become(self, wanted: Spec) -> None:
        """Take over flags and breaker at once, and everything else at the next start. Raises StackError."""
        before, self.spec = self.spec, wanted

        async def taken_over() -> bool:
            if before.flags != wanted.flags:
                await self.admin("flags", wanted.flags)
            if before.breaker != wanted.breaker:
                await self.admin("breaker", {"state": wanted.breaker})
            return True

        # A replica that is being started again does not answer, and comes up with the new spec.
        if not await until(self._trying(taken_over), _PUSH_SECONDS):
            raise self.child.failure("does not answer")

    async def start(self, *, with_database: bool = False) -> None:
        """Start it and wait until the gateway sends it requests; on request, until its pool is filled too.

        Raises:
            StackError: it ended, or was not ready in time; it is stopped then.
        """

        async def settled() -> bool:
            return not self.child.running or await self.ready()

        async def connected() -> bool:
            return bool((await self.admin("state"))["pool_available"])

        await self.child.start()
        try:
            if not await until(settled, READY_SECONDS) or not self.child.running:
                self._give_up("ended, or was not ready in time")
            await self._seen_by_gateway(SEEN_SECONDS)
            if with_database and not await until(connected, READY_SECONDS):
                self._give_up("got no connection to the database")
        except BaseException:
            await self.child.stop()
            raise

    async def retire(self) -> None:
        """Take it out of the gateway, let its requests end for a bounded time, stop it."""
        if self.child.running:

            async def idle() -> bool:
                return not (await self.admin("state"))["in_flight"]

            # Where it dies meanwhile, or hangs, there is nothing to wait for.
            with contextlib.suppress(StackError, TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self.admin("drain", {})
                    await self._seen_by_gateway(DRAIN_SECONDS)
                    await until(idle, DRAIN_SECONDS)
        # Requests that still hang then would hold a farewell too.
        await self.child.stop(signal.SIGTERM, within=0.3)

    async def _seen_by_gateway(self, within: float) -> None:
        async def probed() -> bool:
            return bool((await self.admin("state"))["gateway_probes"])

        if await until(probed, within):
            await asyncio.sleep(_SETTLE_SECONDS)

    @staticmethod
    def _trying(act: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
        async def tried() -> bool:
            try:
                return await act()
            except StackError:
                return False

        return tried

    def _give_up(self, why: str) -> NoReturn:
        raise self.child.failure(why)

    def _environment(self) -> Mapping[str, str]:
        settings = self.spec.settings
        return {
            **python_environment(),
            "REPLICA": self.name,
            "RELEASE": self.spec.version,
            "FLAGS": json.dumps(dict(self.spec.flags)),
            "BREAKER": self.spec.breaker,
            "DATABASE_URL": self._around.database_url,
            "IDENTITY_URL": self._around.identity_url,
            "ADMIN_TOKEN": self._around.admin_token,
            **{name.upper(): str(value) for name, value in settings.items()},
        }
