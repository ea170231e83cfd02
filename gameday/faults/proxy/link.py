"""One direction of a connection: where bytes come in, the chain of toxics, the socket they go out to.

    source socket > Stage (first toxic) > Stage (second) > Sink > destination socket

Without toxics the source writes to the sink and there is no task. Stages are added, changed and removed
between two steps of the event loop, so these calls never wait, and no byte is lost or overtakes another.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from typing import Protocol

from gameday.faults.proxy.placed import PlacedToxic
from gameday.faults.proxy.stage import Outlet, Stage
from gameday.faults.proxy.toxics.base import Chunk


class Pair(Protocol):
    """What a link asks of its connection."""

    def reset(self) -> None:
        """End both sides with a RST."""

    def abort(self) -> None:
        """Drop both sides."""


class Sink:
    """The last in the chain: the destination's socket, perhaps not there yet."""

    def __init__(self, link: Link) -> None:
        self.room = asyncio.Event()
        self._link = link
        self._transport: asyncio.WriteTransport | None = None
        self._early: list[Chunk] = []
        self._paused = False
        self._ended = False

    @property
    def full(self) -> bool:
        """Whether the socket cannot take more now."""
        return not self._ended and (self._paused or self._transport is None)

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """The socket is there: what came early goes out first."""
        self._transport = transport
        early, self._early = self._early, []
        for chunk in early:
            transport.write(chunk.data)
        if self._ended:
            transport.close()
        self._has_room()

    def put(self, chunk: Chunk) -> None:
        """Send, or keep until the socket is there; bytes after the end are dropped."""
        if self._ended:
            return
        if self._transport is None:
            self._early.append(chunk)
            self._link.adjust()
        else:
            self._transport.write(chunk.data)

    def write(self, data: bytes) -> None:
        """The short way of ``put`` for bytes that no toxic has seen."""
        if self._transport is None or self._ended:
            self.put(Chunk(memoryview(data), 0))
        else:
            self._transport.write(data)

    def end(self) -> None:
        """Close the destination when everything is sent, in both directions, as Toxiproxy does."""
        if self._ended:
            return
        self._ended = True
        if self._transport is not None:
            self._transport.close()
        self._has_room()

    def pause(self) -> None:
        """The socket's buffer is full."""
        self._paused = True
        self._link.adjust()

    def resume(self) -> None:
        """The socket's buffer has room again."""
        self._paused = False
        self._has_room()

    def lost(self) -> None:
        """The socket is gone: what still comes is dropped."""
        self._ended = True
        self._has_room()

    def _has_room(self) -> None:
        if not self.full:
            self.room.set()
            self._link.adjust()


class Link:
    """Bytes from one end of a connection to the other, through the toxics of one direction."""

    def __init__(self, pair: Pair, dice: random.Random) -> None:
        """``dice`` seeds those of each stage, in order of creation."""
        self.sink = Sink(self)
        self.reset = pair.reset
        self.abort = pair.abort
        self._dice = dice
        self._stages: list[Stage] = []
        self._source: asyncio.ReadTransport | None = None
        self._ended = False

    def attach(self, source: asyncio.ReadTransport) -> None:
        """Bytes will come from this socket."""
        self._source = source
        self.adjust()

    def feed(self, data: bytes) -> None:
        """Bytes came in."""
        if self._stages:
            self._stages[0].put(Chunk(memoryview(data), time.monotonic()))
        else:
            self.sink.write(data)

    def end(self) -> None:
        """The source has no more."""
        if not self._ended:
            self._ended = True
            self._first.end()

    def adjust(self) -> None:
        """Let the source speak or make it wait, as the first in the chain has room."""
        if self._source is None or self._ended or self._source.is_closing():
            return
        if self._first.full:
            self._source.pause_reading()
        else:
            self._source.resume_reading()

    def add(self, placed: PlacedToxic) -> None:
        """Put a toxic at the end of the chain."""
        stage = Stage(placed, self.sink, self, random.Random(self._dice.random()))  # noqa: S311 - not a secret
        if self._stages:
            self._stages[-1].outlet = stage
        elif self._ended:
            stage.end()
        self._stages.append(stage)
        stage.start(placed)
        self.adjust()

    def update(self, placed: PlacedToxic) -> None:
        """Let the toxic of this name go on with other settings."""
        for stage in self._named([placed.name]):
            stage.start(placed)
        self.adjust()

    def remove(self, names: Iterable[str]) -> None:
        """Take toxics out of the chain; what they held goes on at once, ahead of what comes next."""
        for stage in self._named(names):
            where = self._stages.index(stage)
            if where > 0:
                self._stages[where - 1].outlet = stage.outlet
            self._stages.remove(stage)
            held, ended = stage.take_over()
            if stage.placed.toxic.ends_when_removed and not stage.spared:
                held, ended = (), True
            for chunk in held:
                stage.outlet.put(chunk)
            if ended:
                stage.outlet.end()
        self.adjust()

    def stop(self) -> None:
        """End every task; what they held is lost."""
        for stage in self._stages:
            stage.stop()

    @property
    def _first(self) -> Outlet:
        return self._stages[0] if self._stages else self.sink

    def _named(self, names: Iterable[str]) -> list[Stage]:
        wanted = frozenset(names)
        return [stage for stage in self._stages if stage.placed.name in wanted]
