"""The sample system in pods: which pod is which part, and where each is reached from the platform's own pod."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp

from gameday.errors import StackError
from gameday.ports import Identity
from gameday.stacks.kubernetes.cluster import Cluster, Object
from gameday.stacks.kubernetes.database import PodDatabase, PodServer
from gameday.stacks.kubernetes.deletions import Deletions
from gameday.stacks.kubernetes.deployment import APPS, DeploymentService
from gameday.stacks.kubernetes.names import KEEPER_PORT
from gameday.stacks.kubernetes.pod_replica import PodReplica
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.kubernetes.warnings import Warnings
from gameday.stacks.kubernetes.workload import Workload
from gameday.stacks.platform.catalog import DATABASE, IDENTITY, PROXIES, SERVICE, STANDBY, Spec
from gameday.stacks.platform.database import NAME, SERVICE_ROLE
from gameday.stacks.platform.history import History
from gameday.stacks.platform.log_reading import LEVELS, LogLine, read_line, service_of
from gameday.stacks.platform.parts import Addresses, Parts, Way
from gameday.stacks.platform.program import Program
from gameday.stacks.platform.replica import Replica
from gameday.stacks.platform.toxiproxy import ProxySpec, Toxiproxy

MAX_CONNECTIONS = 150
"""As in the database's own script."""
_PROXY_PORTS = {DATABASE: 15432, STANDBY: 15433, IDENTITY: 18080}
_PORTS = {DATABASE: 5432, STANDBY: 5432, IDENTITY: 8080}
_LOG_LINES = 2000
_CALLED = {"toxiproxy": "fault-proxy"}
"""Pods of -> what the tables of this system call it."""
_MEMORY = re.compile(r"^process_resident_memory_bytes (\S+)$", re.MULTILINE)
_FOLLOWED_SECONDS = 20.0


