"""Cuts what arrived together into small pieces."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class Slicer(Toxic):
    """Pieces of ``average_size`` +/- ``size_variation`` bytes, with ``delay`` microseconds after each."""

    kind = "slicer"

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Pass on piece by piece. Sizes that make no sense give pieces of one byte."""
        spread = max(0, self.size_variation)
        while (chunk := await stub.peek()) is not None:
            size = self.average_size + stub.dice.randint(-spread, spread)
            await stub.pass_on(min(len(chunk.data), max(1, size)))
            await stub.wait_until(time.monotonic() + self.delay / 1_000_000)
