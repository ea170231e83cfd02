"""The sample system in containers: which container is which part, and where each is reached."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiodocker import DockerError

from gameday.ports import Identity
from gameday.stacks.compose.database import ContainerDatabase, ContainerServer
from gameday.stacks.compose.fleet import Fleet
from gameday.stacks.compose.replica import ContainerReplica, LiveFile, Pattern, spec_of
from gameday.stacks.platform.catalog import DATABASE, IDENTITY, PROXIES, SERVICE, SLOTS, STANDBY, Spec
from gameday.stacks.platform.database import NAME, SERVICE_ROLE
from gameday.stacks.platform.history import History
from gameday.stacks.platform.log_reading import LEVELS, LogLine, read_line, service_of
from gameday.stacks.platform.parts import Addresses, Parts, Way
from gameday.stacks.platform.program import Program
from gameday.stacks.platform.replica import Replica
from gameday.stacks.platform.rollout import AuthService
from gameday.stacks.platform.toxiproxy import ProxySpec, Toxiproxy

MAX_CONNECTIONS = 150
"""As in the project's file."""
BY_HAND = "docker compose"
"""The author of replicas that come and go without the platform's doing."""
_PROXY_PORTS = {DATABASE: 15432, STANDBY: 15433, IDENTITY: 18080}
_PORTS = {DATABASE: 5432, STANDBY: 5432, IDENTITY: 8080}
NETWORK = "service"
"""What requests take, as the project's file names it."""
_METRICS_PORT = "2020/tcp"
_LOG_LINES = 5000
"""Of each container: a look shows the newest."""
_LOG_SECONDS = 3.0


class ContainerParts(Parts):
    """One project's parts."""

    database: ContainerDatabase

    def __init__(
        self,
        fleet: Fleet,
        secrets: Mapping[str, str],
        client: aiohttp.ClientSession,
        *,
        initial: Spec,
        marker: str,
        folders: Folders,
    ) -> None:
        self._fleet = fleet
        self._marker = marker
        self._secrets = secrets
        self._pattern = Pattern()
        self._live = LiveFile(folders.live / "auth.json")
        self._folders = folders
        self._memory: dict[int, asyncio.Task[None]] = {}
        """Number of a replica -> who follows its memory."""
        self.identity = fleet.container(IDENTITY)
        self.proxy = fleet.container("toxiproxy")
        database = ContainerDatabase(
            {
                name: ContainerServer(
                    fleet.container(name),
                    _postgres("postgres", secrets, name, 5432),
                    folders.data / name,
                    folders.secrets / f"copy-{name}",
                    f"{fleet.project}_{NETWORK}",
                )
                for name in (DATABASE, STANDBY)
            },
            MAX_CONNECTIONS,
            0,
        )
        history = History(file=folders.live / "history.jsonl")
        auth = AuthService(initial, range(1, SLOTS + 1), self._replica, history)
        super().__init__(
            client,
            history,
            database=database,
            auth=auth,
            toxiproxy=Toxiproxy(
                "http://toxiproxy:8474",
                {
                    name: ProxySpec(PROXIES[name], f"0.0.0.0:{port}", f"{name}:{_PORTS[name]}")
                    for name, port in _PROXY_PORTS.items()
                },
            ),
            addresses=Addresses(
                "http://gateway:8080",
                {
                    IDENTITY: Way(f"http://toxiproxy:{_PROXY_PORTS[IDENTITY]}", f"http://{IDENTITY}:8080"),
                    **{
                        name: Way(
                            _postgres(SERVICE_ROLE, secrets, "toxiproxy", _PROXY_PORTS[name]),
                            _postgres(SERVICE_ROLE, secrets, name, _PORTS[name]),
                        )
                        for name in (DATABASE, STANDBY)
                    },
                },
            ),
        )
        self.database = database
        fleet.heard = self._heard

    @property
    def name(self) -> Identity:
        """The project, with the marker that its containers carry."""
        return Identity("compose", self._marker, self._fleet.project)

    @property
    def disk(self) -> str:
        """Where the database's volume lies."""
        return str(self._folders.data)

    def own_url(self) -> str:
        """Where the platform is reached from this machine."""
        return self._published("platform", "8400/tcp")

    def gateway_metrics(self) -> str:
        """From the gateway itself."""
        return f"{self._published('gateway', _METRICS_PORT)}/metrics"

    def metrics_of(self, replica: Replica) -> str:
        """By way of the platform: replicas come and go, and are not published."""
        return f"{self.own_url()}/metrics/service/{replica.name}"

    def _published(self, service: str, port: str) -> str:
        return f"http://127.0.0.1:{self._fleet.container(service).state.published.get(port, 0)}"

    def children(self) -> Sequence[Program]:
        """Every container."""
        return self._fleet.all()

    async def logs(self, since: datetime, level: str, service: str | None) -> Sequence[LogLine]:
        """From the engine."""
        wanted = LEVELS[LEVELS.index(level) :]
        there = [
            container
            for container in self._fleet.all()
            if service is None or service in {service_of(container.name), _ALSO.get(container.name)}
        ]
        texts = await asyncio.gather(*(self._log_of(container.full_name, since) for container in there))
        lines = [
            line
            for container, text in zip(there, texts, strict=True)
            for raw in text
            if (line := read_line(raw, container.name)) and line.time >= since and line.level in wanted
        ]
        return sorted(lines, key=lambda line: line.time)

    async def _log_of(self, full_name: str, since: datetime) -> Sequence[str]:
        handle = self._fleet.engine.containers.container(full_name)
        try:
            async with asyncio.timeout(_LOG_SECONDS):
                found: list[str] = await handle.log(
                    stdout=True, stderr=True, since=int(since.timestamp()), tail=_LOG_LINES
                )
        except (DockerError, TimeoutError, OSError):
            return ()
        return [line for chunk in found for line in chunk.splitlines()]

    def _replica(self, _number: int, slot: int, spec: Spec) -> Replica:
        return ContainerReplica(
            self._fleet.container(SERVICE, slot),
            slot,
            spec,
            pattern=self._pattern,
            live=self._live,
            engine=self._fleet.engine,
            admin_token=self._secrets["admin-token"],
            client=self.client,
        )

    async def _heard(self, service: str, number: int, shown: Mapping[str, Any] | None) -> None:
        """Replicas that come and go by another hand than ours."""
        if service != SERVICE:
            return
        ours = next((replica for replica in self.auth.replicas if replica.slot == number), None)
        if shown is None:
            if isinstance(ours, ContainerReplica) and not ours.leaving:
                self.auth.lose(ours, BY_HAND)
            return
        self._pattern.learn(shown)
        container = self._fleet.container(SERVICE, number)
        if container.running and number not in self._memory:
            task = asyncio.create_task(container.follow_memory())
            self._memory[number] = task
            task.add_done_callback(lambda _: self._memory.pop(number, None))
        if ours is None and number <= SLOTS:
            spec = spec_of(shown, self._live.read(), self.auth.spec.replicas)
            self.auth.adopt(self._replica(0, number, spec), BY_HAND)


class Folders:
    """What the platform shares with the other containers."""

    secrets = Path("/run/staging")
    live = Path("/run/live")
    data = Path("/data")


_ALSO = {"toxiproxy": "fault-proxy"}
"""Container -> what the tables of this system call it."""


def _postgres(role: str, secrets: Mapping[str, str], host: str, port: int) -> str:
    return f"postgresql://{role}:{secrets[role]}@{host}:{port}/{NAME}"
