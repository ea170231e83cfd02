"""The embedded stack put together: every part a process, started in order, stopped at once."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import aiohttp

from gameday.ports import Identity
from gameday.stacks.local.child import Child
from gameday.stacks.local.database import LocalDatabase
from gameday.stacks.local.folder import MARKER, Config, Folder, State
from gameday.stacks.local.gateway import gateway
from gameday.stacks.local.held_ports import HeldPorts
from gameday.stacks.local.programs import fault_proxy_command, python_environment, python_module
from gameday.stacks.local.replica import LocalReplica, Surroundings
from gameday.stacks.platform.catalog import DATABASE, IDENTITY, PROXIES, SLOTS, STANDBY, Spec
from gameday.stacks.platform.database import BATCH_ROLE, SERVICE_ROLE
from gameday.stacks.platform.history import History
from gameday.stacks.platform.log_reading import LogLine, read_logs
from gameday.stacks.platform.parts import READY_SECONDS, Addresses, Parts, Way
from gameday.stacks.platform.program import Program
from gameday.stacks.platform.rollout import AuthService
from gameday.stacks.platform.toxiproxy import ProxySpec, Toxiproxy
from gameday.stacks.platform.waiting import until

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


class LocalParts(Parts):
    """One stack's parts as processes of ours."""

    identity: Child
    proxy: Child
    database: LocalDatabase

    def __init__(self, folder: Folder, config: Config, ports: Ports, client: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.ports = ports
        logs = folder.logs
        database = LocalDatabase(
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
        self.proxy = Child(
            "fault-proxy",
            lambda: fault_proxy_command(ports.proxy_api),
            logs / "fault-proxy.log",
            environment=python_environment,
            after_restart=self.populate,
        )
        around = Surroundings(
            database.url(SERVICE_ROLE, ports.proxied_database, ports.proxied_replica),
            address(ports.proxied_identity),
            secrets.token_urlsafe(18),
            logs,
            client,
        )
        history = History()
        auth = AuthService(
            Spec.initial(config.version, config.replicas),
            ports.slots,
            lambda number, slot, spec: LocalReplica(number, slot, spec, around),
            history,
        )
        behind = {
            DATABASE: (ports.proxied_database, ports.database),
            STANDBY: (ports.proxied_replica, ports.replica),
            IDENTITY: (ports.proxied_identity, ports.identity),
        }
        super().__init__(
            client,
            history,
            database=database,
            auth=auth,
            toxiproxy=Toxiproxy(
                address(ports.proxy_api),
                {
                    component: ProxySpec(PROXIES[component], f"127.0.0.1:{listen}", f"127.0.0.1:{upstream}")
                    for component, (listen, upstream) in behind.items()
                },
            ),
            addresses=Addresses(
                address(ports.gateway),
                {
                    IDENTITY: Way(*map(address, behind[IDENTITY])),
                    **{
                        name: Way(*(database.url(SERVICE_ROLE, port) for port in behind[name]))
                        for name in (DATABASE, STANDBY)
                    },
                },
            ),
        )
        self.database = database

    @property
    def name(self) -> Identity:
        """Its folder."""
        return Identity("local", MARKER, str(self.folder.path))

    @property
    def disk(self) -> str:
        """The folder's."""
        return str(self.folder.path)

    def gateway_metrics(self) -> str:
        """From the gateway itself."""
        return f"{address(self.ports.gateway_admin)}/metrics"

    async def logs(self, since: datetime, level: str, service: str | None) -> Sequence[LogLine]:
        """From the programs' files."""
        return await asyncio.to_thread(read_logs, self.folder.logs, since, level, service)

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

    def children(self) -> list[Program]:
        """Every process under care."""
        replicas = [replica.child for replica in self.auth.replicas]
        return [self.gateway, self.proxy, self.identity, *self.database.children(), *replicas]

    async def _wait_for(self, child: Child, url: str) -> None:
        async def settled() -> bool:
            return not child.running or await self.answers(url)

        if not await until(settled, READY_SECONDS) or not child.running:
            raise child.failure("ended, or does not answer")


@contextlib.asynccontextmanager
async def _together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
