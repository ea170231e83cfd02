"""The two database servers as one: which of them leads, what is asked of it, and the roles that everybody uses.

Roles: ``postgres`` (superuser, for the stack and the levers, by reserved slots), ``auth`` (the service's, ordinary
and with a connection limit below the server's), ``batch`` (of jobs beside the service, ordinary and without a limit)
and ``replicator``.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, LiteralString, TypeVar

from gameday.errors import StackError
from gameday.stacks.platform.server import Server

SERVICE_ROLE = "auth"
BATCH_ROLE = "batch"
ORDINARY_ROLES = (SERVICE_ROLE, BATCH_ROLE)
NAME = "postgres"
"""The database that is there from the start: another would copy all of a template, to both servers."""
RESERVED = 6
"""Connections that only superusers get: looks and levers work when everything else is taken."""
ROLE_GAP = 10
"""Sessions that are just signing in take a place before they count for their role."""
S = TypeVar("S", bound=Server)


class Database(ABC, Generic[S]):
    """Both servers; ``leader`` is the one that takes writes. Whoever changes them holds ``changing``."""

    def __init__(self, servers: Mapping[str, S], max_connections: int, privileged: int) -> None:
        self.servers = servers
        self.max_connections = max_connections
        self.privileged = privileged
        """Of these, those that only roles with ``pg_use_reserved_connections`` get."""
        self.changing = asyncio.Lock()
        self.leader = next(iter(servers.values()))

    @property
    def follower(self) -> S:
        """The one that does not lead."""
        first, second = self.servers.values()
        return second if self.leader is first else first

    @abstractmethod
    async def follow(self) -> None:
        """Make the follower anew from a copy of the leader and wait until it streams. Raises StackError."""

    async def leads(self) -> bool:
        """Whether the one that should take writes does."""
        try:
            return await self.leader.writable()
        except StackError:
            return False

    async def streams(self) -> bool:
        """Whether the leader streams its log to the follower."""
        try:
            return bool(await self.ask("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        except StackError:
            return False

    async def ask(
        self, query: LiteralString, values: Sequence[Any] = (), *, within: float = 3.0
    ) -> list[tuple[Any, ...]]:
        """Rows of a query, from whoever leads. Raises StackError past ``within`` seconds."""
        return await self.leader.ask(query, values, within=within)
