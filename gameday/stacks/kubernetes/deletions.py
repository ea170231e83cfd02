"""Who took a pod away. Kubernetes tells it of everybody but people: who is left over was somebody by hand.

A ReplicaSet tells it by an event; evictions, taints, preemption and the garbage collector by a condition of the pod; a
fault's own kills are said to the platform beforehand, and what the platform does it knows.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable

from gameday.stacks.kubernetes.cluster import Object
from gameday.stacks.kubernetes.pods import Pod

TOLD_SECONDS = 1.0
"""From a deletion until a ReplicaSet's event of it has come."""
_BY_CONTROLLER = "SuccessfulDelete"
_DISRUPTED = "DisruptionTarget"
_LAST_WORD = re.compile(r"\S+$")


class Deletions:
    """Tells of each pod that somebody has deleted by hand, and how many seconds ago."""

    def __init__(self, tell: Callable[[Pod, float], None]) -> None:
        self._tell = tell
        self._announced: set[str] = set()
        self._controlled: set[str] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def announce(self, uids: Iterable[str]) -> None:
        """These are about to be taken away, by who says so."""
        self._announced.update(uids)

    async def heard(self, item: Object, there: bool) -> None:
        """An event of the namespace."""
        if there and item.get("reason") == _BY_CONTROLLER:
            name = _LAST_WORD.search(str(item.get("message", "")))
            self._controlled.update([name[0]] if name else [])

    def left(self, pod: Pod) -> None:
        """A pod is on its way out. Call it in a running loop."""
        if pod.over or pod.ended_by_us:
            return
        task = asyncio.create_task(self._judge(pod, time.monotonic()))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _judge(self, pod: Pod, began: float) -> None:
        await asyncio.sleep(TOLD_SECONDS)
        if not (pod.uid in self._announced or pod.name in self._controlled or _disrupted(pod)):
            self._tell(pod, time.monotonic() - began)


def _disrupted(pod: Pod) -> bool:
    conditions = pod.shown.get("status", {}).get("conditions") or ()
    return any(row["type"] == _DISRUPTED and row["status"] == "True" for row in conditions)
