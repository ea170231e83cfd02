"""Where a namespace's Services are reached from here: as the project says, by name in a pod, else at node ports."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster, Object

Port: TypeAlias = tuple[str, str]
"""A Service and one of its ports, by their names."""
Place: TypeAlias = tuple[str, int]
"""A host and a port."""

_KNOCK_SECONDS = 1.0


IN_CLUSTER = "in-cluster"
"""What ``gameday.toml`` calls the cluster of the pod that gameday runs in."""


def inside(context: str) -> bool:
    """Whether a context means the cluster of the pod that this runs in, by that pod's account."""
    return context == IN_CLUSTER and "KUBERNETES_SERVICE_HOST" in os.environ


async def places(
    cluster: Cluster,
    services: Mapping[str, Object],
    wanted: Mapping[Port, int],
    given: Mapping[str, str],
    *,
    by_name: bool = False,
) -> Mapping[Port, Place]:
    """Where each port is reached.

    Args:
        cluster: the namespace.
        services: its Services by name.
        wanted: the ports, and their numbers inside the cluster.
        given: Service -> ``host:port`` or a URL, as the project says; those are not looked for.
        by_name: whether this runs in a pod of the cluster, which finds Services by their names.

    Raises:
        StackError: no node answers at a port that is to be looked for.
    """
    found = {key: _place(given[key[0]]) for key in wanted if key[0] in given}
    left = {key: number for key, number in wanted.items() if key not in found}
    if by_name:
        return found | {key: (f"{key[0]}.{cluster.namespace}", number) for key, number in left.items()}
    if left:
        host = await _node(cluster, services, next(iter(left)))
        found |= {key: (host, _node_port(services, key)) for key in left}
    return found


async def answers(place: Place) -> bool:
    """Whether somebody takes a connection there, within a second."""
    try:
        async with asyncio.timeout(_KNOCK_SECONDS):
            _, writer = await asyncio.open_connection(*place)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _place(text: str) -> Place:
    """Of ``host:port``, or of a URL."""
    parts = urlsplit(text if "://" in text else f"http://{text}")
    return str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)


def _node_port(services: Mapping[str, Object], key: Port) -> int:
    service, name = key
    ports = {port["name"]: int(port.get("nodePort", 0)) for port in services[service]["spec"]["ports"]}
    if not ports.get(name):
        raise StackError(
            f"the service {service} has no node port, and addresses in gameday.toml does not say where it is reached"
        )
    return ports[name]


async def _node(cluster: Cluster, services: Mapping[str, Object], key: Port) -> str:
    """A node that answers at a port: this machine, or one by its address, as far as we may know them."""
    port = _node_port(services, key)
    for host in ("127.0.0.1", *await _nodes(cluster)):
        if await answers((host, port)):
            return host
    raise StackError(
        f"no node answers at port {port}, the node port of {key[0]}: make node ports reachable, say where services "
        "are reached (addresses in gameday.toml), or run gameday inside the cluster"
    )


async def _nodes(cluster: Cluster) -> list[str]:
    try:
        items = (await cluster.ask("GET", "/api/v1/nodes"))["items"]
    except StackError:
        return []
    return [
        row["address"] for item in items for row in item["status"]["addresses"] if row["type"] != "Hostname"
    ]
