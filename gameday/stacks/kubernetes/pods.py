"""One pod as a program under Kubernetes' care, as the API's own words tell it."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from gameday.errors import StackError
from gameday.metrics import ON_ITS_WAY
from gameday.stacks.kubernetes.cluster import Cluster, Object, labels_of
from gameday.stacks.kubernetes.names import NAME_LABEL
from gameday.stacks.platform.program import CRASH_LOOP
from gameday.stacks.platform.waiting import until


class Pod:
    """Follows one pod by its name; its first container is what counts."""

    def __init__(
        self, cluster: Cluster, shown: Object, memory: Callable[[Pod], Awaitable[int | None]] | None = None
    ) -> None:
        self._cluster = cluster
        self._memory = memory
        self.there = True
        self.shown = shown
        self.ended_by_us = False

    def told(self, shown: Object | None) -> None:
        """What the API says now; None: it is gone."""
        self.there = shown is not None
        if shown is not None:
            self.shown = shown

    @property
    def name(self) -> str:
        """Its own."""
        return str(self.shown["metadata"]["name"])

    @property
    def uid(self) -> str:
        """Of this pod and of no other of its name."""
        return str(self.shown["metadata"]["uid"])

    @property
    def part(self) -> str:
        """What it is a pod of: ``auth``, ``database``."""
        return labels_of(self.shown).get(NAME_LABEL, "")

    @property
    def over(self) -> bool:
        """Whether it never runs again, and stays as an object: one that its node evicted, for example."""
        return self.shown.get("status", {}).get("phase") in {"Failed", "Succeeded"}

    @property
    def leaving(self) -> bool:
        """Whether it is on its way out, or over."""
        return not self.there or self.over or "deletionTimestamp" in self.shown["metadata"]

    @property
    def address(self) -> str:
        """Its IP address, empty where it has none yet."""
        return str(self.shown.get("status", {}).get("podIP", ""))

    @property
    def ready(self) -> bool:
        """Whether Kubernetes sends it requests."""
        conditions = self.shown.get("status", {}).get("conditions") or ()
        return not self.leaving and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    @property
    def _container(self) -> dict[str, Any]:
        statuses = self.shown.get("status", {}).get("containerStatuses") or ()
        first = self.shown["spec"]["containers"][0]["name"]
        return next((one for one in statuses if one["name"] == first), {})

    @property
    def _waiting(self) -> dict[str, Any]:
        found: dict[str, Any] = self._container.get("state", {}).get("waiting") or {}
        return found

    @property
    def pid(self) -> int | None:
        """A number for its container, another one after each start; the process id is the node's own business."""
        return zlib.crc32(self._container.get("containerID", "").encode()) if self.running else None

    @property
    def running(self) -> bool:
        """Whether its container runs now."""
        return self.there and "running" in self._container.get("state", {})

    @property
    def restarts(self) -> int:
        """How often its container was started again."""
        return int(self._container.get("restartCount", 0))

    @property
    def started_at(self) -> float:
        """When its container was last started."""
        text = (self._container.get("state", {}).get("running") or {}).get("startedAt")
        return datetime.fromisoformat(text).timestamp() if text else 0.0

    @property
    def last_end(self) -> str:
        """How its container last ended."""
        state = self._container.get("state", {}).get("terminated") or self._container.get(
            "lastState", {}
        ).get("terminated")
        if not state:
            return ""
        reason = str(state.get("reason") or "")
        return reason if reason not in {"", "Error"} else f"exit {state.get('exitCode')}"

    @property
    def starts_in(self) -> float | None:
        """Nobody but the kubelet knows; 0 where it waits to be started again."""
        return 0.0 if self.waits == CRASH_LOOP else None

    @property
    def waits(self) -> str:
        """Why its container does not start, where that is not what every container goes through."""
        reason = str(self._waiting.get("reason", ""))
        return "" if reason in ON_ITS_WAY else reason

    def late(self, seconds: float) -> bool:
        """Whether it runs for longer than this and is not ready."""
        began = self.started_at
        return not self.ready and bool(began) and datetime.now(UTC).timestamp() - began > seconds

    @property
    def trouble(self) -> str:
        """What keeps it from being ready, in the API's words; empty where nothing does."""
        if self.ready:
            return ""
        if self._waiting:
            return str(self._waiting.get("reason", "waiting"))
        conditions = self.shown.get("status", {}).get("conditions") or ()
        said = [str(c.get("reason") or c["type"]) for c in conditions if c["status"] == "False"]
        return said[0] if said else str(self.shown.get("status", {}).get("phase", ""))

    async def memory(self) -> int | None:
        """Bytes in use now, where it says so itself."""
        return await self._memory(self) if self._memory and self.running else None

    async def start(self) -> None:
        """Kubernetes does."""

    async def stop(self) -> None:
        """Take it away at once; whoever cares for it brings another."""
        self.ended_by_us = True
        await self._cluster.delete("pods", self.name, grace=0)

    async def kill(self, why: str = "") -> None:  # noqa: ARG002 - the API tells no reason
        """As ``stop``."""
        await self.stop()

    async def gone(self, pid: int, within: float) -> bool:
        """Whether that container has ended within so many seconds."""

        async def other() -> bool:
            return self.pid != pid

        return await until(other, within)

    def failure(self, what: str) -> StackError:
        """What went wrong with it."""
        trouble = f" ({self.trouble})" if self.trouble else ""
        return StackError(f"{self.name} {what}{trouble}; see: kubectl logs {self.name}")
