"""A part of one pod with a Deployment of its own, as a program: ended by scaling it to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster, Object
from gameday.stacks.kubernetes.names import PLATFORM_MANAGER
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.platform.waiting import until

_APPS = "apis/apps/v1"
_READY_SECONDS = 30.0


class Workload:
    """Its pods are those of its name; there is one, or none."""

    def __init__(self, cluster: Cluster, name: str, pods: Mapping[str, Pod]) -> None:
        self._cluster = cluster
        self._name = name
        self._pods = pods
        self._wanted = 1

    def heard(self, item: Object) -> None:
        """A Deployment of the namespace as it is now."""
        if item["metadata"]["name"] == self._name:
            self._wanted = int(item["spec"]["replicas"])

    @property
    def _pod(self) -> Pod | None:
        return next((pod for pod in self._pods.values() if pod.part == self._name and not pod.leaving), None)

    @property
    def name(self) -> str:
        """The Deployment's."""
        return self._name

    @property
    def pid(self) -> int | None:
        """Its pod's."""
        return self._pod.pid if self._pod else None

    @property
    def running(self) -> bool:
        """Whether it should run, and does."""
        return self._wanted > 0 and self._pod is not None and self._pod.running

    @property
    def restarts(self) -> int:
        """Its pod's."""
        return self._pod.restarts if self._pod else 0

    @property
    def started_at(self) -> float:
        """Its pod's."""
        return self._pod.started_at if self._pod else 0.0

    @property
    def last_end(self) -> str:
        """Its pod's."""
        return self._pod.last_end if self._pod else ""

    @property
    def starts_in(self) -> float | None:
        """Its pod's."""
        return self._pod.starts_in if self._pod else None

    @property
    def waits(self) -> str:
        """Its pod's."""
        return self._pod.waits if self._pod else ""

    async def memory(self) -> int | None:
        """Nobody asks."""
        return None

    async def start(self) -> None:
        """Scale it to one, and wait until that one is ready."""
        await self._scale(1)

        async def ready() -> bool:
            return self._pod is not None and self._pod.ready

        if not await until(ready, _READY_SECONDS):
            raise self.failure("was not ready in time")

    async def stop(self) -> None:
        """Scale it to nothing."""
        await self._scale(0)

        async def away() -> bool:
            return self._pod is None

        if not await until(away, _READY_SECONDS):
            raise self.failure("did not end in time")

    async def kill(self, why: str = "") -> None:  # noqa: ARG002 - the API tells no reason
        """Take its pod away; another comes."""
        if self._pod:
            await self._pod.stop()

    async def gone(self, pid: int, within: float) -> bool:
        """Whether that container has ended within so many seconds."""

        async def other() -> bool:
            return self.pid != pid

        return await until(other, within)

    def failure(self, what: str) -> StackError:
        """What went wrong with it."""
        return StackError(f"{self._name} {what}; see: kubectl describe deployment/{self._name}")

    async def _scale(self, replicas: int) -> None:
        change: dict[str, Any] = {"spec": {"replicas": replicas}}
        await self._cluster.patch("deployments", self._name, change, manager=PLATFORM_MANAGER, group=_APPS)
        self._wanted = replicas
