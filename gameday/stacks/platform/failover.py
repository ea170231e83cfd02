"""Which of the two database servers leads: read back, handed over, and brought back to where it was.

One change at a time. A leader is fenced before another is made: marked so that it cannot start writable, then
ended; a leader that is well hands everything over to its standby first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from gameday.errors import InputError, StackError
from gameday.ports import Json, Things
from gameday.stacks.platform.catalog import STANDBY
from gameday.stacks.platform.database import Database, S
from gameday.stacks.platform.server import Server
from gameday.stacks.platform.waiting import until

WAYS_OUT = ("stop", "kill", "freeze", "unplug")
SERVER_ASPECTS = ("server", "role")
STANDBY_ASPECTS = (*SERVER_ASPECTS, "replication")
_REJOIN_SECONDS = 3.0
"""After its leader is back, a standby asks again every 0.2 s."""


async def read_servers(database: Database[Any]) -> dict[str, dict[str, Json]]:
    """Each server's state and role, and whether the one that leads streams to the other."""
    found = {name: await _read(server) for name, server in database.servers.items()}
    leads = found[database.leader.name]["server"] == "running" and await database.streams()
    found[STANDBY]["replication"] = "streaming" if leads else "stopped"
    return found


async def fail_over(database: Database[Any], name: str) -> bool:
    """See to it that this server leads no more: fence it and promote the other; False where it did not lead.

    Raises:
        StackError: the other cannot take over, nothing was done; or it did not become writable.
    """
    async with database.changing:
        if database.leader.name != name:
            return False
        heir = database.follower
        if await heir.state() != "running":
            raise StackError(f"{heir.name} cannot take over: it is {await heir.state()}")
        await _hand_over(database)
        return True


async def start_server(database: Database[Any], name: str) -> str:
    """Bring one server to run: what was done, empty where it ran already.

    One that does not lead is made anew as a standby, since what it holds may be of another history.
    """
    async with database.changing:
        server = database.servers[name]
        before = await server.state()
        if server is database.leader:
            if before == "running":
                return ""
            await _start_leader(database)
            return f"{name} {'started' if before == 'stopped' else 'goes on'}, it was {before}"
        if before == "running" and await database.streams():
            return ""
        await _must_lead(database)
        await database.follow()
        return f"{name} made anew as a standby of {database.leader.name}"


async def take_out(database: Database[Any], name: str, how: str) -> None:
    """Take one server away: ``stop`` it in order, ``kill`` it as a crash would, ``freeze`` or ``unplug`` it.

    Raises:
        InputError: there is no such way; nothing was done.
        StackError: it could not be done.
    """
    async with database.changing:
        server = database.servers[name]
        match how:
            case "stop":
                await server.end(gently=True)
            case "kill":
                await server.end()
            case "freeze":
                await server.freeze()
            case "unplug":
                await server.unplug()
            case _:
                raise InputError(f"how: '{how}' is none of {', '.join(WAYS_OUT)}")


async def restore_servers(database: Database[Any], things: Things) -> None:
    """Bring servers and roles to these states, whatever is there now.

    Raises:
        InputError: both are to lead, or neither; nothing was done.
        StackError: one did not come to its state.
    """
    wanted = {name: things.get(name, {}) for name in database.servers}
    if not any(aspect in row for row in wanted.values() for aspect in STANDBY_ASPECTS):
        return
    async with database.changing:
        named = {database.leader.name, *(name for name, row in wanted.items() if row)}
        found = await asyncio.gather(*(database.servers[name].found() for name in named))
        for name, is_found in zip(named, found, strict=True):
            if not is_found:
                raise database.servers[name].child.failure("has not come back")
        if database.leader.lost:
            await database.follower.promote()
            database.leader = database.follower
        heir = _to_lead(database, wanted)
        if heir is not database.leader:
            await _switch(database)
        for server in (database.leader, database.follower):
            await _bring(database, server, wanted[server.name].get("server"))
        if wanted[STANDBY].get("replication") == "streaming" and not await database.streams():
            await _must_lead(database)
            await database.follow()


async def _read(server: Server) -> dict[str, Json]:
    state = await server.state()
    leads = await server.writable() if state in {"running", "unplugged"} else not server.standby_on_disk
    return {"server": state, "role": "primary" if leads else "standby"}


def _to_lead(database: Database[S], wanted: Mapping[str, Mapping[str, Json]]) -> S:
    roles = {name: row["role"] for name, row in wanted.items() if "role" in row}
    if len(roles) == len(wanted) and len(set(roles.values())) == 1:
        both = roles[STANDBY]
        raise InputError(f"one database server leads and the other follows: they cannot both be {both}")
    for name, role in roles.items():
        leads = role == "primary"
        if leads is not (name == database.leader.name):
            return database.follower
    return database.leader


async def _switch(database: Database[Any]) -> None:
    """Swap the roles, without loss, with a moment's pause; the one that led follows afterwards."""
    heir = database.follower
    if await heir.state() != "running" or not await database.streams():
        await _must_lead(database)
        await database.follow()
    await _hand_over(database)
    await database.follow()


async def _hand_over(database: Database[Any]) -> None:
    old, heir = database.leader, database.follower
    with contextlib.suppress(StackError):
        # So that little is left to write while nobody leads; one that is gone or frozen has nothing to say.
        await old.ask("CHECKPOINT")
    old.mark(standby=True)
    await old.end(gently=True)
    await heir.promote()
    database.leader = heir


async def _must_lead(database: Database[Any]) -> None:
    if await database.leader.state() != "running":
        await _start_leader(database)


async def _start_leader(database: Database[Any]) -> None:
    """The standby, where it runs, is waited for: it follows again by itself."""
    # A fence that nobody took over behind is lifted.
    database.leader.mark(standby=False)
    await database.leader.start()
    if database.follower.child.running and not database.follower.frozen:
        await until(database.streams, _REJOIN_SECONDS)


async def _bring(database: Database[Any], server: Server, state: Json) -> None:
    if state == "stopped":
        await server.end()
    elif state == "frozen":
        await server.freeze()
    elif state == "unplugged":
        await server.unplug()
    elif state == "running" and await server.state() != "running":
        if server is database.leader:
            await _start_leader(database)
        elif server.frozen or server.unplugged:
            await server.start()
            await until(database.streams, _REJOIN_SECONDS)
        else:
            await _must_lead(database)
            await database.follow()
