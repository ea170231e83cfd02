"""The two PostgreSQL servers in pods, each by the keeper beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from gameday.errors import StackError
from gameday.stacks.platform.database import Database
from gameday.stacks.platform.server import START_SECONDS, Server, State
from gameday.stacks.platform.waiting import until

_ASK_SECONDS = 3.0
_ACT_SECONDS = 30.0
_SILENCE_SECONDS = 3.0
"""A keeper says something each second."""
_BACK_SECONDS = 15.0
"""From a pod's end until the keeper of the one that replaces it says something."""
_AGAIN_SECONDS = 0.2
_STREAM_SECONDS = 20.0
_NOTHING: dict[str, Any] = {
    "running": False,
    "frozen": False,
    "standby": False,
    "lost": False,
    "pid": None,
    "started_at": 0.0,
}


@dataclass(slots=True)
class Kept:
    """A server under its keeper's care, as the platform's other programs look; nobody starts it again unasked."""

    name: str
    state: dict[str, Any]
    restarts: int = 0
    last_end: str = ""
    starts_in: float | None = None
    waits: str = ""

    @property
    def pid(self) -> int | None:
        """The id of its first process, in its pod."""
        found: int | None = self.state["pid"]
        return found

    @property
    def running(self) -> bool:
        """Whether it runs, frozen or not."""
        return bool(self.state["running"])

    @property
    def started_at(self) -> float:
        """When its first process began."""
        return float(self.state["started_at"])

    async def memory(self) -> int | None:
        """Nobody asks."""
        return None

    async def start(self) -> None:
        """The server's own business."""
        raise StackError(f"{self.name} is started as a server")

    async def stop(self) -> None:
        """The server's own business."""
        raise StackError(f"{self.name} is ended as a server")

    async def kill(self, why: str = "") -> None:  # noqa: ARG002 - as programs are
        """The server's own business."""
        raise StackError(f"{self.name} is ended as a server")

    async def gone(self, pid: int, within: float) -> bool:
        """Whether that process has ended within so many seconds."""

        async def other() -> bool:
            return self.pid != pid

        return await until(other, within)

    def failure(self, what: str) -> StackError:
        """What went wrong with it."""
        return StackError(f"{self.name} {what}; see: kubectl logs {self.name}-0 -c postgres")


class PodServer(Server):
    """One of them. What its keeper says is followed; what the platform does answers with the new state."""

    child: Kept

    def __init__(self, name: str, url: str, keeper: str, token: str, client: aiohttp.ClientSession) -> None:
        super().__init__(name, url)
        self.child = Kept(name, dict(_NOTHING))
        self.heard = False
        """Whether the keeper has said something, and has not fallen silent since."""
        self.begun: Callable[[], None] = lambda: None
        """Told each time that a keeper is heard of anew."""
        self._keeper = keeper
        self._to_mark: bool | None = None
        self._telling: aiohttp.ClientResponse | None = None
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = client

    @property
    def frozen(self) -> bool:
        """Whether its first process is stopped by SIGSTOP."""
        return bool(self.child.state["frozen"])

    @property
    def standby_on_disk(self) -> bool:
        """Whether it would start as a standby."""
        return bool(self.child.state["standby"]) or self.lost

    @property
    def lost(self) -> bool:
        """Whether its data went with its pod."""
        return bool(self.child.state["lost"])

    def mark(self, *, standby: bool) -> None:
        """Decide as what it starts from now on; the keeper does it before it next starts or ends it."""
        self._to_mark = standby

    async def state(self) -> State:
        """What it does, read back. A keeper that says nothing is waited for: it may have begun only now."""
        await until(self._is_heard, _SILENCE_SECONDS)
        return await super().state()

    async def found(self) -> bool:
        """A keeper whose pod is on its way is waited for: only then is it known whether there is any data."""
        return await until(self._is_heard, _BACK_SECONDS)

    def left(self) -> None:
        """Its pod has gone, or is about to: what was heard from there says nothing of the one that comes."""
        self.child.state, self.heard = dict(_NOTHING), False
        if self._telling is not None:
            self._telling.close()

    async def _is_heard(self) -> bool:
        return self.heard

    async def follow(self) -> None:
        """Hear what the keeper says, for ever; one that is silent keeps a server that is down."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
                timeout = aiohttp.ClientTimeout(
                    total=None, sock_read=_SILENCE_SECONDS, sock_connect=_ASK_SECONDS
                )
                async with self._client.get(
                    f"{self._keeper}/watch", headers=self._headers, timeout=timeout
                ) as answer:
                    answer.raise_for_status()
                    self._telling = answer
                    async for line in answer.content:
                        self.child.state, new, self.heard = json.loads(line), not self.heard, True
                        if new:
                            self.begun()
            self._telling = None
            self.left()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def start(self) -> None:
        """Start it, or let it go on, and wait until it answers. Raises StackError."""
        if self.lost:
            raise StackError(f"{self.name} has lost its data: it can only follow, once the other one leads")
        await self._begin()

    async def _begin(self) -> None:
        async def settled() -> bool:
            return not self.child.running or await self.answers()

        await self._act("start")
        if not await until(settled, START_SECONDS) or not self.child.running:
            raise self.child.failure("ended, or does not answer")

    async def end(self, *, gently: bool = False) -> None:
        """Stop it; one that is frozen gets its end before it goes on."""
        await self.close_kept()
        await self._act("end", gently=gently)

    async def freeze(self) -> None:
        """Stop every process of it. Raises StackError where that cannot be read back."""
        if not self.child.running:
            await self.start()
        await self._act("freeze")
        if not self.frozen:
            raise StackError(f"{self.name} was not frozen")

    async def copy(self) -> None:
        """Begin anew as a copy of the other one, which must lead. Raises StackError."""
        await self.close_kept()
        await self._act("copy")
        await self._begin()

    async def _act(self, verb: str, **body: Any) -> None:
        if self._to_mark is not None:
            marked, self._to_mark = self._to_mark, None
            await self._post("mark", {"standby": marked})
        await self._post(verb, body)

    async def _post(self, verb: str, body: dict[str, Any]) -> None:
        try:
            async with (
                asyncio.timeout(_ACT_SECONDS),
                self._client.post(f"{self._keeper}/{verb}", headers=self._headers, json=body) as answer,
            ):
                answer.raise_for_status()
                self.child.state = await answer.json()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            raise StackError(
                f"{self.name}: its keeper does not {verb} it: {str(problem) or 'no answer in time'}"
            ) from problem


class PodDatabase(Database[PodServer]):
    """Both; who leads is told by what they say of their disks."""

    def watch(self) -> None:
        """Look who leads whenever a keeper is heard of anew: this platform may be younger than they are."""
        for server in self.servers.values():
            server.begun = self.find_leader

    def find_leader(self) -> None:
        """Where nobody leads, whoever did is to lead still: that is somebody's business."""
        if self.changing.locked():
            return
        for server in self.servers.values():
            if server.child.running and not server.standby_on_disk:
                self.leader = server
                return

    async def streams(self) -> bool:
        """Whether the leader streams to a follower that runs: to one that is being copied it streams as well."""
        watched = all(server.heard for server in self.servers.values())
        return watched and self.follower.child.running and await super().streams()

    async def follow(self) -> None:
        """Make the follower anew from a copy of the leader and wait until it streams. Raises StackError."""
        await self.follower.copy()
        if not await until(self.streams, _STREAM_SECONDS):
            raise self.follower.child.failure(f"does not stream from {self.leader.name}")
