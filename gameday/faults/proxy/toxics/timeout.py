"""Swallows everything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class Timeout(Toxic):
    """Closes after ``timeout`` milliseconds without a byte; at 0 it swallows until it is removed."""

    kind = "timeout"
    ends_when_removed = True

    timeout: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Drop what comes, until the end or the time-out."""
        patience = self.timeout / 1000 if self.timeout > 0 else None
        while True:
            try:
                async with asyncio.timeout(patience):
                    chunk = await stub.peek()
            except TimeoutError:
                return
            if chunk is None:
                return
            stub.drop()
