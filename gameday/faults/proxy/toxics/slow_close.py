"""Delays the end of the stream."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class SlowClose(Toxic):
    """The end comes ``delay`` milliseconds late; the bytes before it do not."""

    kind = "slow_close"

    delay: int = 0

    async def pipe(self, stub: Stub) -> None:
        """Pass on at once, then hold the end."""
        while await stub.peek() is not None:
            await stub.pass_on()
        await stub.wait_until(time.monotonic() + self.delay / 1000)
