r"""The sample system's parts, whatever they run in, as its platform handles them.

    clients -> gateway -> auth replicas -> fault proxy -> database, or database-replica: who leads
                                                      \-> identity provider

What is asked of the parts stands in inventory, levers, looks and exporter; what they run in, in the stacks.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from gameday.errors import StackError
from gameday.ports import Identity
from gameday.stacks.platform.database import Database
from gameday.stacks.platform.history import History
from gameday.stacks.platform.log_reading import LogLine
from gameday.stacks.platform.program import Program
from gameday.stacks.platform.replica import Replica
from gameday.stacks.platform.rollout import AuthService
from gameday.stacks.platform.toxiproxy import Toxiproxy
from gameday.stacks.platform.waiting import until

READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Way:
    """Two ways to a dependency: URLs, of HTTP or of PostgreSQL as the service's own role."""

    proxied: str
    """Through the fault proxy, as the service goes."""
    direct: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the platform itself reaches the parts."""

    gateway: str
    ways: Mapping[str, Way]
    """Component -> the ways to it."""


class Parts(ABC):
    """One system's parts; ``client`` is used for every question to them and closed by who made it."""

    identity: Program
    """The identity provider."""
    proxy: Program
    """The fault proxy."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        history: History,
        *,
        database: Database[Any],
        auth: AuthService,
        toxiproxy: Toxiproxy,
        addresses: Addresses,
    ) -> None:
        self.client = client
        self.history = history
        self.database = database
        self.auth = auth
        self.toxiproxy = toxiproxy
        self.addresses = addresses
        self._replacing = asyncio.Lock()

    @property
    @abstractmethod
    def name(self) -> Identity:
        """Who this system is."""

    @property
    @abstractmethod
    def disk(self) -> str:
        """A path on the disk that the system's data fills."""

    @abstractmethod
    async def logs(self, since: datetime, level: str, service: str | None) -> Sequence[LogLine]:
        """Lines since an instant, at least of this level, oldest first. Without a service: of all."""

    @abstractmethod
    def gateway_metrics(self) -> str:
        """Where the gateway's metrics are scraped from this machine."""

    @property
    def warnings(self) -> int | None:
        """How many warnings the platform below has told of this system; None where it tells none."""
        return None

    def metrics_of(self, replica: Replica) -> str:
        """Where a replica's metrics are scraped from this machine."""
        return f"{replica.url}/metrics"

    @abstractmethod
    def children(self) -> Sequence[Program]:
        """Every program under care."""

    async def answers(self, url: str) -> bool:
        """Whether a GET of this address is answered with 200 within a second."""
        try:
            async with asyncio.timeout(1), self.client.get(url) as answer:
                return answer.status == 200  # noqa: PLR2004 - HTTP's own
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def replace_proxy(self) -> None:
        """Start the fault proxy anew where it does not answer; of several who ask, the first one does it."""
        async with self._replacing:
            if not await self.answers(f"{self.toxiproxy.url}/version"):
                await self.proxy.stop()
                await self.proxy.start()
                await self.populate()

    async def populate(self) -> None:
        """Wait for the fault proxy and make its proxies. Raises StackError."""

        async def populated() -> bool:
            if not self.proxy.running:
                raise self.proxy.failure("ended while starting")
            try:
                await self.toxiproxy.populate()
            except StackError:
                return False
            return True

        if not await until(populated, READY_SECONDS):
            raise self.proxy.failure("does not take its proxies")
