"""One container of the project, as the engine's own words tell it; and what can be done to it.

A container that is ended through the engine counts as stopped by hand, and its restart policy leaves it alone. So
what should come back is killed from within.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from aiodocker import Docker, DockerError

from gameday.errors import StackError
from gameday.stacks.platform.program import CRASH_LOOP

_ASK_SECONDS = 5.0
_KILLED = 128
_SIGNALS = {9: "SIGKILL", 15: "SIGTERM", 3: "SIGQUIT", 2: "SIGINT"}
GONE = 404
SAME = 304
"""The engine's answers for a container that is not there, and for one that is so already."""


@dataclass(frozen=True, slots=True)
class State:
    """What the engine says of a container."""

    pid: int | None = None
    """Of its first process, on the engine's machine; None while it does not run."""
    paused: bool = False
    restarting: bool = False
    """Ended, and waiting for its restart policy."""
    restarts: int = 0
    started_at: float = 0.0
    last_end: str = ""
    networks: frozenset[str] = frozenset()
    published: Mapping[str, int] = field(default_factory=dict)
    """Port inside, for example ``8080/tcp`` -> port on the engine's machine."""

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> State:
        """From the engine's description; one that waits to be restarted is called running there too."""
        said = shown["State"]
        runs = bool(said["Running"]) and not said["Restarting"] and said["Pid"] > 0
        ended = not said["FinishedAt"].startswith("0001")
        return cls(
            said["Pid"] if runs else None,
            bool(said["Paused"]),
            bool(said["Restarting"]),
            int(shown.get("RestartCount", 0)),
            _seconds(said["StartedAt"]),
            _end(said) if ended and not runs else "",
            frozenset(shown.get("NetworkSettings", {}).get("Networks") or ()),
            _published(shown.get("NetworkSettings", {}).get("Ports") or {}),
        )