class PodParts(Parts):
    """One namespace's parts."""

    database: PodDatabase
    auth: DeploymentService

    def __init__(
        self, cluster: Cluster, secrets: Mapping[str, str], client: aiohttp.ClientSession, marker: str
    ) -> None:
        self._cluster = cluster
        self._secrets = secrets
        self._marker = marker
        self._pods: dict[str, Pod] = {}
        self._events = Warnings()
        self._tasks: list[asyncio.Task[None]] = []
        history = History()
        identity, proxy = Workload(cluster, IDENTITY, self._pods), Workload(cluster, "toxiproxy", self._pods)
        self.identity, self.proxy = identity, proxy
        database = PodDatabase(
            {
                name: PodServer(
                    name,
                    _postgres("postgres", secrets, name, 5432),
                    f"http://{name}-keeper:{KEEPER_PORT}",
                    secrets["control-token"],
                    client,
                )
                for name in (DATABASE, STANDBY)
            },
            MAX_CONNECTIONS,
            0,
        )
        auth = DeploymentService(cluster, Spec.initial("v1.2.3", 2), history)
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
        self.auth = auth
        self.deletions = Deletions(auth.deleted)

    async def start(self, author: str) -> None:
        """Follow everything; what is there is known when this returns. Raises StackError."""
        await self.auth.read_live()
        await self.auth.read_releases()
        pods, deployments = asyncio.Event(), asyncio.Event()
        follow = self._cluster.follow
        for watching in (
            follow("deployments", self._deployment, group=APPS, ready=deployments),
            follow("pods", self._pod, ready=pods),
            follow("events", self._event),
            *(server.follow() for server in self.database.servers.values()),
        ):
            self._tasks.append(asyncio.create_task(watching))
        try:
            async with asyncio.timeout(_FOLLOWED_SECONDS):
                await deployments.wait()
                await pods.wait()
        except TimeoutError:
            raise StackError(
                f"the cluster tells nothing of the namespace {self._cluster.namespace}"
            ) from None
        self.auth.begin(author)

    async def stop(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deployment(self, item: Object, there: bool) -> None:
        await self.auth.heard(item, there)
        for workload in (self.identity, self.proxy):
            if isinstance(workload, Workload):
                workload.heard(item)

    async def _event(self, item: Object, there: bool) -> None:
        await self._events.heard(item, there)
        await self.deletions.heard(item, there)

    async def _pod(self, item: Object, there: bool) -> None:
        name = item["metadata"]["name"]
        known = self._pods.get(name)
        if known is None or known.uid != item["metadata"]["uid"]:
            if not there:
                return
            known = self._pods[name] = Pod(self._cluster, item, self._memory)
        was_leaving = known.leaving
        known.told(item if there else None)
        if not there:
            del self._pods[name]
        if known.part in self.database.servers and known.leaving and not (there and was_leaving):
            self.database.servers[known.part].left()
        self._settle(known)

    def _settle(self, pod: Pod) -> None:
        """The service's replicas are its pods that stay."""
        if pod.part != SERVICE:
            return
        ours = next((one for one in self.auth.pods if one.child.uid == pod.uid), None)
        if pod.leaving and ours is not None:
            self.auth.replicas.remove(ours)
            if not self.auth.rolling:
                self.deletions.left(pod)
        elif not pod.leaving and ours is None:
            token = self._secrets["admin-token"]
            self.auth.replicas.append(PodReplica(pod, self.auth.spec, admin_token=token, client=self.client))

    async def _memory(self, pod: Pod) -> int | None:
        """As the program itself exports it: the cluster's own metrics need not be installed."""
        try:
            async with asyncio.timeout(1), self.client.get(f"http://{pod.address}:8080/metrics") as answer:
                found = _MEMORY.search(await answer.text())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        return int(float(found[1])) if found else None

    @property
    def name(self) -> Identity:
        """The namespace, with the marker that it carries."""
        return Identity("kubernetes", self._marker, self._cluster.namespace)

    @property
    def warnings(self) -> int:
        """Of its events."""
        return self._events.total

    @property
    def disk(self) -> str:
        """The platform's own: data lies on its pods' nodes."""
        return "/"

    def gateway_metrics(self) -> str:
        """By way of the platform, as the replicas' are; from outside its path alone is known."""
        return "/metrics/gateway/"

    def metrics_of(self, replica: Replica) -> str:
        """By way of the platform: pods come and go, and are not published."""
        return f"/metrics/service/{replica.name}"

    def children(self) -> Sequence[Program]:
        """Every pod."""
        return [pod for _, pod in sorted(self._pods.items())]

    async def logs(self, since: datetime, level: str, service: str | None) -> Sequence[LogLine]:
        """From the cluster."""
        wanted = LEVELS[LEVELS.index(level) :]
        there = [
            pod
            for pod in self._pods.values()
            if service is None or service in {pod.part, _CALLED.get(pod.part), service_of(pod.part)}
        ]
        texts = await asyncio.gather(*(self._log_of(pod, since) for pod in there))
        lines = [
            line
            for pod, text in zip(there, texts, strict=True)
            for raw in text.splitlines()
            if (line := read_line(raw, pod.name)) and line.time >= since and line.level in wanted
        ]
        return sorted(lines, key=lambda line: line.time)

    async def _log_of(self, pod: Pod, since: datetime) -> str:
        seconds = max(int((datetime.now(UTC) - since).total_seconds()) + 1, 1)
        container = pod.shown["spec"]["containers"][0]["name"]
        path = self._cluster.path("pods", pod.name, sub="log")
        query: dict[str, Any] = {
            "container": container,
            "sinceSeconds": str(seconds),
            "tailLines": str(_LOG_LINES),
        }
        try:
            return str(await self._cluster.ask("GET", path, **query))
        except StackError:
            return ""


def _postgres(role: str, secrets: Mapping[str, str], host: str, port: int) -> str:
    return f"postgresql://{role}:{secrets[role]}@{host}:{port}/{NAME}"
