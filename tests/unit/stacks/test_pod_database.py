"""Who leads, as a platform that is younger than the servers finds out from what their keepers say."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aiohttp
import pytest

from gameday.errors import StackError
from gameday.stacks.kubernetes.database import PodDatabase, PodServer
from gameday.stacks.platform.failover import restore_servers

NOBODY = cast("aiohttp.ClientSession", None)
LEADS = {"running": True, "standby": False}
FOLLOWS = {"running": True, "standby": True}
DOWN = {"running": False, "standby": False}
LOST = {"running": False, "standby": False, "lost": True}


def database(first: dict[str, Any], second: dict[str, Any]) -> PodDatabase:
    """Both servers as their keepers tell of them."""
    made = PodDatabase({name: PodServer(name, "", "", "", NOBODY) for name in ("first", "second")}, 100, 0)
    for server, said in zip(made.servers.values(), (first, second), strict=True):
        server.child.state |= said
    made.find_leader()
    return made


@pytest.mark.parametrize(
    ("first", "second", "leader"),
    [
        (LEADS, FOLLOWS, "first"),
        (FOLLOWS, LEADS, "second"),
        (LOST, LEADS, "second"),
        (DOWN, FOLLOWS, "first"),  # nobody leads: it is to be brought back, or failed over from
        (LOST, FOLLOWS, "first"),
    ],
)
def test_it_is_whoever_takes_writes(first: dict[str, Any], second: dict[str, Any], leader: str) -> None:
    """One that is down leads still where nobody else does; one that lost its data can only follow."""
    assert database(first, second).leader.name == leader


def test_one_that_lost_its_data_is_not_waited_for() -> None:
    """It would start only once the other one leads, and that is said at once."""
    with pytest.raises(StackError, match="has lost its data: it can only follow, once the other one leads"):
        asyncio.run(database(LOST, FOLLOWS).leader.start())


def test_a_server_whose_pod_has_gone_is_not_taken_for_what_it_was() -> None:
    """Whoever restores waits for the keeper of the next one: it may have no data, and then another one must lead."""

    async def body() -> tuple[bool, bool, bool]:
        server = database(LEADS, FOLLOWS).leader
        server.heard = True
        server.left()
        after = (server.heard, server.child.running)

        async def lost() -> bool:
            return await server.found() and server.lost

        async def speak() -> None:
            server.child.state, server.heard = {**server.child.state, **LOST}, True

        found, _ = await asyncio.gather(lost(), speak())
        return (*after, found)

    assert asyncio.run(body()) == (False, False, True)


def test_nothing_is_restored_while_nobody_knows_what_has_become_of_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have lost its data: said with its name, instead of an act on what it was."""
    monkeypatch.setattr("gameday.stacks.kubernetes.database._BACK_SECONDS", 0.0)
    both = database(LEADS, FOLLOWS)
    both.servers["second"].heard = True
    wanted = {"first": {"server": "running"}}
    with pytest.raises(StackError, match="first has not come back"):
        asyncio.run(restore_servers(both, wanted))
