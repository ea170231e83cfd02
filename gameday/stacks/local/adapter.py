"""``LocalStack``: the stack port over the embedded stack's supervisor.

Starts the supervisor in a session of its own, so that the stack outlives who started it, and asks it over
HTTP. Knows the folder and the control API; which programs there are, the supervisor knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import aiohttp

from gameday.errors import InputError, StackError, StackGone
from gameday.ports import (
    Answer,
    Capabilities,
    Endpoints,
    Identity,
    LeverCall,
    LeverResult,
    LeverSpec,
    Target,
    Things,
    Topic,
)
from gameday.stacks.local.child import end_of
from gameday.stacks.local.daemon import remove_files, start_supervisor, stop_supervisor
from gameday.stacks.local.folder import Config, Folder, State
from gameday.stacks.platform.catalog import COMPONENTS, DATABASE, IDENTITY, PROXIES, RELEASES, STANDBY, known
from gameday.stacks.platform.lever_table import LEVERS, read_arguments, touched
from gameday.stacks.platform.looks import check_look

ASK_SECONDS = 5.0
CHANGE_SECONDS = 60.0
"""A rolling change of ten replicas, each with requests that hang, ends within this."""


class LocalStack:
    """One embedded stack; without ``state_dir``, in a new folder of the system's temporary one."""

    kind = "local"

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        replicas: int = 2,
        version: str = "v1.2.3",
        logs: Path | None = None,
        database_as: str = "auto",
    ) -> None:
        known("release", version, RELEASES)
        self._folder = Folder(state_dir) if state_dir else None
        self._config = Config(
            replicas, version, logs=str(logs.absolute()) if logs else "", database_as=database_as
        )
        self._state: State | None = None

    @classmethod
    def from_handle(cls, handle: Mapping[str, str]) -> Self:
        """The stack that ``handle`` of another process names; not yet attached."""
        return cls(Path(handle["state_dir"]))

    def handle(self) -> Mapping[str, str]:
        """The state folder."""
        return {"state_dir": str(self._our_folder().path)}

    async def up(self) -> None:
        """Start it and wait until it is ready; what was begun is taken down again where that fails."""
        if self._folder is None:
            self._folder = Folder(Path(tempfile.mkdtemp(prefix="gameday-")))
        folder = self._folder
        if folder.is_ours():
            if not folder.is_stale():
                raise StackError(f"a stack stands already in {folder.path}")
            await self.down()
        elif folder.path.exists() and any(folder.path.iterdir()):
            raise StackError(f"{folder.path} is not empty, and holds no stack of ours")
        folder.create(self._config)
        try:
            self._state = await start_supervisor(folder)
        except BaseException as error:
            logs = end_of(folder.logs / "supervisor.log")
            await self.down()
            if isinstance(error, StackError):
                raise StackError(f"the local stack could not be started: {error}\n{logs}".rstrip()) from error
            raise

    async def attach(self) -> None:
        """Use the one that stands in the state folder."""
        folder = self._our_folder()
        state = folder.read_state() if folder.is_ours() else None
        if state is None or folder.is_stale():
            raise StackGone(f"no stack stands in {folder.path}")
        self._state = state
        await self.identity()

    async def down(self) -> None:
        """Stop the supervisor, which stops everything, and remove the folder."""
        if self._folder is None:
            return
        if not self._folder.is_ours():
            with contextlib.suppress(OSError):  # made for a stack that was never laid out in it
                self._folder.path.rmdir()
            return
        self._state = None
        await stop_supervisor(self._folder)
        await asyncio.to_thread(remove_files, self._folder)

    async def identity(self) -> Identity:
        """Asked of the supervisor."""
        return Identity(**await self._get("/identity"))

    async def ready(self) -> Mapping[str, bool]:
        """Asked of the parts by the supervisor."""
        ready: dict[str, bool] = await self._get("/ready")
        return ready

    def endpoints(self) -> Endpoints:
        """Addresses of the loopback."""
        state = self._standing()
        return Endpoints(state.gateway, state.toxiproxy, state.proxies, state.control)

    def environment(self) -> Mapping[str, str]:
        """What experiments and the load need; holds passwords and the control token."""
        state = self._standing()
        return {
            "GAMEDAY_STACK": self.kind,
            "GAMEDAY_GATEWAY_URL": state.gateway,
            "GAMEDAY_TOXIPROXY_URL": state.toxiproxy,
            "GAMEDAY_DATABASE_URL": state.database_url,
            "GAMEDAY_DATABASE_BATCH_URL": state.database_batch_url,
            "GAMEDAY_DATABASE_ADMIN_URL": state.database_admin_url,
            "GAMEDAY_CONTROL_URL": state.control,
            "GAMEDAY_CONTROL_TOKEN": state.token,
            "GAMEDAY_PROXY_DATABASE": PROXIES[DATABASE],
            "GAMEDAY_PROXY_DATABASE_REPLICA": PROXIES[STANDBY],
            "GAMEDAY_PROXY_IDENTITY": PROXIES[IDENTITY],
        }

    def capabilities(self) -> Capabilities:
        """Every lever of the table, on every component."""
        return Capabilities(frozenset(spec.name for spec in LEVERS), frozenset(COMPONENTS))

    async def targets(self) -> Sequence[Target]:
        """Gateway, each replica, and what the supervisor exports for database, platform and host."""
        return [Target(**row) for row in await self._get("/targets")]

    async def inventory(self) -> Things:
        """Asked of the parts by the supervisor."""
        things: Things = await self._get("/inventory")
        return things

    async def restore(self, things: Things) -> None:
        """Bring these things to these states."""
        await self._ask("POST", "/restore", things, CHANGE_SECONDS)

    async def deploy(self, service: str, version: str, author: str) -> LeverResult:
        """Bring a release out, as the pipeline of this system does."""
        body = {"service": service, "version": version, "author": author}
        return LeverResult(**await self._ask("POST", "/deploy", body, CHANGE_SECONDS))

    def levers(self) -> Sequence[LeverSpec]:
        """The table."""
        return LEVERS

    def touches(self, call: LeverCall) -> Mapping[str, Sequence[str]]:
        """From the table; raises InputError."""
        return touched(call)

    async def pull(self, call: LeverCall) -> LeverResult:
        """Checked here first, done by the supervisor."""
        read_arguments(call)
        body = {"name": call.name, "arguments": dict(call.arguments)}
        return LeverResult(**await self._ask("POST", "/levers", body, CHANGE_SECONDS))

    async def look(self, topic: Topic, arguments: Mapping[str, str]) -> Answer:
        """Checked here first, answered by the supervisor."""
        check_look(topic, arguments)
        found = await self._ask("GET", f"/looks/{topic}", None, ASK_SECONDS, arguments)
        return Answer(Topic(found["topic"]), found["columns"], found["rows"], found["note"])

    def by_hand(self, things: Things) -> Sequence[str]:
        """Through the control API, with the token from its file."""
        folder = shlex.quote(str(self._our_folder().path))
        state = self._state or self._our_folder().read_state()
        if state is None:
            return [f"rm -rf {folder}"]
        body = shlex.quote(json.dumps(things))
        token = f'"Authorization: Bearer $(cat {folder}/token)"'
        return [f"curl --fail-with-body -X POST -H {token} -d {body} {state.control}/restore"]

    def _our_folder(self) -> Folder:
        if self._folder is None:
            raise StackError("the local stack is not up")
        return self._folder

    def _standing(self) -> State:
        if self._state is None:
            raise StackError("the local stack is not up")
        return self._state

    async def _get(self, path: str) -> Any:
        return await self._ask("GET", path, None, ASK_SECONDS)

    async def _ask(
        self, method: str, path: str, body: object, seconds: float, query: Mapping[str, str] | None = None
    ) -> Any:
        """One request to the supervisor, within a deadline. Raises InputError and StackError as it does."""
        state = self._standing()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as client,
                client.request(
                    method,
                    state.control + path,
                    json=body,
                    params=query,
                    headers={"Authorization": f"Bearer {state.token}"},
                ) as answer,
            ):
                found = await answer.json()
        except TimeoutError as error:
            raise StackError(
                f"the local stack did not answer {method} {path} within {seconds:g} s"
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise StackError(f"the local stack does not answer {method} {path}: {error}") from error
        if answer.ok:
            return found
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise InputError(found["error"])
        raise StackError(found["error"])
