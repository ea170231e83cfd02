"""One toxic at work on one stream of one connection: what has come in, and the task that passes it on."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from gameday.faults.proxy.placed import PlacedToxic
from gameday.faults.proxy.toxics.base import Chunk, Toxic
from gameday.faults.proxy.toxics.noop import Noop

_HOLDS_CHUNKS = 1024
"""A stage is full at this many chunks, however small, so that slices cannot eat the memory."""

_log = logging.getLogger(__name__)


class Outlet(Protocol):
    """What stands ahead of a stage: the next one, or the socket. Nothing may be put after the end."""

    @property
    def full(self) -> bool:
        """Whether to wait before putting more. Never a reason to lose anything: a put always succeeds."""

    @property
    def room(self) -> asyncio.Event:
        """Set when it stopped being full."""

    def put(self, chunk: Chunk) -> None:
        """Take bytes."""

    def end(self) -> None:
        """No more bytes come."""


class Owner(Protocol):
    """What a stage asks of the link it is part of."""

    def adjust(self) -> None:
        """A stage became full or has room again."""

    def reset(self) -> None:
        """End both sides of the connection with a RST."""

    def abort(self) -> None:
        """Drop the connection."""


class Stage:
    """The ``Stub`` that a toxic works on, and the ``Outlet`` of whatever stands before it."""

    def __init__(self, placed: PlacedToxic, outlet: Outlet, owner: Owner, dice: random.Random) -> None:
        """The task starts with ``start``; a toxic spares the connection when the dice say so."""
        self.outlet = outlet
        self.room = asyncio.Event()
        self.dice = dice
        self.passed = 0
        self._owner = owner
        self._inbox: deque[Chunk] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self.placed = placed
        self._toxic: Toxic = Noop()

    @property
    def spared(self) -> bool:
        """Whether the toxic leaves this connection alone."""
        return isinstance(self._toxic, Noop)

    def start(self, placed: PlacedToxic) -> None:
        """Begin, or go on with new settings and a new throw of the dice; what has come in stays."""
        self.stop()
        self.placed = placed
        self._toxic = placed.toxic if self.dice.random() < placed.toxicity else Noop()
        self._task = asyncio.get_running_loop().create_task(self._run(self._toxic))

    def stop(self) -> None:
        """Cancel the toxic where it stands. It never runs again, not even when it was about to."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def take_over(self) -> tuple[Sequence[Chunk], bool]:
        """Stop, and hand out what has not been passed on, and whether the end has come in."""
        self.stop()
        held = tuple(self._inbox)
        self._inbox.clear()
        self._size = 0
        self.room.set()
        return held, self._ended

    # -- the Outlet of what stands before

    @property
    def full(self) -> bool:
        """Whether to wait before putting more."""
        return self._size >= self.placed.toxic.holds or len(self._inbox) >= _HOLDS_CHUNKS

    def put(self, chunk: Chunk) -> None:
        """Take bytes; those after the end are dropped."""
        if self._ended:
            return
        self._inbox.append(chunk)
        self._size += len(chunk.data)
        self._arrived.set()
        if self.full:
            self._owner.adjust()

    def end(self) -> None:
        """No more bytes come."""
        self._ended = True
        self._arrived.set()

    # -- the Stub of the toxic

    async def peek(self) -> Chunk | None:
        """Wait for the oldest bytes and leave them where they are. None: the stream has ended."""
        while not self._inbox:
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._inbox[0]

    async def pass_on(self, size: int | None = None) -> None:
        """Wait for room ahead, then pass on the first ``size`` bytes of the oldest (default: all)."""
        while self.outlet.full:
            self.outlet.room.clear()
            await self.outlet.room.wait()
        data = self._inbox[0].data
        part = data if size is None else data[:size]
        rest = data[len(part) :]
        if rest:
            self._inbox[0] = self._inbox[0]._replace(data=rest)
        else:
            self._inbox.popleft()
        self.passed += len(part)
        self.outlet.put(Chunk(part, time.monotonic()))
        self._took(len(part))

    def drop(self) -> None:
        """Lose the oldest bytes."""
        self._took(len(self._inbox.popleft().data))

    async def wait_until(self, when: float) -> None:
        """Sleep until a monotonic time; lets others work even when that time has passed."""
        await asyncio.sleep(when - time.monotonic())
        while (left := when - time.monotonic()) > 0:  # noqa: ASYNC110 - timers may be coarser than the clock
            await asyncio.sleep(left)

    def reset(self) -> None:
        """End both sides of the connection with a TCP RST, losing what is under way."""
        self._owner.reset()

    def _took(self, size: int) -> None:
        self._size -= size
        if not self.full:
            self.room.set()
            self._owner.adjust()

    async def _run(self, toxic: Toxic) -> None:
        try:
            await toxic.pipe(self)
        except Exception:  # noqa: BLE001 - logged, and the connection pays for it
            _log.exception("toxic %s failed: connection dropped", self.placed.name)
            self._owner.abort()
            return
        self._end_here()

    def _end_here(self) -> None:
        """The toxic has ended the stream: what is or comes in is lost."""
        self._ended = True
        self._inbox.clear()
        self._size = 0
        self.room.set()
        self._owner.adjust()
        self.outlet.end()
