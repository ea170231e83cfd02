"""Sessions of the database, by the role that holds them: counted, and ended.

Sessions of superusers and of the streaming replica are never ended here: they are the stack's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gameday.errors import StackError
from gameday.stacks.platform.database import BATCH_ROLE, Database
from gameday.stacks.platform.waiting import until

BATCH_SESSIONS = f"sessions.{BATCH_ROLE}"
"""The aspect of the inventory: how many sessions jobs beside the service have. None, where all is well."""
_GONE_SECONDS = 2.0


async def batch_sessions(database: Database[Any]) -> int:
    """How many sessions the batch role has; none where the database does not answer."""
    try:
        [(count,)] = await database.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (BATCH_ROLE,)
        )
    except StackError:
        return 0
    return int(count)


async def restore_batch_sessions(database: Database[Any], wanted: int) -> None:
    """End sessions of the batch role until there are no more than this; nobody can open those of a job.

    A job that is opening one while its others are ended has it a moment later. So it is looked twice, and ended
    again what came in between.

    Raises:
        StackError: they did not end, or others come for ever.
    """
    few = 0

    async def stay_few() -> bool:
        nonlocal few
        few = few + 1 if await batch_sessions(database) <= wanted else 0
        if not few:
            await end_sessions(database, [BATCH_ROLE], idle_for=0.0, idle_only=False)
        return few > 1

    if not await until(stay_few, _GONE_SECONDS):
        raise StackError(f"sessions of {BATCH_ROLE} are opened again, however often they are ended")


async def end_sessions(
    database: Database[Any], roles: Sequence[str], idle_for: float, *, idle_only: bool = True
) -> Mapping[str, int]:
    """End the sessions of these roles that have been in their state for so long; role -> how many ended.

    Args:
        database: where.
        roles: whose; a role with none is not in the answer.
        idle_for: seconds since they became what they are.
        idle_only: only those that wait for their client, outside a transaction.

    Raises:
        StackError: the database does not answer, or some did not end.
    """
    ended = await database.ask(
        "SELECT pid, usename, pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = ANY(%s) AND backend_type = 'client backend' AND (state = 'idle' OR NOT %s)"
        " AND now() - coalesce(state_change, backend_start) >= make_interval(secs => %s)",
        (list(roles), idle_only, idle_for),
    )
    pids = [pid for pid, _, _ in ended]

    async def gone() -> bool:
        return not await database.ask("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", (pids,))

    if not await until(gone, _GONE_SECONDS):
        raise StackError(f"not all of {len(pids)} sessions ended within {_GONE_SECONDS:g} s")
    return Counter(role for _, role, _ in ended)
