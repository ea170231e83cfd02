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
from pathlib import Path
from typing import Self

from gameday.errors import StackError, StackGone
from gameday.ports import Endpoints, Things
from gameday.stacks.local.child import end_of
from gameday.stacks.local.daemon import remove_files, start_supervisor, stop_supervisor
from gameday.stacks.local.folder import Config, Folder, State
from gameday.stacks.platform.catalog import RELEASES, known
from gameday.stacks.platform.client import PlatformClient


class LocalStack(PlatformClient):
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
            **self.endpoints().proxy_variables(),
        }

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

    def _control(self) -> tuple[str, str]:
        state = self._standing()
        return state.control, state.token
