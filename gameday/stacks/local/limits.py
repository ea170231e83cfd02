"""The memory a replica may use, and the end of one that uses more, as a platform would bring it about."""

from __future__ import annotations

import asyncio
import logging

from gameday.stacks.platform.catalog import MEMORY_LIMIT
from gameday.stacks.platform.rollout import AuthService

_EVERY_SECONDS = 0.1
"""The kernel ends such a process at once; looking seldom would end several together, or one long after another."""
_log = logging.getLogger(__name__)


async def keep_limits(service: AuthService) -> None:
    """End every replica that uses more than it may, for as long as this runs; it comes back by itself."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        for replica in service.replicas:
            used = await replica.child.memory()
            if used is not None and used > MEMORY_LIMIT:
                _log.error("%s ended: out of memory, %d of %d bytes", replica.name, used, MEMORY_LIMIT)
                await replica.child.kill("OOMKilled")
