"""The system's objects in a namespace: applied by the server, looked at, taken away."""

from __future__ import annotations

import asyncio
import contextlib

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster, Gone, Object
from gameday.stacks.kubernetes.manifests import PART_OF, manifests
from gameday.stacks.kubernetes.names import ADAPTER_MANAGER, LIVE, SECRET
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.platform.passwords import fresh_passwords
from gameday.stacks.platform.waiting import until

DOWN_SECONDS = 90.0
_AGAIN_SECONDS = 0.2
_APPLY = "application/apply-patch+yaml"
_MADE = "org.gameday.made"
"""The annotation of what was applied: by whom, so that nobody takes away what another has brought."""


async def namespace_of(cluster: Cluster) -> Object | None:
    """The namespace itself; None where there is none."""
    try:
        found: Object = await cluster.ask("GET", f"/api/v1/namespaces/{cluster.namespace}")
    except Gone:
        return None
    return found


async def in_the_way(cluster: Cluster, *, alerting: bool) -> list[str]:
    """Objects of a namespace that have a name which ``apply`` would use, as ``Deployment/auth``."""
    wanted = [
        (path, f"{item['kind']}/{item['metadata']['name']}")
        for path, item in manifests(cluster.namespace, alerting=alerting)
        if item["kind"] != "Namespace"
    ]
    wanted += [(cluster.path("secrets", SECRET), f"Secret/{SECRET}")]
    found = await asyncio.gather(*(_read(cluster, path) for path, _ in wanted))
    return [name for (_, name), item in zip(wanted, found, strict=True) if item is not None]


async def apply(cluster: Cluster, by: str, *, made: bool, alerting: bool, registry: str) -> None:
    """All objects, server-side; with ``made`` the namespace too, which is ours then.

    Raises:
        There: the namespace, or its Secret, has come to be meanwhile. StackError: the cluster refuses.
    """
    for path, item in manifests(cluster.namespace, alerting=alerting, registry=registry):
        item["metadata"].setdefault("annotations", {})[_MADE] = by
        if item["kind"] != "Namespace":
            await cluster.ask("PATCH", path, item, _APPLY, fieldManager=ADAPTER_MANAGER, force="true")
            continue
        if made:
            await cluster.ask("POST", "/api/v1/namespaces", item)
        # The passwords, before anybody waits for them.
        metadata = {"name": SECRET, "labels": PART_OF, "annotations": {_MADE: by}}
        body = {"metadata": metadata, "stringData": fresh_passwords()}
        await cluster.ask("POST", cluster.path("secrets"), body)


async def take_away(cluster: Cluster, by: str) -> None:
    """What ``apply`` made by this name, and nothing else; wait until it is gone. Raises StackError."""
    found = await namespace_of(cluster)
    if found is None:
        return
    if _made(found) == by:
        await cluster.ask("DELETE", f"/api/v1/namespaces/{cluster.namespace}", {})

        async def gone() -> bool:
            await asyncio.sleep(_AGAIN_SECONDS)
            return await namespace_of(cluster) is None

    elif ours := await _ours(cluster, by):
        for path in ours:
            with contextlib.suppress(Gone):
                await cluster.ask("DELETE", path, {"propagationPolicy": "Background"})
        await cluster.delete("configmaps", LIVE)  # which the platform makes

        async def gone() -> bool:
            label = ",".join(f"{key}={value}" for key, value in PART_OF.items())
            await asyncio.sleep(_AGAIN_SECONDS)
            return not await cluster.listed("pods", labelSelector=label)

    else:
        return
    if not await until(gone, DOWN_SECONDS):
        raise StackError(f"{cluster.namespace} was not taken away within {DOWN_SECONDS:g} s")


async def _ours(cluster: Cluster, by: str) -> list[str]:
    """The paths of what was applied by this name, the last applied first."""
    paths = [
        path for path, item in manifests(cluster.namespace, alerting=True) if item["kind"] != "Namespace"
    ]
    paths = [cluster.path("secrets", SECRET), *paths]
    found = await asyncio.gather(*(_read(cluster, path) for path in paths))
    return [path for path, item in zip(paths, found, strict=True) if item and _made(item) == by][::-1]


async def _read(cluster: Cluster, path: str) -> Object | None:
    try:
        found: Object = await cluster.ask("GET", path)
    except Gone:
        return None
    return found


def _made(item: Object) -> str:
    return str((item["metadata"].get("annotations") or {}).get(_MADE, ""))


async def troubles(cluster: Cluster) -> list[tuple[str, str]]:
    """Pods that are not ready, and why, for a message."""
    pods = [Pod(cluster, item) for item in await cluster.listed("pods")]
    return [(pod.name, pod.trouble) for pod in pods if pod.trouble]
