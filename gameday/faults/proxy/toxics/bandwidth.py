"""Limits how fast bytes pass."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic

_SLICE = 0.1
"""Seconds: what is larger than this much of the rate goes out in pieces."""


@dataclass(frozen=True, slots=True)
class Bandwidth(Toxic):
    """``rate`` KB/s on each connection; at 0 nothing passes."""

    kind = "bandwidth"

    rate: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Pass on pieces, each when the line has had the time to carry it."""
        per_second = self.rate * 1000
        free = 0.0
        while (chunk := await stub.peek()) is not None:
            if per_second <= 0:
                await stub.wait_until(math.inf)
            size = min(len(chunk.data), max(1, int(per_second * _SLICE)))
            # A late timer is made up for, a line that stood idle is not: at most one slice of debt.
            free = max(free, chunk.at, time.monotonic() - _SLICE) + size / per_second
            await stub.wait_until(free)
            await stub.pass_on(size)
