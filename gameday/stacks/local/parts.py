r"""The stack put together: every part, started in order, stopped at once.

    clients -> gateway -> auth replicas -> fault proxy -> database, or database-replica: who leads
                                                      \-> identity provider

Holds the parts and nothing else; what is asked of them stands in inventory, levers, looks and exporter.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import aiohttp

from gameday.errors import StackError
from gameday.stacks.local.catalog import DATABASE, IDENTITY, PROXIES, SLOTS, STANDBY, Spec
from gameday.stacks.local.child import Child
from gameday.stacks.local.database import BATCH_ROLE, SERVICE_ROLE, Database
from gameday.stacks.local.folder import Config, Folder, State
from gameday.stacks.local.gateway import gateway
from gameday.stacks.local.held_ports import HeldPorts
from gameday.stacks.local.history import History
from gameday.stacks.local.programs import fault_proxy_command, python_environment, python_module
from gameday.stacks.local.replica import Surroundings
from gameday.stacks.local.rollout import AuthService
from gameday.stacks.local.toxiproxy import ProxySpec, Toxiproxy
from gameday.stacks.local.waiting import until

_READY_SECONDS = 20.0
FIRST_AUTHOR = "deploy-bot"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on the loopback."""

    gateway: int
    gateway_admin: int
    proxy_api: int
    proxied_database: int
    proxied_replica: int
    proxied_identity: int
    database: int
    replica: int
    identity: int
    slots: tuple[int, ...]

    @classmethod
    def take(cls, held: HeldPorts) -> Self:
        """Choose them all."""
        return cls(
            gateway=held.take(),
            gateway_admin=held.take(),
            proxy_api=held.take(),
            proxied_database=held.take(),
            proxied_replica=held.take(),
            proxied_identity=held.take(),
            database=held.take(),
            replica=held.take(),
            identity=held.take(),
            slots=tuple(held.take() for _ in range(SLOTS)),
        )


def address(port: int) -> str:
    """An HTTP address of the loopback."""
    return f"http://127.0.0.1:{port}"


class Parts:
    """One stack's parts; ``client`` is used for every question to them and closed by who made it."""

    def __init__(self, folder: Folder, config: Config, ports: Ports, client: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.ports = ports
        self.client = client
        self.history = History()
        self._replacing = asyncio.Lock()
        logs = folder.logs
        self.database = Database(
            folder.path / "database",
            logs,
            (ports.database, ports.replica),
            config.max_connections,
            config.database_as,
        )
        self.gateway = gateway(folder.path, logs, ports.gateway, ports.gateway_admin, ports.slots)
        self.identity = Child(
            IDENTITY,
            lambda: python_module("gameday.staging.identity", "--port", str(ports.identity)),
            logs / f"{IDENTITY}.log",
            environment=python_environment,
        )
        behind = {
            DATABASE: (ports.proxied_database, ports.database),
            STANDBY: (ports.proxied_replica, ports.replica),
            IDENTITY: (ports.proxied_identity, ports.identity),
        }
        self.toxiproxy = Toxiproxy(
            address(ports.proxy_api),
            {
                component: ProxySpec(PROXIES[component], f"127.0.0.1:{listen}", f"127.0.0.1:{upstream}")
                for component, (listen, upstream) in behind.items()
            },
        )
        self.proxy = Child(
            "fault-proxy",
            lambda: fault_proxy_command(ports.proxy_api),
            logs / "fault-proxy.log",
            environment=python_environment,
            after_restart=self.populate,
        )
        around = Surroundings(
            self.database.url(SERVICE_ROLE, ports.proxied_database, ports.proxied_replica),
            address(ports.proxied_identity),
            secrets.token_urlsafe(18),
            logs,
            client,
        )
        spec = Spec.initial(config.version, config.replicas)
        self.auth = AuthService(spec, ports.slots, around, self.history)

    async def start(self) -> None:
        """From nothing to ready. Raises StackError; the caller then stops what has started."""
        async with _together() as group:
            group.create_task(self.proxy.start())
            group.create_task(self.identity.start())
            group.create_task(self.gateway.start())
            group.create_task(self.auth.start(FIRST_AUTHOR))
            await self.database.start()
            # Only now: before, the replicas would fill the database's log with sign-ins that fail.
            await self.populate()
            await self.database.follow()
        await self._wait_for(self.identity, f"{address(self.ports.identity)}/healthz")
        await self._wait_for(self.gateway, f"{address(self.ports.gateway)}/healthz")

    async def stop(self) -> None:
        """End every process."""
        await asyncio.gather(
            self.auth.stop(),
            self.database.stop(),
            *(c.stop() for c in (self.gateway, self.identity, self.proxy)),
        )

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

        if not await until(populated, _READY_SECONDS):
            raise self.proxy.failure("does not take its proxies")

    def state(self, control: str, token: str) -> State:
        """What other processes need to know."""
        return State(
            token=token,
            control=control,
            gateway=address(self.ports.gateway),
            toxiproxy=self.toxiproxy.url,
            database_url=self.database.url(SERVICE_ROLE, *self.database.ports),
            database_batch_url=self.database.url(BATCH_ROLE, *self.database.ports),
            database_admin_url=self.database.url("postgres", *self.database.ports),
            proxies=PROXIES,
            elsewhere=self.database.elsewhere,
        )

    def children(self) -> list[Child]:
        """Every process under care."""
        replicas = [replica.child for replica in self.auth.replicas]
        return [self.gateway, self.proxy, self.identity, *self.database.children(), *replicas]

    async def _wait_for(self, child: Child, url: str) -> None:
        async def settled() -> bool:
            return not child.running or await self.answers(url)

        if not await until(settled, _READY_SECONDS) or not child.running:
            raise child.failure("ended, or does not answer")


@contextlib.asynccontextmanager
async def _together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
