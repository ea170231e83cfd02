"""How many warnings Kubernetes has told of a namespace: back-offs, failed probes, images that are not to be had."""

from __future__ import annotations

from gameday.stacks.kubernetes.cluster import Object


class Warnings:
    """Counts events; one that is told again says how often."""

    def __init__(self) -> None:
        self.total = 0
        self._counted: dict[str, int] = {}

    async def heard(self, item: Object, there: bool) -> None:
        """An event as it is now; what is forgotten after an hour has happened all the same."""
        if item.get("type") != "Warning":
            return
        uid = item["metadata"]["uid"]
        if not there:
            self._counted.pop(uid, None)
            return
        times = max(int(item.get("count") or 1), int((item.get("series") or {}).get("count") or 0))
        self.total += max(times - self._counted.get(uid, 0), 0)
        self._counted[uid] = times
