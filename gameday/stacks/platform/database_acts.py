"""What pulling a lever of the database does: who leads, and who runs, read back."""

from __future__ import annotations

from gameday.errors import StackError
from gameday.ports import LeverResult
from gameday.stacks.platform.failover import fail_over, read_servers, start_server
from gameday.stacks.platform.history import RESPONDER
from gameday.stacks.platform.inventory import LEADER
from gameday.stacks.platform.lever_table import Arguments
from gameday.stacks.platform.parts import Parts


async def fail_over_database(parts: Parts, arguments: Arguments) -> LeverResult:
    """Fence the server that leads and promote its standby."""
    name = arguments["service"]
    before = parts.database.leader.name
    changed = await fail_over(parts.database, name)
    leader = parts.database.leader.name
    parts.history.configured(RESPONDER, LEADER, before, leader)
    if not changed:
        return LeverResult(ok=True, did=f"{leader} leads already", changed=False)
    seen = await read_servers(parts.database)
    if [row["role"] for row in seen.values()].count("primary") != 1:
        raise StackError(f"not one server leads: {seen}")
    return LeverResult(ok=True, did=f"{leader} leads and is writable, {name} is fenced")


async def start_database(parts: Parts, arguments: Arguments) -> LeverResult:
    """Start a server, or let it go on."""
    name = arguments["service"]
    did = await start_server(parts.database, name)
    seen = (await read_servers(parts.database))[name]
    if seen["server"] != "running":
        raise StackError(f"{name} is {seen['server']} after its start")
    return LeverResult(ok=True, did=did or f"{name} runs already", changed=bool(did))
