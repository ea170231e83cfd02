"""Changes that are not outages: a roll-out under full load fails no request."""

from __future__ import annotations

import asyncio
import time

import pytest

from gameday.levers import read_call
from gameday.stacks.local.adapter import LocalStack
from tests.stacks.people import People

ROUNDS = 20
RELEASES = ("v1.2.4", "v1.2.3")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_restart_scale_and_deploy_fail_no_request(stack: LocalStack) -> None:
    """Twenty rounds of restart, scale up and down, and deploy, at about 120 requests/s: not one request fails."""

    async def change_for_long() -> People:
        async with People(stack.endpoints().gateway) as people:
            for number in range(ROUNDS):
                words: tuple[tuple[str, ...], ...] = (
                    ("restart", "auth"),
                    ("scale", "auth", "replicas=3"),
                    ("scale", "auth", "replicas=2"),
                )
                for line in words:
                    result = await stack.pull(read_call(line, stack.levers()))
                    assert result.ok, result
                assert (await stack.deploy("auth", RELEASES[number % 2], "deploy-bot")).changed
        return people

    began = time.monotonic()
    people = asyncio.run(change_for_long())
    seconds = time.monotonic() - began

    assert people.bad == []
    assert len(people.requests) > 80 * seconds
    print(f"{len(people.requests)} requests, {4 * ROUNDS} changes, {seconds:.0f} s")  # noqa: T201 - a figure to quote
