"""All proxies by name, and the changes that concern more than one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from gameday.faults.proxy.body import Fields
from gameday.faults.proxy.errors import ApiError, Reason
from gameday.faults.proxy.proxy import Proxy


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proxy as somebody asks for it."""

    name: str
    listen: str
    upstream: str
    enabled: bool

    @classmethod
    def read(cls, given: Fields, which: str = "") -> Self:
        """Raises ApiError (400); ``which`` says in the message which one of a list it is."""
        wanted = cls(
            given.text("name", ""),
            given.text("listen", ""),
            given.text("upstream", ""),
            given.flag("enabled", True),
        )
        for field, value in (("name", wanted.name), ("upstream", wanted.upstream)):
            if not value:
                raise ApiError(Reason.MISSING_FIELD, f"{field}{which}")
        return wanted

    @classmethod
    def read_all(cls, given: Sequence[Fields]) -> Sequence[Self]:
        """Every one of a list, before any is made. Raises ApiError (400)."""
        return [cls.read(one, f" at proxy {number}") for number, one in enumerate(given, 1)]


class ProxyCollection:
    """The whole state of the server. Changes that wait take turns."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._proxies: dict[str, Proxy] = {}
        self._turn = asyncio.Lock()

    @property
    def proxies(self) -> Mapping[str, Proxy]:
        """By name."""
        return MappingProxyType(self._proxies)

    def get(self, name: str) -> Proxy:
        """Raises ApiError (404)."""
        if name not in self._proxies:
            raise ApiError(Reason.NO_PROXY)
        return self._proxies[name]

    async def create(self, wanted: Wanted) -> Proxy:
        """Raises ApiError: 409 for a name that is taken, 500 when it cannot listen; then there is none."""
        async with self._turn:
            if wanted.name in self._proxies:
                raise ApiError(Reason.PROXY_EXISTS)
            return await self._make(wanted)

    async def change(self, name: str, given: Fields) -> Proxy:
        """Raises ApiError: 404, 400, or 500 when it cannot listen."""
        async with self._turn:
            proxy = self.get(name)
            await proxy.change(given)
            return proxy

    async def remove(self, name: str) -> None:
        """Raises ApiError (404)."""
        async with self._turn:
            proxy = self.get(name)
            del self._proxies[name]
            await proxy.stop()

    async def populate(self, wanted: Sequence[Wanted], done: list[Proxy]) -> None:
        """Make or replace each; one that has the same addresses already stays as it is, toxics and all.

        Puts the proxies into ``done`` one by one, so the caller has them when a later one fails.
        Raises ApiError (500) at the first that cannot listen.
        """
        async with self._turn:
            for one in wanted:
                there = self._proxies.get(one.name)
                if there is not None and not await there.differs(one.listen, one.upstream):
                    done.append(there)
                    continue
                if there is not None:
                    await there.stop()
                done.append(await self._make(one))

    async def reset(self) -> None:
        """Every proxy enabled, no toxics. Goes on after a proxy that cannot listen, then raises ApiError."""
        failures: list[ApiError] = []
        async with self._turn:
            for proxy in self._proxies.values():
                proxy.remove_toxics()
            for proxy in self._proxies.values():
                try:
                    await proxy.start()
                except ApiError as failure:
                    failures.append(failure)
        if failures:
            raise failures[0]

    async def close(self) -> None:
        """Stop everything."""
        for proxy in self._proxies.values():
            await proxy.stop()
        self._proxies.clear()

    async def _make(self, wanted: Wanted) -> Proxy:
        proxy = Proxy(wanted.name, wanted.listen, wanted.upstream, self._dice)
        if wanted.enabled:
            await proxy.start()
        self._proxies[wanted.name] = proxy
        return proxy
