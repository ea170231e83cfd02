"""What a toxic is, and what it may do to the stream it sits on.

A toxic holds settings and no state, so one value serves every connection. What has come in for it waits in a
``Stub``, one for each connection, and stays there until the toxic passes it on: a toxic can be cancelled at
any ``await`` and no byte is lost or out of order.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar, NamedTuple, Protocol, Self

from gameday.faults.proxy.body import Fields


class Chunk(NamedTuple):
    """Bytes that arrived together."""

    data: memoryview
    at: float
    """When they arrived here, in monotonic seconds."""


class Stub(Protocol):
    """One toxic's place on one stream of one connection."""

    @property
    def passed(self) -> int:
        """Bytes passed on since the toxic was put here; changed settings do not clear it."""

    @property
    def dice(self) -> random.Random:
        """This place's own source of chance, seeded with the server."""

    async def peek(self) -> Chunk | None:
        """Wait for the oldest bytes and leave them where they are. None: the stream has ended."""

    async def pass_on(self, size: int | None = None) -> None:
        """Wait for room ahead, then pass on the first ``size`` bytes of the oldest (default: all)."""

    def drop(self) -> None:
        """Lose the oldest bytes."""

    async def wait_until(self, when: float) -> None:
        """Sleep until a monotonic time, or not at all."""

    def reset(self) -> None:
        """End both sides of the connection with a TCP RST, losing what is under way."""


@dataclass(frozen=True, slots=True)
class Toxic(ABC):
    """The settings of one kind of toxic: whole numbers, 0 unless given."""

    kind: ClassVar[str]
    """The ``type`` of the API."""
    holds: ClassVar[int] = 64 * 1024
    """Bytes that may wait here before the source is asked to pause."""
    ends_when_removed: ClassVar[bool] = False
    """Whether taking it away closes the connections it was working on."""

    @abstractmethod
    async def pipe(self, stub: Stub) -> None:
        """Pass on what comes in, until the stream ends. Returning ends the stream from here on."""

    def with_settings(self, given: Fields) -> Self:
        """These settings with the given ones changed. Raises ApiError for a value that is no whole number."""
        return replace(self, **{f.name: given.whole(f.name, getattr(self, f.name)) for f in fields(self)})

    def settings(self) -> dict[str, int]:
        """The ``attributes`` of the API."""
        return asdict(self)
