"""The incident that the sample system exists for: v1.3.0 exhausts the database's connections, for real."""

from __future__ import annotations

import asyncio
import re
import select
import tempfile

import psycopg
import pytest
from psycopg import pq

from gameday.levers import read_call
from gameday.ports import Topic
from gameday.stacks.local.adapter import LocalStack
from gameday.stacks.platform.waiting import until
from tests.stacks.people import People

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def sqlstate_of_connecting(url: str) -> str:
    """What PostgreSQL's own error message carries; libpq tells it in a trace only."""
    connection = pq.PGconn.connect_start(url.encode())
    with tempfile.TemporaryFile("w+") as trace:
        connection.trace(trace.fileno())
        while (state := connection.connect_poll()) not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
            reads, writes = (
                ([connection.socket], []) if state == pq.PollingStatus.READING else ([], [connection.socket])
            )
            select.select(reads, writes, [], 5)
        connection.untrace()
        connection.finish()
        trace.seek(0)
        found = re.search(r'ErrorResponse.* C "(\w{5})"', trace.read())
    return found[1] if found else ""


async def signing_in(stack: LocalStack, seconds: float) -> People:
    """People sign in for so long."""
    async with People(stack.endpoints().gateway) as people:
        await asyncio.sleep(seconds)
    return people


def test_the_leak_is_real_and_a_rollback_mends_it(stack: LocalStack) -> None:
    """Within 15 s of load PostgreSQL refuses the service's role with 53300 and serves a superuser; rollback mends."""
    environment = stack.environment()

    async def incident() -> People:
        async with People(stack.endpoints().gateway) as people:
            await stack.deploy("auth", "v1.3.0", "deploy-bot")
            deployed = people.now()

            async def failed() -> bool:
                return bool(people.bad)

            assert await until(failed, 15), "no request failed"
            print(f"first failure {people.bad[0].sent - deployed:.1f} s after the deploy")  # noqa: T201 - a figure
            assert people.bad[0].step == "login"
            assert "too many connections" in people.bad[0].words or "connection slots" in people.bad[0].words

            # Two who sign in at once may both be refused the last place, which is free again then.
            await asyncio.sleep(1)
            assert sqlstate_of_connecting(environment["GAMEDAY_DATABASE_URL"]) == "53300"
            with pytest.raises(psycopg.OperationalError, match="too many connections"):
                psycopg.connect(environment["GAMEDAY_DATABASE_URL"])
            with psycopg.connect(environment["GAMEDAY_DATABASE_ADMIN_URL"]) as admin:
                rows = admin.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'auth' AND state = 'idle'"
                    " AND application_name LIKE '%new-login-flow'"
                ).fetchone()
            assert rows
            assert rows[0] > 90

            seen = await stack.look(Topic.CONNECTIONS, {})
            assert any(row[1].endswith("new-login-flow") and row[3] > 40 for row in seen.rows)
            logs = await stack.look(Topic.LOGS, {"level": "error", "service": "auth", "since": "1m"})
            assert any("too many connections" in row[-1] for row in logs.rows)

            await stack.pull(read_call(["rollback", "auth"], stack.levers()))
            mended = people.now()
            await asyncio.sleep(3)
            assert not [request for request in people.bad if request.sent > mended + 1]
        return people

    asyncio.run(incident())
    psycopg.connect(environment["GAMEDAY_DATABASE_URL"]).close()


def test_the_sound_release_with_the_same_flow_does_not_leak(stack: LocalStack) -> None:
    """v1.3.0-sound turns the same flag on, gives its connections back, and no request fails in 12 s of load."""

    async def no_incident() -> People:
        await stack.deploy("auth", "v1.3.0-sound", "deploy-bot")
        things = await stack.inventory()
        assert things["auth"]["flag.new-login-flow"] is True
        return await signing_in(stack, 12)

    assert asyncio.run(no_incident()).bad == []


def test_the_leak_can_be_held_back(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LEAK_DELAY in the stack's environment, v1.3.0 keeps no connection before that time."""
    asyncio.run(stack.down())
    monkeypatch.setenv("LEAK_DELAY", "60")

    async def held_back() -> int:
        await stack.up()
        await stack.deploy("auth", "v1.3.0", "deploy-bot")
        await signing_in(stack, 3)
        seen = await stack.look(Topic.CONNECTIONS, {})
        return sum(row[3] for row in seen.rows if row[1].endswith("new-login-flow"))

    assert asyncio.run(held_back()) <= 5
