"""One replica of the auth service as a container, at its place behind the gateway.

Made as the project's own ones are: by the engine, from what the engine says of one of them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError

from gameday.errors import StackError
from gameday.stacks.compose.container import Container
from gameday.stacks.compose.names import NUMBER
from gameday.stacks.platform.catalog import RELEASES, SERVICE, SETTINGS, Spec
from gameday.stacks.platform.replica import Replica

PORT = 8080
IMAGE = "gameday-auth"
_FAREWELL_SECONDS = 1.0


class LiveFile:
    """What may change while replicas run: one that is started again reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, spec: Spec) -> None:
        """Whole or not at all."""
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"flags": dict(spec.flags), "breaker": spec.breaker}), encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(self._path)

    def read(self) -> dict[str, Any]:
        """What holds now; empty where nothing was ever changed."""
        found: dict[str, Any] = json.loads(self._path.read_text()) if self._path.is_file() else {}
        return found


class Pattern:
    """What a new replica's container looks like; learnt from the last one seen."""

    def __init__(self) -> None:
        self._shown: Mapping[str, Any] | None = None

    def learn(self, shown: Mapping[str, Any]) -> None:
        """Remember one of the project's own."""
        self._shown = shown

    def config(self, name: str, number: int, spec: Spec) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """What the engine is to make, and the networks to join. Raises StackError where none was ever seen."""
        if self._shown is None:
            raise StackError(
                f"no container of {SERVICE} was ever seen; start one: docker compose up -d {SERVICE}"
            )
        shown = copy.deepcopy(dict(self._shown))
        config = shown["Config"]
        environment = dict(pair.partition("=")[::2] for pair in config["Env"])
        environment |= {"RELEASE": spec.version, "REPLICA": name}
        environment |= {setting.upper(): str(value) for setting, value in spec.settings.items()}
        networks = {network: {"Aliases": [SERVICE]} for network in shown["NetworkSettings"]["Networks"]}
        first = next(iter(networks))
        kept = (
            "Cmd",
            "Healthcheck",
            "Labels",
            "StopSignal",
            "StopTimeout",
            "User",
            "WorkingDir",
            "Entrypoint",
        )
        return (
            {
                **{key: config[key] for key in kept if config.get(key) is not None},
                "Image": f"{IMAGE}:{spec.version}",
                "Env": [f"{key}={value}" for key, value in environment.items()],
                "Labels": {**config["Labels"], NUMBER: str(number)},
                "HostConfig": shown["HostConfig"],
                "NetworkingConfig": {"EndpointsConfig": {first: networks.pop(first)}},
            },
            networks,
        )


def spec_of(shown: Mapping[str, Any], live: Mapping[str, Any], replicas: int) -> Spec:
    """What a container was made as."""
    environment = dict(pair.partition("=")[::2] for pair in shown["Config"]["Env"])
    version = environment.get("RELEASE", "")
    flags = {
        name: live.get("flags", {}).get(name, value) for name, value in RELEASES.get(version, {}).items()
    }
    settings = {
        name: type(setting.default)(environment.get(name.upper(), setting.default))
        for name, setting in SETTINGS.items()
    }
    return Spec(version, replicas, flags, settings, live.get("breaker", "closed"))


class ContainerReplica(Replica):
    """Its slot is its container's number."""

    child: Container

    def __init__(
        self,
        child: Container,
        slot: int,
        spec: Spec,
        *,
        pattern: Pattern,
        live: LiveFile,
        engine: Docker,
        admin_token: str,
        client: aiohttp.ClientSession,
    ) -> None:
        super().__init__(
            child.name, slot, spec, f"http://{child.full_name}:{PORT}", admin_token=admin_token, client=client
        )
        self.child = child
        self.leaving = False
        """Whether it is being taken away by us."""
        self._pattern = pattern
        self._live = live
        self._engine = engine

    async def become(self, wanted: Spec) -> None:
        """Also for those that are started again meanwhile."""
        self._live.write(wanted)
        await super().become(wanted)

    async def start(self, *, with_database: bool = False) -> None:
        """Make its container first. Raises StackError."""
        self._live.write(self.spec)
        config, networks = self._pattern.config(self.name, self.slot, self.spec)
        try:
            made = await self._engine.containers.create(config, name=self.child.full_name)
            for network, how in networks.items():
                joined = await self._engine.networks.get(network)
                await joined.connect({"Container": made.id, "EndpointConfig": how})
        except (DockerError, OSError) as problem:
            raise StackError(f"{self.name} could not be made: {problem}") from problem
        await self.child.refresh()
        try:
            await super().start(with_database=with_database)
        except BaseException:
            self.leaving = True
            await self.child.remove()
            raise

    async def end(self) -> None:
        """Its requests get a moment; then it is taken away."""
        self.leaving = True
        await self.child.stop_gently(_FAREWELL_SECONDS)
        await self.child.remove()
