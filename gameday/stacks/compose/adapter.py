"""``ComposeStack``: the stack port over a compose project, by Docker's command line and the project's platform."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import Self

from gameday.errors import Refused, StackError, StackGone
from gameday.ports import Alerting, Endpoints, Things
from gameday.stacks.compose import project
from gameday.stacks.compose.names import DEFAULT_PROJECT, MARKER, PROJECT
from gameday.stacks.compose.project import Found
from gameday.stacks.platform.catalog import DATABASE, PROXIES, STANDBY
from gameday.stacks.platform.client import PlatformClient
from gameday.stacks.platform.database import BATCH_ROLE, NAME, SERVICE_ROLE

_NEEDED = ("platform", "gateway", "toxiproxy", DATABASE, STANDBY)


class ComposeStack(PlatformClient):
    """One compose project; without a name, a new one with ports of its own."""

    kind = "compose"

    def __init__(self, name: str | None = None) -> None:
        self._name = name or f"{DEFAULT_PROJECT}-{secrets.token_hex(4)}"
        self._own_ports = name is None
        self._found: Found | None = None
        self._secrets: Mapping[str, str] = {}

    @classmethod
    def from_handle(cls, handle: Mapping[str, str]) -> Self:
        """The project that ``handle`` of another process names; not yet attached."""
        return cls(handle["project"])

    def handle(self) -> Mapping[str, str]:
        """The project's name."""
        return {"project": self._name}

    async def up(self) -> None:
        """Bring the project up and wait until it is healthy; what was begun is taken down again where that fails."""
        if await project.find(self._name):
            raise StackError(f"the compose project '{self._name}' runs already")
        try:
            await project.up(self._name, fresh_ports=self._own_ports)
            await self._read()
        except BaseException:
            await project.down(self._name)
            raise

    async def attach(self) -> None:
        """Use the project of this name that runs already."""
        if await project.find(self._name) is None:
            raise StackGone(f"no compose project '{self._name}' runs; start it: docker compose up -d --wait")
        await self._read()

    async def down(self) -> None:
        """Take it away with its networks and volumes."""
        self._found = None
        await project.down(self._name)

    def endpoints(self) -> Endpoints:
        """Published ports."""
        return Endpoints(
            self._url("gateway", 8080), self._url("toxiproxy", 8474), PROXIES, self._url("platform", 8400)
        )

    def environment(self) -> Mapping[str, str]:
        """What experiments and the load need; holds passwords and the control token."""
        points = self.endpoints()
        return {
            "GAMEDAY_STACK": self.kind,
            "GAMEDAY_GATEWAY_URL": points.gateway,
            "GAMEDAY_TOXIPROXY_URL": points.toxiproxy,
            "GAMEDAY_DATABASE_URL": self._postgres(SERVICE_ROLE),
            "GAMEDAY_DATABASE_BATCH_URL": self._postgres(BATCH_ROLE),
            "GAMEDAY_DATABASE_ADMIN_URL": self._postgres("postgres"),
            "GAMEDAY_CONTROL_URL": str(points.control),
            "GAMEDAY_CONTROL_TOKEN": self._secrets["control-token"],
            "GAMEDAY_PROMETHEUS_URL": self._url("prometheus", 9090),
            "GAMEDAY_ALERTMANAGER_URL": self._url("alertmanager", 9093),
            **points.proxy_variables(),
        }

    def alerting(self) -> Alerting:
        """The project's own Prometheus and Alertmanager, whose webhooks the platform hands on."""
        return Alerting(
            self._url("prometheus", 9090),
            self._url("alertmanager", 9093),
            self._secrets["control-token"],
            stream=f"{self._url('platform', 8400)}/alerts/stream",
        )

    def by_hand(self, things: Things) -> Sequence[str]:
        """Through the platform, with the token from its own file."""
        if self._found is None:
            return [f"docker compose -p {self._name} ps --all"]
        platform = self._found.ids["platform"][:12]
        body = shlex.quote(json.dumps(things))
        token = f'"Authorization: Bearer $(docker exec {platform} cat /run/staging/control-token)"'
        address = self._url("platform", 8400)
        return [
            self._start_all(),  # harmless where they run; an engine that was away has not started all
            f"curl --fail-with-body -X POST -H {token} -d {body} {address}/restore",
        ]

    def _start_all(self) -> str:
        return f"docker start $(docker ps --all --quiet --filter label={PROJECT}={self._name})"

    async def _read(self) -> None:
        """What runs, what it publishes, and its passwords; a project without the marker is not touched."""
        found = await project.find(self._name)
        if found is None:
            raise StackGone(f"no compose project '{self._name}' runs")
        if found.markers != {MARKER}:
            raise Refused(
                f"the compose project '{self._name}' is not marked as staging: "
                f"not all of its containers carry the label org.gameday.staging={MARKER}"
            )
        missing = [service for service in _NEEDED if service not in found.ids]
        if missing:
            raise StackError(
                f"of the compose project '{self._name}' {', '.join(missing)} does not run; start it: "
                f"{self._start_all()}"
            )
        self._secrets = await project.secrets_of(
            found.ids["platform"], ("postgres", SERVICE_ROLE, BATCH_ROLE, "control-token", "alerts-token")
        )
        self._found = found
        await self.identity()

    def _control(self) -> tuple[str, str]:
        return self._url("platform", 8400), self._secrets.get("control-token", "")

    def _url(self, service: str, port: int) -> str:
        return f"http://127.0.0.1:{self._port(service, port)}"

    def _postgres(self, role: str) -> str:
        hosts = ",".join(f"127.0.0.1:{self._port(server, 5432)}" for server in (DATABASE, STANDBY))
        return f"postgresql://{role}:{self._secrets[role]}@{hosts}/{NAME}?target_session_attrs=read-write"

    def _port(self, service: str, inside: int) -> int:
        if self._found is None:
            raise StackError("the compose stack is not up")
        return self._found.ports.get((service, inside), 0)
