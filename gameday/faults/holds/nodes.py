"""A node that is kept cordoned: it takes no new pods for as long as somebody watches."""

from __future__ import annotations

from chaosk8s.node.actions import cordon_node

from gameday.faults.actions.cluster import CORDONED_BY, api, let_take_pods, namespace, secrets
from gameday.faults.holder import Lease

_EVERY_SECONDS = 60.0


def keep_cordoned(lease: Lease, node: str) -> None:
    """Cordon it, say so, and let it take pods again at the end."""
    try:
        api().patch_node(node, {"metadata": {"annotations": {CORDONED_BY: namespace()}}})
        cordon_node(name=node, secrets=secrets())
        lease.say(node=node)
        while lease.lasts(_EVERY_SECONDS):
            pass
    finally:
        let_take_pods(node)
