"""The system's objects in a namespace: applied by the server, looked at, taken away."""

from __future__ import annotations

import asyncio
import contextlib

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster, Gone, Object
from gameday.stacks.kubernetes.manifests import PART_OF, manifests
from gameday.stacks.kubernetes.names import ADAPTER_MANAGER, SECRET
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.platform.passwords import fresh_passwords
from gameday.stacks.platform.waiting import until

DOWN_SECONDS = 90.0
_AGAIN_SECONDS = 0.2
_APPLY = "application/apply-patch+yaml"
_MADE = "org.gameday.made"
"""The annotation of a namespace that was made by us: it goes when the system goes."""


async def namespace_of(cluster: Cluster) -> Object | None:
    """The namespace itself; None where there is none."""
    try:
        found: Object = await cluster.ask("GET", f"/api/v1/namespaces/{cluster.namespace}")
    except Gone:
        return None
    return found


async def apply(cluster: Cluster, *, made: bool, alerting: bool) -> None:
    """All objects, server-side; with ``made`` the namespace too, which is ours then. Raises StackError."""
    for path, item in manifests(cluster.namespace, alerting=alerting):
        if item["kind"] == "Namespace":
            if not made:
                continue
            item["metadata"]["annotations"][_MADE] = "yes"
        await cluster.ask("PATCH", path, item, _APPLY, fieldManager=ADAPTER_MANAGER, force="true")
        if item["kind"] == "Namespace":
            # The passwords, before anybody waits for them.
            body = {"metadata": {"name": SECRET, "labels": PART_OF}, "stringData": fresh_passwords()}
            await cluster.ask("POST", cluster.path("secrets"), body)


async def take_away(cluster: Cluster) -> None:
    """What ``apply`` made, and wait until it is gone; a namespace that is ours goes with it. Raises StackError."""
    found = await namespace_of(cluster)
    if found is None:
        return
    if (found["metadata"].get("annotations") or {}).get(_MADE) == "yes":
        await cluster.ask("DELETE", f"/api/v1/namespaces/{cluster.namespace}", {})

        async def gone() -> bool:
            await asyncio.sleep(_AGAIN_SECONDS)
            return await namespace_of(cluster) is None

    else:
        for path, item in reversed(list(manifests(cluster.namespace, alerting=True))):
            if item["kind"] != "Namespace":
                with contextlib.suppress(Gone):
                    await cluster.ask("DELETE", path, {"propagationPolicy": "Background"})
        await cluster.delete("secrets", SECRET)

        async def gone() -> bool:
            label = ",".join(f"{key}={value}" for key, value in PART_OF.items())
            await asyncio.sleep(_AGAIN_SECONDS)
            return not await cluster.listed("pods", labelSelector=label)

    if not await until(gone, DOWN_SECONDS):
        raise StackError(f"{cluster.namespace} was not taken away within {DOWN_SECONDS:g} s")


async def troubles(cluster: Cluster) -> list[tuple[str, str]]:
    """Pods that are not ready, and why, for a message."""
    pods = [Pod(cluster, item) for item in await cluster.listed("pods")]
    return [(pod.name, pod.trouble) for pod in pods if pod.trouble]
