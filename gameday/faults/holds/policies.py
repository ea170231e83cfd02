"""A network policy that lets nobody reach some pods, for as long as somebody watches."""

from __future__ import annotations

from chaosk8s.networking.actions import create_network_policy, remove_network_policy

from gameday.faults.actions.cluster import NAME_LABEL, namespace, secrets
from gameday.faults.holder import Lease

_EVERY_SECONDS = 60.0
_OPERATED_AT = "keeper"
"""The port by its name in the manifests at which a database server is operated: to fail over must be possible."""


def keep_denied(lease: Lease, component: str, name: str) -> None:
    """Create it, say so, and remove it at the end."""
    spec = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {NAME_LABEL: component}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": _OPERATED_AT}]}],
        },
    }
    create_network_policy(spec=spec, ns=namespace(), secrets=secrets())
    try:
        lease.say(policy=name)
        while lease.lasts(_EVERY_SECONDS):
            pass
    finally:
        remove_network_policy(name, ns=namespace(), secrets=secrets())
