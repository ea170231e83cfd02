"""One proxy: a listener, its upstream, its toxics, and the connections that stand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Iterator
from typing import Any

from gameday.faults.proxy.address import Address
from gameday.faults.proxy.body import Fields
from gameday.faults.proxy.connection import Connection
from gameday.faults.proxy.errors import ApiError, Reason
from gameday.faults.proxy.link import Link
from gameday.faults.proxy.placed import Direction, PlacedToxic

_CLOSING_TIMEOUT = 2.0
_ACCEPT_RETRY = 0.1
"""Seconds to wait when the process has no descriptors left."""

_log = logging.getLogger(__name__)


class Proxy:
    """A name, two addresses, toxics in two chains. Calls that wait must not overlap: the owner sees to it."""

    def __init__(self, name: str, listen: str, upstream: str, dice: random.Random) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self._dice = dice
        self._listener: socket.socket | None = None
        self._toxics: dict[str, PlacedToxic] = {}
        self._connections: set[Connection] = set()

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    def as_json(self) -> dict[str, Any]:
        """The API's form."""
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic.as_json() for toxic in self.toxics()],
        }

    # -- listening

    async def start(self) -> None:
        """Listen, unless it does. ``listen`` then says where. Raises ApiError (500) where it cannot."""
        if self._listener is not None:
            return
        try:
            self._listener = await Address.parse(self.listen).listen()
        except OSError as problem:
            reason = (problem.strerror or str(problem)).lower()
            raise ApiError(Reason.CANNOT_LISTEN, f"{self.listen}: {reason}") from problem
        self.listen = str(Address.of(self._listener))
        self._accept_from(self._listener)

    async def stop(self) -> None:
        """Refuse new connections and drop those that stand. Returns when they are closed."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        dropped = list(self._connections)
        for connection in dropped:
            connection.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_TIMEOUT):
                for connection in dropped:
                    await connection.closed.wait()

    async def differs(self, listen: str, upstream: str) -> bool:
        """Whether these addresses are others than its own. Raises ApiError (500) for one that is none."""
        try:
            resolved = await Address.parse(listen).resolved()
        except OSError as problem:
            raise ApiError(Reason.CANNOT_LISTEN, problem.strerror or str(problem)) from problem
        return (str(resolved), upstream) != (self.listen, self.upstream)

    async def change(self, given: Fields) -> None:
        """Other addresses, or enabled or not. New addresses drop the connections.

        Raises:
            ApiError: 400 before anything changed; 500 when it cannot listen, and is disabled now.
        """
        listen, upstream = given.text("listen", self.listen), given.text("upstream", self.upstream)
        enabled = given.flag("enabled", self.enabled)
        if await self.differs(listen, upstream):
            await self.stop()
            self.listen, self.upstream = listen, upstream
        if enabled:
            await self.start()
        else:
            await self.stop()

    def _accept_from(self, listener: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError as problem:
            _log.warning("%s cannot accept: %s", self.name, problem)
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(_ACCEPT_RETRY, self._accept_again, listener)
            return
        client.setblocking(False)
        try:
            upstream = Address.parse(self.upstream)
        except OSError as problem:
            _log.info("upstream %s: %s", self.upstream, problem)
            client.close()
            return
        connection = Connection(client, self._dice, self._connections.discard)
        self._connections.add(connection)
        connection.open(upstream, self.toxics)

    def _accept_again(self, listener: socket.socket) -> None:
        if listener is self._listener:
            self._accept_from(listener)

    # -- toxics: none of these wait, so none can hang under traffic

    def toxics(self) -> list[PlacedToxic]:
        """Upstream ones first, each stream's in order of creation."""
        order = list(Direction)
        return sorted(self._toxics.values(), key=lambda toxic: order.index(toxic.direction))

    def toxic(self, name: str) -> PlacedToxic:
        """Raises ApiError (404)."""
        if name not in self._toxics:
            raise ApiError(Reason.NO_TOXIC)
        return self._toxics[name]

    def add_toxic(self, given: Fields) -> PlacedToxic:
        """Place one, on standing connections too. Raises ApiError (400, 409) before anything changed."""
        placed = PlacedToxic.read(given, self._toxics)
        self._toxics[placed.name] = placed
        for link in self._links(placed.direction):
            link.add(placed)
        return placed

    def update_toxic(self, name: str, given: Fields) -> PlacedToxic:
        """Change settings or toxicity. Raises ApiError (404, 400) before anything changed."""
        placed = self.toxic(name).updated(given)
        self._toxics[name] = placed
        for link in self._links(placed.direction):
            link.update(placed)
        return placed

    def remove_toxic(self, name: str) -> None:
        """Raises ApiError (404)."""
        placed = self.toxic(name)
        del self._toxics[name]
        for link in self._links(placed.direction):
            link.remove([name])

    def remove_toxics(self) -> None:
        """Healthy again."""
        for name in list(self._toxics):
            self.remove_toxic(name)

    def _links(self, direction: Direction) -> Iterator[Link]:
        for connection in list(self._connections):
            link = connection.link(direction)
            if link is not None:
                yield link
