"""``KubernetesStack``: the stack port over a namespace of a cluster, by the official API and the system's platform."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import secrets
import shlex
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from gameday.errors import Refused, StackError, StackGone
from gameday.ports import Alerting, Endpoints, Target, Things, Witness
from gameday.stacks.kubernetes.applied import apply, in_the_way, namespace_of, take_away, troubles
from gameday.stacks.kubernetes.cluster import Cluster
from gameday.stacks.kubernetes.context import connected
from gameday.stacks.kubernetes.names import MARKER, MARKER_ANNOTATION, SECRET
from gameday.stacks.kubernetes.reach import Place, Port, answers, inside, places
from gameday.stacks.platform.catalog import DATABASE, PROXIES, STANDBY
from gameday.stacks.platform.client import PlatformClient
from gameday.stacks.platform.database import BATCH_ROLE, NAME, SERVICE_ROLE
from gameday.stacks.platform.waiting import until

UP_SECONDS = 120.0
_PORTS = {
    ("gateway", "http"): 8080,
    ("toxiproxy", "api"): 8474,
    ("platform", "http"): 8400,
    (DATABASE, "postgres"): 5432,
    (STANDBY, "postgres"): 5432,
}
_PROMETHEUS, _ALERTMANAGER = ("prometheus", "http"), ("alertmanager", "http")
_ALERTING_PORTS = {_PROMETHEUS: 9090, _ALERTMANAGER: 9093}
"""Of a system that brings its own."""


class KubernetesStack(PlatformClient):
    """One namespace of one context; neither is ever the current one by silence."""

    kind = "kubernetes"

    def __init__(
        self,
        context: str,
        namespace: str,
        *,
        nodes: Sequence[str] = (),
        addresses: Mapping[str, str] | None = None,
        alerting: bool = False,
        registry: str = "",
        by: str = "",
    ) -> None:
        """One namespace.

        Args:
            context: of the kubeconfig.
            namespace: its name; it need not be there.
            nodes: those that may be cordoned.
            addresses: Service -> ``host:port`` or a URL, where that is not a node port.
            alerting: whether ``up`` brings a Prometheus and an Alertmanager.
            registry: where nodes find our own images, as ``registry.example/team``; else they have them.
            by: the name that what ``up`` applies carries, of an earlier ``up``; a fresh one where none is given.
        """
        self._context = context
        self._nodes = nodes
        self._addresses = addresses or {}
        self._namespace = namespace
        self._alerting = alerting
        self._registry = registry
        self._by = by or secrets.token_hex(8)
        self._where: Mapping[Port, Place] = {}
        self._secrets: Mapping[str, str] = {}

    @classmethod
    def from_handle(cls, handle: Mapping[str, str]) -> Self:
        """The namespace that ``handle`` of another process names; not yet attached."""
        addresses = dict(word.split("=", 1) for word in handle.get("addresses", "").split())
        nodes = handle.get("nodes", "").split()
        by = handle.get("by", "")
        return cls(handle["context"], handle["namespace"], nodes=nodes, addresses=addresses, by=by)

    def handle(self) -> Mapping[str, str]:
        """Context and namespace, nodes that may be cordoned, where Services are reached otherwise, and who applies."""
        return {
            "context": self._context,
            "namespace": self._namespace,
            "nodes": " ".join(self._nodes),
            "by": self._by,
            "addresses": " ".join(f"{service}={place}" for service, place in self._addresses.items()),
        }

    async def up(self) -> None:
        """Apply the manifests and wait until all of it is ready; what was begun is taken away where that fails."""
        async with self._cluster() as cluster:
            found = await namespace_of(cluster)
            if found is not None:
                self._check_marker(found)
                await self._refuse_over_others(cluster)
            try:
                await apply(
                    cluster, self._by, made=found is None, alerting=self._alerting, registry=self._registry
                )
                await self._wait(cluster)
            except BaseException:
                await take_away(cluster, self._by)
                raise

    async def attach(self) -> None:
        """Use the system that stands in the namespace."""
        async with self._cluster() as cluster:
            found = await namespace_of(cluster)
            if found is None:
                raise StackGone(f"there is no namespace {self._namespace} in context {self._context}")
            self._check_marker(found)
            await self._read(cluster)
        await self.identity()

    async def down(self) -> None:
        """Take away what ``up`` applied, and nothing of anybody else; a namespace that it made goes with it."""
        self._where = {}
        async with self._cluster() as cluster:
            await take_away(cluster, self._by)

    async def ready(self) -> Mapping[str, bool]:
        """Asked of the parts by the platform; with those that gameday.toml says are elsewhere, asked from here."""
        given = [key for key in self._where if key[0] in self._addresses]
        answering = await asyncio.gather(*(answers(self._where[key]) for key in given))
        elsewhere = {
            f"{name} at {self._addresses[name]}": answer
            for (name, _), answer in zip(given, answering, strict=True)
        }
        return {**await super().ready(), **elsewhere}

    def endpoints(self) -> Endpoints:
        """Ports of a node, or the Services' own where gameday runs inside the cluster."""
        return Endpoints(
            self._url("gateway", "http"),
            self._url("toxiproxy", "api"),
            PROXIES,
            self._url("platform", "http"),
        )

    def environment(self) -> Mapping[str, str]:
        """What experiments and the load need; holds passwords and the control token."""
        points = self.endpoints()
        return {
            "GAMEDAY_STACK": self.kind,
            "GAMEDAY_CONTEXT": self._context,
            "GAMEDAY_NAMESPACE": self._namespace,
            "GAMEDAY_NODES": " ".join(self._nodes),
            "GAMEDAY_GATEWAY_URL": points.gateway,
            "GAMEDAY_TOXIPROXY_URL": points.toxiproxy,
            "GAMEDAY_DATABASE_URL": self._postgres(SERVICE_ROLE),
            "GAMEDAY_DATABASE_BATCH_URL": self._postgres(BATCH_ROLE),
            "GAMEDAY_DATABASE_ADMIN_URL": self._postgres("postgres"),
            "GAMEDAY_CONTROL_URL": str(points.control),
            "GAMEDAY_CONTROL_TOKEN": self._secrets["control-token"],
            **self._alerting_variables(),
            **points.proxy_variables(),
        }

    def alerting(self) -> Alerting | None:
        """The namespace's own Prometheus and Alertmanager, where it has them; webhooks come by way of the platform."""
        if _ALERTMANAGER not in self._where:
            return None
        return Alerting(
            self._url(*_PROMETHEUS),
            self._url(*_ALERTMANAGER),
            self._secrets["control-token"],
            stream=f"{self._url('platform', 'http')}/alerts/stream",
        )

    def _alerting_variables(self) -> Mapping[str, str]:
        alerting = self.alerting()
        if alerting is None:
            return {}
        return {
            "GAMEDAY_PROMETHEUS_URL": alerting.prometheus,
            "GAMEDAY_ALERTMANAGER_URL": alerting.alertmanager,
        }

    def witness(self) -> Witness | None:
        """The platform, which follows the namespace: ``kubectl`` and the like are seen by their field managers."""
        return Witness(f"{self._url('platform', 'http')}/acts/stream", self._secrets["control-token"])

    async def targets(self) -> Sequence[Target]:
        """All by way of the platform: pods come and go, and are not published."""
        base = self._url("platform", "http")
        return [dataclasses.replace(row, url=base + row.url) for row in await super().targets()]

    def by_hand(self, things: Things) -> Sequence[str]:
        """Through the platform, with the token from the system's own Secret."""
        kubectl = f"kubectl --context {shlex.quote(self._context)} -n {shlex.quote(self._namespace)}"
        if not self._where:
            return [f"{kubectl} get pods"]
        token = f"$({kubectl} get secret {SECRET} -o 'jsonpath={{.data.control-token}}' | base64 -d)"
        body = shlex.quote(json.dumps(things))
        address = f"{self._url('platform', 'http')}/restore"
        return [f'curl --fail-with-body -X POST -H "Authorization: Bearer {token}" -d {body} {address}']

    def _cluster(self) -> AbstractAsyncContextManager[Cluster]:
        return connected(self._context, self._namespace)

    def _check_marker(self, found: Mapping[str, Any]) -> None:
        if (found["metadata"].get("annotations") or {}).get(MARKER_ANNOTATION) != MARKER:
            raise Refused(
                f"the namespace '{self._namespace}' is not marked as staging: it does not carry the annotation "
                f"{MARKER_ANNOTATION}={MARKER}"
            )

    async def _refuse_over_others(self, cluster: Cluster) -> None:
        there = await in_the_way(cluster, alerting=self._alerting)
        if "Deployment/platform" in there:
            raise StackError(
                f"the system stands already in {self._namespace}; use it: --attach {self._namespace}"
            )
        if there:
            raise Refused(
                f"the namespace '{self._namespace}' has objects of these names already, and nothing is put over them: "
                f"{', '.join(there)}; allow a namespace of its own"
            )

    async def _wait(self, cluster: Cluster) -> None:
        why = "the platform does not answer"

        async def stands() -> bool:
            nonlocal why
            try:
                await self._read(cluster)
                ready = dict(await self.ready())
                ready.update(await self._monitoring())
            except StackError as problem:
                why = str(problem)
                return False
            why = f"not ready: {', '.join(name for name, is_ready in ready.items() if not is_ready)}"
            return all(ready.values())

        if not await until(stands, UP_SECONDS):
            pods = [f"{name}: {said}" for name, said in await troubles(cluster)]
            told = "".join(f"\n  {line}" for line in pods)
            raise StackError(f"the system was not ready within {UP_SECONDS:g} s: {why}{told}")

    async def _monitoring(self) -> Mapping[str, bool]:
        """Those who page, where there are any: the platform does not look after them."""
        there = [key for key in _ALERTING_PORTS if key in self._where]
        answering = await asyncio.gather(*(answers(self._where[key]) for key in there))
        return {name: answer for (name, _), answer in zip(there, answering, strict=True)}

    async def _read(self, cluster: Cluster) -> None:
        """Passwords and addresses."""
        found = await cluster.read("secrets", SECRET)
        if found is None:
            raise StackGone(f"no sample system stands in the namespace {self._namespace}")
        self._secrets = {name: base64.b64decode(value).decode() for name, value in found["data"].items()}
        services = {item["metadata"]["name"]: item for item in await cluster.listed("services")}
        missing = sorted({name for name, _ in _PORTS} - services.keys())
        if missing:
            raise StackGone(f"the namespace {self._namespace} has no service {', '.join(missing)}")
        wanted = {**_PORTS, **(_ALERTING_PORTS if _ALERTMANAGER[0] in services else {})}
        self._where = await places(cluster, services, wanted, self._addresses, by_name=inside(self._context))

    def _control(self) -> tuple[str, str]:
        return self._url("platform", "http"), self._secrets.get("control-token", "")

    def _url(self, service: str, port: str) -> str:
        host, number = self._at(service, port)
        given = self._addresses.get(service, "")
        return given if "://" in given else f"http://{f'[{host}]' if ':' in host else host}:{number}"

    def _at(self, service: str, port: str) -> tuple[str, int]:
        if not self._where:
            raise StackError("the kubernetes stack is not up")
        return self._where[service, port]

    def _postgres(self, role: str) -> str:
        hosts = ",".join("{}:{}".format(*self._at(server, "postgres")) for server in (DATABASE, STANDBY))
        return f"postgresql://{role}:{self._secrets[role]}@{hosts}/{NAME}?target_session_attrs=read-write"
