"""Delays everything, without limiting how much is under way."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class Latency(Toxic):
    """``latency`` +/- ``jitter`` milliseconds."""

    kind = "latency"
    holds = 16 * 1024 * 1024

    latency: int = 0
    jitter: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Pass each chunk on when it has been here long enough; jitter never changes the order."""
        while (chunk := await stub.peek()) is not None:
            await stub.wait_until(chunk.at + self._delay(stub.dice))
            await stub.pass_on()

    def _delay(self, dice: random.Random) -> float:
        spread = dice.uniform(-self.jitter, self.jitter) if self.jitter > 0 else 0
        return (self.latency + spread) / 1000
