"""A node drained of one service: cordoned, and the service's pods on it evicted, as for a node's maintenance.

chaosk8s drains a node of every pod there is, whoever it belongs to, waits in steps of 10 s, and takes a disruption
budget that says "not now" for a failure. So it cordons here, and the evictions are ours: of one service in one
namespace, each asked for again until the budget allows it. A node is everybody's, so it must be named in
``gameday.toml``.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from gameday.faults.actions import holding
from gameday.faults.actions.cluster import CORDONED_BY, api, let_take_pods, namespace, running

__all__ = ["drain", "is_cordoned", "uncordon"]

HOLD = "gameday.faults.holds.nodes:keep_cordoned"
"""What keeps the node cordoned while somebody watches."""
_EVICT_SECONDS = 40.0
_AGAIN_SECONDS = 0.2
_NOT_NOW, _GONE = 429, 404


def drain(service: str, lease: str = "10s") -> list[str]:
    """Cordon the allowed node with most pods of a service, and evict those; gives the node and who was evicted.

    Args:
        service: whose pods, by their label ``app.kubernetes.io/name``.
        lease: how long the node stays cordoned when nobody watches any more.

    Raises:
        RuntimeError: there is no other node to go to, no node may be cordoned, or the disruption budget or the
            cluster refused to the end.
    """
    node = _chosen(service)
    victims = [pod for pod in running(service) if pod["node"] == node]
    holding.hold(HOLD, lease, node=node)
    for pod in victims:
        _evict(pod["name"], pod["uid"])
    return [f"node {node}", *(f"{pod['name']} (uid {pod['uid']})" for pod in victims)]


def is_cordoned() -> str:
    """The nodes that are cordoned for this namespace's sake, by whichever process; else empty."""
    return " ".join(
        node.metadata.name for node in api().list_node().items if _is_ours(node) and _unschedulable(node)
    )


def uncordon() -> bool:
    """Let the node take pods again. Raises RuntimeError where it does not."""
    holding.let_go(HOLD)
    for node in api().list_node().items:
        if _is_ours(node):  # its holder was killed, or could not reach the cluster
            let_take_pods(node.metadata.name)
    if left := is_cordoned():
        raise RuntimeError(f"{left} takes no pods still; see: kubectl uncordon {left}")
    return True


def _chosen(service: str) -> str:
    """Of the nodes that may be cordoned, the one with most pods of the service. Raises RuntimeError."""
    takes = [node.metadata.name for node in api().list_node().items if _takes_pods(node)]
    if len(takes) < 2:  # noqa: PLR2004 - one to leave, one to go to
        raise RuntimeError(
            f"only {' '.join(takes) or 'no node'} takes pods here: whoever is evicted would have nowhere to go"
        )
    allowed = os.environ.get("GAMEDAY_NODES", "").split()
    if not allowed:
        raise RuntimeError(
            "no node may be cordoned, since a node is everybody's: name those that may be as nodes = [...] beside the "
            "namespace in gameday.toml"
        )
    hosts = Counter(
        pod["node"] for pod in running(service) if pod["node"] in allowed and pod["node"] in takes
    )
    if not hosts:
        raise RuntimeError(
            f"no pod of {service} in {namespace()} runs on a node that may be cordoned: {', '.join(allowed)}"
        )
    return str(max(sorted(hosts), key=lambda node: hosts[node]))


def _evict(name: str, uid: str) -> None:
    """As ``kubectl drain`` does: again and again until the disruption budget allows it, and until it is gone."""
    body = client.V1Eviction(
        metadata=client.V1ObjectMeta(name=name, namespace=namespace()),
        delete_options=client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid)),
    )
    deadline = time.monotonic() + _EVICT_SECONDS
    asked = False
    while time.monotonic() < deadline:
        try:
            if not asked:
                api().create_namespaced_pod_eviction(name, namespace(), body)
                asked = True
            if api().read_namespaced_pod(name, namespace()).metadata.uid != uid:
                return
        except ApiException as problem:
            if problem.status == _GONE:
                return
            if problem.status != _NOT_NOW:
                raise RuntimeError(f"{name} was not evicted: {problem.status} {problem.reason}") from None
        time.sleep(_AGAIN_SECONDS)
    why = "is still there" if asked else "may not be evicted: its disruption budget allows none"
    raise RuntimeError(f"{name} {why} after {_EVICT_SECONDS:g} s")


def _is_ours(node: Any) -> bool:
    return bool((node.metadata.annotations or {}).get(CORDONED_BY) == namespace())


def _unschedulable(node: Any) -> bool:
    return bool(node.spec.unschedulable)


def _takes_pods(node: Any) -> bool:
    ready = any(row.type == "Ready" and row.status == "True" for row in node.status.conditions or ())
    return ready and not _unschedulable(node)
