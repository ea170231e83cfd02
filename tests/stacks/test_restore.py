"""Putting things back whatever is there: faults in the proxy, things switched off, a proxy that hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import aiohttp
import pytest

from gameday.errors import StackError
from gameday.levers import read_call
from gameday.ports import Json, Things, Topic
from gameday.stacks.local.adapter import LocalStack
from tests.stacks.conftest import Children

pytestmark = pytest.mark.slow
TOXICS: Json = {
    "late": {
        "type": "latency",
        "stream": "upstream",
        "toxicity": 0.5,
        "attributes": {"latency": 5, "jitter": 1},
    },
    "thin": {"type": "bandwidth", "stream": "downstream", "toxicity": 1.0, "attributes": {"rate": 1000}},
}


@pytest.fixture(scope="module")
def pristine(shared_stack: LocalStack) -> Things:
    """The inventory before any test changed anything."""
    return asyncio.run(shared_stack.inventory())


@pytest.fixture
def stack(shared_stack: LocalStack, pristine: Things) -> Iterator[LocalStack]:
    """The module's stack; every test must leave it as it was."""
    yield shared_stack
    assert asyncio.run(shared_stack.inventory()) == pristine


@pytest.mark.parametrize(
    "fault",
    [
        {"database": {"proxy.toxics": TOXICS}},
        {"database": {"proxy.enabled": False}, "identity-provider": {"proxy.toxics": TOXICS}},
        {"identity-provider": {"running": False}},
        {"database-replica": {"server": "stopped"}},
        {"database": {"server": "stopped"}},
        {"database": {"server": "frozen", "role": "standby"}, "database-replica": {"role": "primary"}},
        {"auth": {"version": "v1.3.0", "replicas": 3, "breaker.identity-provider": "open"}},
        {"auth": {"version": "v1.3.0", "flag.new-login-flow": False}},
        {"auth": {"setting.pool_max": 20, "setting.identity_timeout": 0.2}},
    ],
    ids=lambda fault: "+".join(f"{part} {aspect}" for part, row in fault.items() for aspect in row),
)
def test_what_was_broken_is_brought_back(stack: LocalStack, pristine: Things, fault: Things) -> None:
    """A state can be set, reads back as set, and the one before can be restored; a second time changes nothing."""

    async def break_and_restore() -> None:
        await stack.restore(fault)
        broken = await stack.inventory()
        assert {
            part: {aspect: broken[part][aspect] for aspect in row} for part, row in fault.items()
        } == fault
        await stack.restore(pristine)
        assert await stack.inventory() == pristine
        deploys = (await stack.look(Topic.DEPLOYS, {})).rows
        await stack.restore(pristine)
        assert [row[0] for row in (await stack.look(Topic.DEPLOYS, {})).rows] == [row[0] for row in deploys]

    asyncio.run(break_and_restore())


def test_a_proxy_that_hangs_is_replaced(stack: LocalStack, children: Children) -> None:
    """When the fault proxy does not answer at all, restoring starts a new one, with the state that was asked for."""
    hung = children(stack)["fault-proxy"]["pid"]
    os.kill(hung, signal.SIGSTOP)

    asyncio.run(
        stack.restore(
            {name: {"proxy.enabled": True, "proxy.toxics": {}} for name in ("database", "identity-provider")}
        )
    )

    assert children(stack)["fault-proxy"]["pid"] not in {hung, None}


def test_the_inventory_does_not_guess(stack: LocalStack, children: Children) -> None:
    """While the fault proxy does not answer, the inventory is an error and not a state."""
    proxy = children(stack)["fault-proxy"]["pid"]
    os.kill(proxy, signal.SIGSTOP)
    try:
        with pytest.raises(StackError, match="the fault proxy does not answer"):
            asyncio.run(stack.inventory())
    finally:
        os.kill(proxy, signal.SIGCONT)


def test_deploys_and_changes_are_remembered_with_their_authors(stack: LocalStack, pristine: Things) -> None:
    """The histories tell what was changed from what to what by whom, newest first, and start with the stack."""

    async def change() -> None:
        await stack.deploy("auth", "v1.2.4", "release-train")
        await stack.pull(read_call(["rollback", "auth"], stack.levers()))
        await stack.pull(read_call(["breaker", "identity-provider", "state=open"], stack.levers()))
        deploys = (await stack.look(Topic.DEPLOYS, {})).rows
        assert [row[2:] for row in deploys[:2]] == [
            ["auth", "v1.2.4", "v1.2.3", "desk"],
            ["auth", "v1.2.3", "v1.2.4", "release-train"],
        ]
        assert deploys[-1][2:] == ["auth", "", "v1.2.3", "deploy-bot"]
        changes = (await stack.look(Topic.CONFIG, {})).rows
        assert changes[0][2:] == ["breaker.identity-provider", "closed", "open", "desk"]
        await stack.restore(pristine)

    asyncio.run(change())


def test_rolling_back_twice_stays_at_the_sound_release(stack: LocalStack) -> None:
    """A rollback never brings the bad release back: with nothing below, it says so and changes nothing."""
    rollback = read_call(["rollback", "auth"], stack.levers())

    result = asyncio.run(stack.pull(rollback))

    assert not result.changed
    assert "no release was out before" in result.did


@pytest.mark.alone
def test_terminating_idle_sessions_disturbs_no_sign_in(stack: LocalStack) -> None:
    """Ending the pool's own idle sessions is not an outage: the service notices before it uses one."""

    async def terminate_and_sign_in() -> None:
        await asyncio.sleep(0.2)
        result = await stack.pull(read_call(["terminate-connections", "idle_for=100ms"], stack.levers()))
        assert result.changed
        async with aiohttp.ClientSession() as client:
            for number in range(8):
                body = {"user": f"user{number:03d}", "password": f"pw-user{number:03d}"}
                async with client.post(f"{stack.endpoints().gateway}/login", json=body) as answer:
                    assert answer.status == 200, await answer.text()

    asyncio.run(terminate_and_sign_in())
