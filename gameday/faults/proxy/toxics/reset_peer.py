"""Resets the connection."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class ResetPeer(Toxic):
    """A TCP RST, ``timeout`` milliseconds after the first bytes (or the end) come along."""

    kind = "reset_peer"

    timeout: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Wait for a sign of life, then for the time-out, then reset."""
        await stub.peek()
        await stub.wait_until(time.monotonic() + self.timeout / 1000)
        stub.reset()
