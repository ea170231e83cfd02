"""The memory a replica may use, and the end of one that uses more, as a platform would bring it about."""

from __future__ import annotations

import asyncio
import logging

import psutil

from gameday.stacks.local.child import Child
from gameday.stacks.local.rollout import AuthService

MEMORY_LIMIT = 256 * 2**20
"""Bytes for each replica; one at rest uses about a quarter of it."""
_EVERY_SECONDS = 0.1
"""The kernel ends such a process at once; looking seldom would end several together, or one long after another."""
_log = logging.getLogger(__name__)


def memory_of(child: Child) -> int | None:
    """Bytes that a program uses now; None where it does not run."""
    if child.pid is None:
        return None
    try:
        used: int = psutil.Process(child.pid).memory_info().rss
    except psutil.NoSuchProcess:
        return None
    return used


async def keep_limits(service: AuthService) -> None:
    """End every replica that uses more than it may, for as long as this runs; it comes back by itself."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        for replica in service.replicas:
            used = memory_of(replica.child)
            if used is not None and used > MEMORY_LIMIT:
                _log.error("%s ended: out of memory, %d of %d bytes", replica.name, used, MEMORY_LIMIT)
                replica.child.kill("OOMKilled")
