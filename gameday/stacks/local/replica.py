"""One replica of the auth service as a process of its own, in its slot."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gameday.stacks.local.child import Child
from gameday.stacks.local.programs import python_environment, python_module
from gameday.stacks.platform.catalog import SERVICE, Spec
from gameday.stacks.platform.replica import Replica


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every replica needs to know of the rest of the stack."""

    database_url: str
    identity_url: str
    admin_token: str
    logs: Path
    client: aiohttp.ClientSession


class LocalReplica(Replica):
    """Its slot is its port."""

    child: Child

    def __init__(self, number: int, slot: int, spec: Spec, around: Surroundings) -> None:
        name = f"{SERVICE}-{number}"
        super().__init__(
            name, slot, spec, f"http://127.0.0.1:{slot}", admin_token=around.admin_token, client=around.client
        )
        self._around = around
        self.child = Child(
            name,
            lambda: python_module("gameday.staging.auth", "--port", str(slot)),
            around.logs / f"{name}.log",
            environment=self._environment,
        )

    async def end(self) -> None:
        """Requests that still hang then would hold a farewell too."""
        await self.child.stop(signal.SIGTERM, within=0.3)

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
