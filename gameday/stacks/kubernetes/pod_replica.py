"""One pod of the auth service's Deployment as a replica of it."""

from __future__ import annotations

import aiohttp

from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.platform.catalog import Spec
from gameday.stacks.platform.replica import Replica

_PORT = 8080


class PodReplica(Replica):
    """Made and ended by its ReplicaSet; asked as any other replica is."""

    child: Pod

    def __init__(self, pod: Pod, spec: Spec, *, admin_token: str, client: aiohttp.ClientSession) -> None:
        super().__init__(pod.name, 0, spec, "", admin_token=admin_token, client=client)
        self.child = pod

    @property
    def url(self) -> str:
        """Its own address; a pod has none until it has been given a node."""
        return f"http://{self.child.address or '0.0.0.0'}:{_PORT}"  # noqa: S104 - nobody answers there

    @url.setter
    def url(self, _: str) -> None:
        """Told by the pod alone."""

    async def end(self) -> None:
        """Take the pod away; its ReplicaSet brings another where one is missing."""
        await self.child.stop()
