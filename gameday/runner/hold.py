"""Keeping other runs off a stack: this user's by a lock on this machine, all others by a claim that the stack keeps."""

from __future__ import annotations

import asyncio
import contextlib
import secrets

from gameday.errors import Refused, StackError
from gameday.live import holding
from gameday.ports import Stack

_SECONDS = 15.0
"""How long it stays claimed when whoever claimed it has gone."""
_EVERY = 5.0


class Hold:
    """One run's. What was taken is given back by ``release``, while the stack answers, and then ``close``."""

    def __init__(self, stack: Stack, run: str) -> None:
        self._stack = stack
        self._run = run
        self._claim = secrets.token_hex(8)
        self._lock = contextlib.ExitStack()
        self._renewing: asyncio.Task[None] | None = None
        self._lost = ""

    async def take(self, name: str) -> None:
        """Hold the stack of this name.

        Raises:
            Refused: another run holds it. StackError: the stack does not answer.
        """
        self._lock.enter_context(holding(name))
        if holder := await self._stack.claim(self._run, self._claim, _SECONDS):
            raise Refused(
                f"run {holder} holds the stack {name}, from another machine or as another user; it lets go when "
                f"all is put back, and {_SECONDS:g} s after it has died at the latest"
            )
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while not self._lost:
            await asyncio.sleep(_EVERY)
            with contextlib.suppress(StackError):  # what cannot be asked, nobody else can take either
                self._lost = await self._stack.claim(self._run, self._claim, _SECONDS)

    def check(self) -> None:
        """See that no other run has taken it meanwhile. Raises StackError."""
        if self._lost:
            raise StackError(
                f"run {self._lost} holds the stack now: this one was not heard of for {_SECONDS:g} s"
            )

    async def release(self) -> None:
        """Let runs of other machines have it. Idempotent; where the stack cannot be asked, the claim lapses."""
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
            with contextlib.suppress(StackError):
                await self._stack.release(self._run)

    def close(self) -> None:
        """Let other runs of this user have it."""
        self._lock.close()
