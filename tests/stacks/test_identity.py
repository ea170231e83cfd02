"""The dependency outside: what a slow or absent identity provider does to logins, and what breaker and time-out do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from gameday.levers import read_call
from gameday.ports import Json, Things, Topic
from gameday.stacks.local.adapter import LocalStack

pytestmark = pytest.mark.slow
SLOW: Json = {
    "slow": {
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1.0,
        "attributes": {"latency": 1500, "jitter": 0},
    }
}


@pytest.fixture
def stack(shared_stack: LocalStack) -> Iterator[LocalStack]:
    """The module's stack, put back after each test."""
    before: Things = asyncio.run(shared_stack.inventory())
    yield shared_stack
    asyncio.run(shared_stack.restore(before))
    assert asyncio.run(shared_stack.inventory()) == before


async def log_in(stack: LocalStack) -> tuple[int, dict[str, Any], float]:
    """Status, body and seconds of one login."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with (
        aiohttp.ClientSession() as client,
        client.post(
            f"{stack.endpoints().gateway}/login", json={"user": "user001", "password": "pw-user001"}
        ) as answer,
    ):
        return answer.status, await answer.json(), loop.time() - began


async def pull(stack: LocalStack, *words: str) -> str:
    """Pull a lever by its words; what it says it did."""
    return (await stack.pull(read_call(words, stack.levers()))).did


def test_a_login_is_checked_with_the_provider(stack: LocalStack) -> None:
    """Nothing in the way: the login is quick, and says that the identity was checked."""
    status, body, seconds = asyncio.run(log_in(stack))

    assert (status, body["identity_checked"]) == (200, True)
    assert seconds < 1


@pytest.mark.parametrize(
    ("words", "limit", "checked"),
    [
        ((), 5.0, True),
        (("breaker", "identity-provider", "state=open"), 1.0, False),
        (("breaker", "identity-provider", "state=timeout=200ms"), 1.0, False),
        (("set-config", "auth", "identity_timeout=200ms"), 1.0, False),
        (("breaker", "identity-provider", "state=closed"), 5.0, True),
        (("restart", "auth"), 5.0, True),
    ],
)
def test_a_slow_provider_makes_logins_slow_unless(
    stack: LocalStack, words: tuple[str, ...], limit: float, checked: bool
) -> None:
    """1.5 s of latency: logins take as long, and are quick but unchecked with the breaker open or a short time-out."""

    async def slow_login() -> tuple[int, dict[str, Any], float]:
        await stack.restore({"identity-provider": {"proxy.toxics": SLOW}})
        assert (await stack.inventory())["identity-provider"]["proxy.toxics"] == SLOW
        if words:
            await pull(stack, *words)
        return await log_in(stack)

    status, body, seconds = asyncio.run(slow_login())

    assert (status, body["identity_checked"]) == (200, checked)
    assert seconds < limit
    assert (seconds >= 1.5) == checked


def test_an_absent_provider_fails_logins_until_the_breaker_opens(stack: LocalStack) -> None:
    """With the proxy disabled a login answers 503 and logs an ERROR; with the breaker open it goes on unchecked."""

    async def without_provider() -> None:
        await stack.restore({"identity-provider": {"proxy.enabled": False}})
        status, body, _ = await log_in(stack)
        assert status == 503
        assert "identity-provider" in body["error"]
        logs = await stack.look(Topic.LOGS, {"level": "ERROR", "service": "auth"})
        assert any("identity-provider" in row[-1] for row in logs.rows)
        rows = (await stack.look(Topic.DEPENDENCIES, {})).rows
        healthy = {(row[0], row[1]): row[2] for row in rows}
        assert healthy[("identity-provider", "as the service reaches it")] is False
        assert healthy[("identity-provider", "directly")] is True

        assert await pull(stack, "breaker", "identity-provider", "state=open") == (
            "identity-provider closed -> open"
        )
        status, body, _ = await log_in(stack)
        assert (status, body["identity_checked"]) == (200, False)

    asyncio.run(without_provider())


def test_a_wrong_password_and_a_void_token_are_refused(stack: LocalStack) -> None:
    """Signing in with a wrong password, and looking with a token that was refreshed away, both answer 401."""

    async def wrongly() -> None:
        gateway = stack.endpoints().gateway
        _, body, _ = await log_in(stack)
        headers = {"Authorization": f"Bearer {body['token']}"}
        async with aiohttp.ClientSession() as client:
            async with client.post(f"{gateway}/login", json={"user": "user001", "password": "x"}) as answer:
                assert answer.status == 401
            async with client.get(f"{gateway}/profile", headers=headers) as answer:
                assert (await answer.json())["user"] == "user001"
            async with client.post(f"{gateway}/refresh", headers=headers) as answer:
                new = (await answer.json())["token"]
            async with client.get(f"{gateway}/profile", headers=headers) as answer:
                assert answer.status == 401
            async with client.post(f"{gateway}/logout", headers={"Authorization": f"Bearer {new}"}) as answer:
                assert await answer.json() == {"signed_out": True}

    asyncio.run(wrongly())


def test_the_admin_endpoint_is_not_reached_from_outside(stack: LocalStack) -> None:
    """The gateway knows no admin path, and a replica's own port asks for a token that only the supervisor has."""

    async def try_admin() -> None:
        replica = next(target.url for target in await stack.targets() if target.job == "service")
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{stack.endpoints().gateway}/admin/state") as answer:
                assert answer.status == 404
            async with client.get(replica.replace("/metrics", "/admin/state")) as answer:
                assert answer.status == 403

    asyncio.run(try_admin())