class Container:
    """Follows one container by its name: it may be made anew under it."""

    def __init__(self, engine: Docker, full_name: str, name: str) -> None:
        self._engine = engine
        self.full_name = full_name
        """The engine's."""
        self._name = name
        self.state = State()
        self.there = False
        self._memory: int | None = None
        self._changed = asyncio.Event()

    @property
    def name(self) -> str:
        """As people of this system call it."""
        return self._name

    @property
    def pid(self) -> int | None:
        """Of its first process, on the engine's machine."""
        return self.state.pid

    @property
    def running(self) -> bool:
        """Whether it runs, or stands frozen."""
        return self.state.pid is not None

    @property
    def restarts(self) -> int:
        """By its restart policy, since it was made."""
        return self.state.restarts

    @property
    def started_at(self) -> float:
        """The engine's clock, seconds."""
        return self.state.started_at

    @property
    def last_end(self) -> str:
        """How it last ended, where that was not its own will."""
        return self.state.last_end

    @property
    def starts_in(self) -> float | None:
        """The engine does not tell when."""
        return 0.0 if self.state.restarting else None

    @property
    def waits(self) -> str:
        """That it died again and waits."""
        return CRASH_LOOP if self.state.restarting and self.state.restarts > 1 else ""

    def told(self, shown: Mapping[str, Any] | None) -> None:
        """Take over what the engine says now; None: it is not there."""
        last = self.state.last_end
        self.state = State.of(shown) if shown else State()
        if not self.state.last_end and self.state.restarts:
            self.state = replace(self.state, last_end=last)
        self.there = shown is not None
        self._changed.set()
        self._changed = asyncio.Event()

    async def refresh(self) -> None:
        """Ask the engine now. Raises StackError where it does not answer."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                self.told(await self._handle().show())
        except DockerError as problem:
            if problem.status != GONE:
                raise StackError(f"{self.name}: the engine says {problem.message}") from problem
            self.told(None)
        except (TimeoutError, OSError) as problem:
            raise StackError(f"{self.name}: the engine does not answer: {problem}") from problem

    async def memory(self) -> int | None:
        """Bytes that its processes hold, as the kernel counts them against its limit, without what can be dropped."""
        return self._memory if self.running else None

    async def follow_memory(self) -> None:
        """Keep ``memory`` as the engine tells it each second, while it runs. To ask once takes it as long."""
        try:
            async for found in self._handle().stats(stream=True):
                memory = found.get("memory_stats", {})
                kept = memory.get("stats", {})
                spare = kept.get("total_inactive_file", kept.get("inactive_file", 0))
                self._memory = max(int(memory.get("usage", 0)) - int(spare), 0) or None
                if not self.running:
                    return
        except (DockerError, OSError, TimeoutError, ValueError):
            return

    async def start(self) -> None:
        """Start it, or let it go on."""
        if self.state.paused:
            await self._do(lambda: self._handle().unpause())
        elif not self.running:
            await self._do(lambda: self._handle().start())

    async def stop(self) -> None:
        """End it at once; its restart policy leaves it alone."""
        if self.running or self.state.restarting:
            await self._do(lambda: self._handle().kill(signal="SIGKILL"))
            await self._ended(_ASK_SECONDS)

    async def stop_gently(self, within: float) -> None:
        """End it by its own stop signal, hard where it has not ended in time."""
        if self.running:
            await self._do(lambda: self._handle().stop(t=int(within)))
            await self._ended(within + _ASK_SECONDS)

    async def freeze(self) -> None:
        """Stop all its processes where they stand."""
        await self._do(lambda: self._handle().pause())

    async def leave(self, network: str) -> None:
        """Take it off a network of the project; what is under way there hangs. Idempotent."""
        await self.refresh()
        if network in self.state.networks:
            await self._do(lambda: self._network(network, "disconnect", {"Force": False}))

    async def join(self, network: str) -> None:
        """Put it back on a network of the project, under its service's name. Idempotent."""
        await self.refresh()
        if network not in self.state.networks:
            names = {"EndpointConfig": {"Aliases": [self._name]}}
            await self._do(lambda: self._network(network, "connect", names))

    async def _network(self, network: str, verb: str, how: Mapping[str, Any]) -> None:
        found = await self._engine.networks.get(network)
        body = {"Container": self.full_name, **how}
        await (found.disconnect(body) if verb == "disconnect" else found.connect(body))

    async def kill(self, why: str = "") -> None:  # noqa: ARG002 - the engine knows why
        """End all its processes from within, so that its restart policy brings it back."""

        async def act() -> None:
            started = await self._handle().exec(["sh", "-c", "kill -9 -1"])
            await started.start(detach=True)

        await self._do(act)

    async def remove(self) -> None:
        """Take it away, running or not."""
        await self._do(lambda: self._handle().delete(force=True, v=True))

    async def gone(self, pid: int, within: float) -> bool:
        """Whether that process has ended within so many seconds."""
        return await self._until(lambda: self.state.pid != pid, within)

    def failure(self, what: str) -> StackError:
        """What went wrong with it."""
        ended = f" (ended: {self.last_end})" if self.last_end else ""
        return StackError(f"{self.name} {what}{ended}; see: docker logs {self.full_name}")

    async def _ended(self, within: float) -> None:
        if not await self._until(lambda: not self.running and not self.state.restarting, within):
            raise self.failure(f"did not end within {within:g} s")

    async def _until(self, holds: Callable[[], bool], within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                while not holds():
                    changed = self._changed
                    try:
                        async with asyncio.timeout(0.2):  # an event may be lost with its stream
                            await changed.wait()
                    except TimeoutError:
                        await self.refresh()
        except TimeoutError:
            return holds()
        return True

    def _handle(self) -> Any:
        return self._engine.containers.container(self.full_name)

    async def _do(self, act: Callable[[], Awaitable[object]]) -> None:
        try:
            await act()
        except DockerError as problem:
            if problem.status != SAME:
                raise StackError(f"{self.name}: the engine says {problem.message}") from problem
        except (TimeoutError, OSError) as problem:
            raise StackError(f"{self.name}: the engine does not answer: {problem}") from problem
        await self.refresh()


def _published(ports: Mapping[str, Any]) -> dict[str, int]:
    return {inside: int(where[0]["HostPort"]) for inside, where in ports.items() if where}


def _seconds(text: str) -> float:
    """An instant as the engine writes it; its nanoseconds are more than the library reads."""
    head, _, rest = text.partition(".")
    zone = "+00:00" if rest.endswith("Z") or not rest else rest[-6:]
    digits = "".join(char for char in rest[:9] if char.isdigit())[:6]
    return datetime.fromisoformat(f"{head.removesuffix('Z')}.{digits or '0':0<6}{zone}").timestamp()


def _end(said: Mapping[str, Any]) -> str:
    code = int(said["ExitCode"])
    if said.get("OOMKilled"):
        return "OOMKilled"
    if code > _KILLED:
        return _SIGNALS.get(code - _KILLED, f"signal {code - _KILLED}")
    return f"exit {code}"
