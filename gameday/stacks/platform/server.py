"""One PostgreSQL server, whatever it runs in: whether it leads or follows, and what is asked of it.

A server whose data holds PostgreSQL's own ``standby.signal`` never starts writable. So that file is also how a
server that was fenced stays fenced, whoever starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import AsyncConnection

from gameday.errors import StackError
from gameday.stacks.platform.program import Program

State = Literal["running", "frozen", "stopped", "unplugged", "silent"]
"""``unplugged``: taken off the network that requests take; ``silent``: it runs and does not answer."""
START_SECONDS = 20.0
QUERY_SECONDS = 3.0
_PROMOTE_SECONDS = 5


class Server(ABC):
    """``url`` is a superuser's, straight to it; ``child`` is what it runs in."""

    child: Program

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url
        self._kept: AsyncConnection[Any] | None = None
        self._asking = asyncio.Lock()

    @property
    @abstractmethod
    def frozen(self) -> bool:
        """Whether it stands still: it holds its port and answers nobody."""

    @property
    @abstractmethod
    def standby_on_disk(self) -> bool:
        """Whether it would start as a standby."""

    @property
    def lost(self) -> bool:
        """Whether it has no data any more, and can only become a copy of the other one."""
        return False

    @abstractmethod
    def mark(self, *, standby: bool) -> None:
        """Decide as what it starts from now on; one that runs stays what it is."""

    @abstractmethod
    async def start(self) -> None:
        """Start it, or let it go on, and wait until it answers. Raises StackError."""

    @abstractmethod
    async def end(self, *, gently: bool = False) -> None:
        """Stop it for good, at once, or ``gently`` after its standby has everything; nothing of it is left.

        One that is frozen gets its end before it goes on, so that it answers nothing in between.
        """

    @abstractmethod
    async def freeze(self) -> None:
        """Stop every process of it where it stands. Raises StackError where that cannot be read back."""

    async def found(self) -> bool:
        """Whether it is known what has become of it; waited for where that takes a while."""
        return True

    @property
    def unplugged(self) -> bool:
        """Whether it is off the network that requests take, while those who operate it still reach it."""
        return False

    async def unplug(self) -> None:
        """Take it off the network that requests take. Raises StackError where there is no such network."""
        raise StackError(f"{self.name} has no network of its own here that it could be taken off")

    async def promote(self) -> None:
        """Make a standby writable, and read that back. Raises StackError."""
        await self.ask("SELECT pg_promote(true, %s)", (_PROMOTE_SECONDS,), within=_PROMOTE_SECONDS + 1)
        if not await self.writable():
            raise self.child.failure("did not become writable")

    async def answers(self) -> bool:
        """Whether it takes a superuser's query."""
        try:
            await self.ask("SELECT 1")
        except StackError:
            return False
        return True

    async def writable(self) -> bool:
        """Whether it says that it leads. Raises StackError where it does not answer."""
        [(leads,)] = await self.ask("SELECT NOT pg_is_in_recovery()")
        return bool(leads)

    async def state(self) -> State:
        """What it does, read back."""
        if not self.child.running:
            return "stopped"
        if self.frozen:
            return "frozen"
        if self.unplugged:
            return "unplugged"
        return "running" if await self.answers() else "silent"

    async def ask(
        self, query: LiteralString, values: Sequence[Any] = (), *, within: float = QUERY_SECONDS
    ) -> list[tuple[Any, ...]]:
        """Rows of a query on the one superuser connection that is kept. Raises StackError past ``within`` seconds."""
        if not self.child.running or self.frozen:
            raise StackError(
                f"{self.name} does not answer the stack: it is {'frozen' if self.frozen else 'stopped'}"
            )
        try:
            async with asyncio.timeout(within), self._asking:
                kept = await self._connection()
                return await (await kept.execute(query, values)).fetchall()
        except (psycopg.Error, TimeoutError) as error:
            await self.close_kept()
            raise StackError(f"{self.name} does not answer the stack: {str(error) or 'no answer'}") from error

    async def connect(self) -> AsyncConnection[Any]:
        """A superuser's connection of the caller's own. Raises psycopg.Error."""
        return await AsyncConnection.connect(
            self._url, autocommit=True, application_name="gameday-supervisor", connect_timeout=2
        )

    async def close_kept(self) -> None:
        """Give the kept connection up; the next question opens another."""
        kept, self._kept = self._kept, None
        if kept:
            with contextlib.suppress(psycopg.Error):
                await kept.close()

    async def _connection(self) -> AsyncConnection[Any]:
        if self._kept is None or self._kept.closed:
            self._kept = await self.connect()
        return self._kept
