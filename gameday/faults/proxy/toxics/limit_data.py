"""Closes after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class LimitData(Toxic):
    """``bytes`` pass on each connection, then it closes."""

    kind = "limit_data"

    bytes: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Pass on what is left of the limit."""
        while (chunk := await stub.peek()) is not None:
            left = self.bytes - stub.passed
            if left > 0:
                await stub.pass_on(min(left, len(chunk.data)))
            if stub.passed >= self.bytes:
                return
