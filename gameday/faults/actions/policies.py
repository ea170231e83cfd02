"""Pods that nobody may reach, by a network policy; refused where nothing in the cluster enforces one."""

from __future__ import annotations

import time

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from gameday.faults.actions import holding
from gameday.faults.actions.cluster import api, namespace
from gameday.faults.actions.control import ask

__all__ = ["allow", "deny", "is_denied"]

HOLD = "gameday.faults.holds.policies:keep_denied"
"""What keeps the policy there while somebody watches."""
POLICY = "gameday-deny-{}"
"""A policy for each component."""
_ENFORCED_SECONDS = 8.0
_AGAIN_SECONDS = 0.2
_GONE = 404


def deny(component: str, lease: str = "10s") -> str:
    """Let nobody open a connection to a component's pods; gives how that was seen.

    Args:
        component: ``identity-provider``, ``database`` or ``database-replica``.
        lease: how long that goes on when nobody watches any more.

    Raises:
        RuntimeError: nothing enforces it, or it could not be reached even before.
    """
    if is_denied(component):
        raise RuntimeError(f"{component} cannot be reached as it is")
    holding.hold(HOLD, lease, component=component, name=POLICY.format(component))
    deadline = time.monotonic() + _ENFORCED_SECONDS
    while not (said := is_denied(component)):
        if time.monotonic() > deadline:
            holding.let_go(HOLD)
            raise RuntimeError(
                f"{component} is still reached {_ENFORCED_SECONDS:g} s after a policy that denies it: nothing in this "
                "cluster enforces network policies (a network plugin such as Calico or Cilium would)"
            )
        time.sleep(_AGAIN_SECONDS)
    return said


def is_denied(component: str) -> str:
    """How the platform fails to reach the component directly; empty where it does reach it."""
    answer = ask("GET", "/looks/dependencies")
    for name, asked, healthy, _, detail in answer["rows"]:
        if name == component and asked == "directly":
            return "" if healthy else f"{component}: {detail}"
    raise ValueError(
        f"component: '{component}' is none of {', '.join(sorted({row[0] for row in answer['rows']}))}"
    )


def allow(component: str) -> bool:
    """Take the policy away, and wait until the component is reached again. Raises RuntimeError where it is not."""
    holding.let_go(HOLD)
    policies, policy = client.NetworkingV1Api(api().api_client), POLICY.format(component)
    try:
        policies.delete_namespaced_network_policy(policy, namespace())  # its holder was killed
    except ApiException as problem:
        if problem.status != _GONE:
            raise RuntimeError(f"the network policy {policy}: {problem.status} {problem.reason}") from None
    deadline = time.monotonic() + _ENFORCED_SECONDS
    while said := is_denied(component):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not reached again after {_ENFORCED_SECONDS:g} s: {said}")
        time.sleep(_AGAIN_SECONDS)
    return True
