"""Passes everything on. What a toxic does on a connection that its toxicity spared."""

from __future__ import annotations

from dataclasses import dataclass

from gameday.faults.proxy.toxics.base import Stub, Toxic


@dataclass(frozen=True, slots=True)
class Noop(Toxic):
    """Nothing happens."""

    kind = "noop"

    async def pipe(self, stub: Stub) -> None:
        """Pass on at once."""
        while await stub.peek() is not None:
            await stub.pass_on()
