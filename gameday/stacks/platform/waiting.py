"""Waiting for something that other processes bring about, within a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_EVERY_SECONDS = 0.02


async def until(holds: Callable[[], Awaitable[bool]], within: float) -> bool:
    """Ask again and again; whether it came true in so many seconds. What ``holds`` raises ends the wait."""
    deadline = time.monotonic() + within
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_EVERY_SECONDS)
    return True
