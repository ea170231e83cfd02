"""One client's connection: two sockets and a link for each direction between them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from gameday.faults.proxy.address import Address
from gameday.faults.proxy.link import Link
from gameday.faults.proxy.placed import Direction, PlacedToxic

DIAL_TIMEOUT = 5.0
"""Seconds that an upstream has to accept; then the client is closed."""

_log = logging.getLogger(__name__)

# Bytes are copied out in the same step of the loop in which they were read, so all sockets share one buffer.
_BUFFER = memoryview(bytearray(256 * 1024))
_SEND_BUFFER = 512 * 1024
_LINGER_ZERO = struct.pack("ii", 1, 0)


class End(asyncio.BufferedProtocol):
    """One of the two sockets."""

    def __init__(self, connection: Connection, inward: Link, outward: Link) -> None:
        """``inward`` takes what this socket reads, ``outward`` brings what it is to send."""
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._connection = connection
        self._inward = inward
        self._outward = outward

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self.transport = cast("asyncio.Transport", transport)
        if self._connection.dropped:
            self.transport.abort()
            return
        self.transport.set_write_buffer_limits(_SEND_BUFFER)
        self._outward.sink.attach(self.transport)
        self._inward.attach(self.transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's signature
        """Where the next bytes go."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes are in the buffer: take a copy, since a slow writer keeps what it was given."""
        self._inward.feed(bytes(_BUFFER[:nbytes]))

    def eof_received(self) -> bool:
        """The other side sends no more; True keeps the socket open for what it still has to get."""
        self._inward.end()
        return True

    def pause_writing(self) -> None:
        """Too much is waiting to be sent."""
        self._outward.sink.pause()

    def resume_writing(self) -> None:
        """Enough was sent."""
        self._outward.sink.resume()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """The socket is gone."""
        self.lost = True
        self._outward.sink.lost()
        self._inward.end()
        self._connection.lost_one()

    def reset_on_close(self) -> None:
        """Make the close to come a RST."""
        if self.transport is not None:
            with contextlib.suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO
                )


class Connection:
    """An accepted client and, when it could be dialled, its upstream."""

    def __init__(
        self, client: socket.socket, dice: random.Random, gone: Callable[[Connection], None]
    ) -> None:
        """``gone`` is called once, when both sockets are closed."""
        self.dropped = False
        self.closed = asyncio.Event()
        self._client: socket.socket | None = client
        self._dice = dice
        self._gone = gone
        self._links: Mapping[Direction, Link] = {}
        self._ends: Sequence[End] = ()
        self._opening: asyncio.Task[None] | None = None

    def open(self, upstream: Address, toxics: Callable[[], Iterable[PlacedToxic]]) -> None:
        """Begin to dial. ``toxics`` gives those that stand when the upstream has answered."""
        self._opening = asyncio.get_running_loop().create_task(self._open(upstream, toxics))
        self._opening.add_done_callback(self._opened)

    def link(self, direction: Direction) -> Link | None:
        """The link of a direction; None while the upstream is being dialled."""
        return self._links.get(direction)

    def reset(self) -> None:
        """End both sides with a RST."""
        for end in self._ends:
            end.reset_on_close()
        self.abort()

    def abort(self) -> None:
        """Drop both sides now; what has not been sent is lost."""
        self.dropped = True
        for end in self._ends:
            if end.transport is not None:
                end.transport.abort()
        if self._opening is not None:
            self._opening.cancel()

    def lost_one(self) -> None:
        """One of the sockets has closed."""
        if all(end.lost for end in self._ends):
            self._finish()

    async def _open(self, upstream: Address, toxics: Callable[[], Iterable[PlacedToxic]]) -> None:
        loop = asyncio.get_running_loop()

        def upstream_end() -> End:
            up, down = Link(self, self._dice), Link(self, self._dice)
            self._links = {Direction.UPSTREAM: up, Direction.DOWNSTREAM: down}
            for placed in toxics():
                self._links[placed.direction].add(placed)
            self._ends = (End(self, up, down), End(self, down, up))
            return self._ends[1]

        async with asyncio.timeout(DIAL_TIMEOUT):
            await loop.create_connection(upstream_end, upstream.host or "localhost", upstream.port)
        client, self._client = self._client, None  # from here on the transport owns the socket
        assert client is not None
        await loop.connect_accepted_socket(lambda: self._ends[0], client)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        self._opening = None
        if not opening.cancelled():
            problem = opening.exception()
            if problem is None:
                return
            _log.info("upstream not reached: %r", problem)
        if self._client is not None:
            self._client.close()
        self.abort()
        self._finish()

    def _finish(self) -> None:
        for link in self._links.values():
            link.stop()
        if not self.closed.is_set():
            self.closed.set()
            self._gone(self)
