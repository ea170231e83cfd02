"""One replica of the auth service, whatever it runs in, and what is asked of it over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import aiohttp

from gameday.errors import StackError
from gameday.stacks.platform.catalog import Spec
from gameday.stacks.platform.program import Program
from gameday.stacks.platform.waiting import until

READY_SECONDS = 20.0
DRAIN_SECONDS = 2.0
SEEN_SECONDS = 2.0
"""A gateway that does not probe for so long is down itself, and need not be waited for."""
_PUSH_SECONDS = 4.0
"""Longer than a replica takes to come back."""
_ASK_SECONDS = 1.0
_SETTLE_SECONDS = 0.05
"""From the replica's answer to a probe until the gateway has surely acted on it."""


class Replica(ABC):
    """Started with a spec; flags and breaker may change while it runs, and hold when it is started again."""

    child: Program

    def __init__(
        self, name: str, slot: int, spec: Spec, url: str, *, admin_token: str, client: aiohttp.ClientSession
    ) -> None:
        self.name = name
        self.slot = slot
        """Its place behind the gateway."""
        self.spec = spec
        self.url = url
        """Its own address, past the gateway."""
        self._admin_token = admin_token
        self._client = client

    @abstractmethod
    async def end(self) -> None:
        """Let it say farewell for a moment, and end it for good."""

    async def ready(self) -> bool:
        """Whether it says so itself, now."""
        try:
            async with asyncio.timeout(_ASK_SECONDS), self._client.get(f"{self.url}/readyz") as answer:
                return answer.status == 200  # noqa: PLR2004 - HTTP's own
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def admin(self, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask its admin endpoint, with a body to change something; its state. Raises StackError."""
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {self._admin_token}"}
        try:
            async with (
                asyncio.timeout(_ASK_SECONDS),
                self._client.request(
                    method, f"{self.url}/admin/{what}", json=body, headers=headers
                ) as answer,
            ):
                state: dict[str, Any] = await answer.json()
                if not answer.ok:
                    raise StackError(f"{self.name} refused: {state['error']}")
                return state
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StackError(f"{self.name} does not answer: {str(error) or 'no answer in time'}") from error

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
        if not await until(_trying(taken_over), _PUSH_SECONDS):
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
        await self.end()

    async def _seen_by_gateway(self, within: float) -> None:
        async def probed() -> bool:
            return bool((await self.admin("state"))["gateway_probes"])

        if await until(probed, within):
            await asyncio.sleep(_SETTLE_SECONDS)

    def _give_up(self, why: str) -> NoReturn:
        raise self.child.failure(why)


def _trying(act: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    async def tried() -> bool:
        try:
            return await act()
        except StackError:
            return False

    return tried
