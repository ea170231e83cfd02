"""The cluster as chaosk8s reaches it: which namespace, by which context, and one client that is kept.

Imported with the modules that use it, which the child does when it is armed: chaosk8s costs a second.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from chaosk8s import create_k8s_api_client
from kubernetes import client

NAME_LABEL = "app.kubernetes.io/name"
CORDONED_BY = "org.gameday.cordoned-by"
"""The annotation of a node that is cordoned for a namespace's sake: whoever puts back finds it by that."""


def namespace() -> str:
    """Whose pods. Raises RuntimeError where the environment does not say."""
    found = os.environ.get("GAMEDAY_NAMESPACE", "")
    if not found:
        raise RuntimeError("GAMEDAY_NAMESPACE is not set: whose pods? see gameday stack env")
    return found


def secrets() -> dict[str, str]:
    """What chaosk8s needs to reach this very cluster, with its certificate checked."""
    found = {"KUBERNETES_VERIFY_SSL": "true"}
    if context := os.environ.get("GAMEDAY_CONTEXT", ""):
        found["KUBERNETES_CONTEXT"] = context
    return found


@cache
def api() -> Any:
    """A ``CoreV1Api``, made once: to read the kubeconfig and to shake hands takes longer than to ask.

    By its types every field may be missing; those that are read here are always there.
    """
    return client.CoreV1Api(create_k8s_api_client(secrets()))


def warmed() -> bool:
    """Ask something that costs nothing, so that the first act need not build a client and shake hands.

    Gives whether the cluster answered; why it did not is told by the act.
    """
    if not os.environ.get("GAMEDAY_NAMESPACE"):
        return False
    try:
        api().list_namespaced_pod(namespace(), limit=1)
    except Exception:  # noqa: BLE001 - whatever the libraries raise; nothing has been asked of us yet
        return False
    return True


def running(service: str) -> list[dict[str, Any]]:
    """Pods of a service that run and are not on their way out: ``name``, ``uid`` and ``node``, the oldest first."""
    found: list[Any] = api().list_namespaced_pod(namespace(), label_selector=f"{NAME_LABEL}={service}").items
    serving = [
        pod for pod in found if pod.status.phase == "Running" and pod.metadata.deletion_timestamp is None
    ]
    serving.sort(key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name))
    return [
        {"name": pod.metadata.name, "uid": pod.metadata.uid, "node": pod.spec.node_name} for pod in serving
    ]


def let_take_pods(node: str) -> None:
    """In one call through the connection that is kept: a holder whose runner is gone has half a second."""
    change = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": False}}
    api().patch_node(node, change)
