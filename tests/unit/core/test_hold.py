"""A stack is held by one run at a time, whatever machine it runs on; whoever has gone holds it no longer."""

from __future__ import annotations

import asyncio

import pytest

from gameday.errors import Refused, StackError
from gameday.live import state_home
from gameday.runner import hold
from gameday.runner.hold import Hold
from gameday.stacks.fake import FakeStack
from gameday.stacks.platform.claim import LONGEST, Claims


def test_a_claim_lapses_unless_it_is_said_again() -> None:
    """To the second; whoever comes too late hears who holds it now."""
    now = [0.0]
    claims = Claims(lambda: now[0])

    assert claims.take("first", "1", 15) == ""
    now[0] = 10.0
    assert claims.take("first", "1", 15) == ""
    now[0] = 24.9
    assert claims.take("second", "2", 15) == "first"
    now[0] = 25.0
    assert claims.take("second", "2", 15) == ""
    assert claims.take("first", "1", 15) == "second"


def test_nobody_holds_it_for_long_at_once() -> None:
    """A run that asks for a year and dies keeps nobody off for more than a minute."""
    now = [0.0]
    claims = Claims(lambda: now[0])
    claims.take("first", "1", 3e7)
    now[0] = LONGEST

    assert claims.take("second", "2", 1) == ""


def test_what_comes_late_of_a_claim_that_is_over_holds_nothing() -> None:
    """A system that answered nobody for a while hears of old claims at last; who reverts the run can still hold it."""
    claims = Claims(lambda: 0.0)
    claims.take("first", "its own", 15)
    claims.take("first", "of who reverts it", 15)
    claims.release("first")

    assert claims.take("first", "its own", 15) == ""
    assert claims.take("second", "2", 15) == ""
    claims.release("second")
    assert claims.take("first", "of who reverts it again", 15) == ""
    assert claims.take("second", "3", 15) == "first"


def test_one_that_another_run_holds_is_refused_and_left_to_it() -> None:
    """With the other's name; the lock on this machine is given back, the other's claim is not."""

    async def taken() -> FakeStack:
        stack = FakeStack()
        await stack.up()
        await stack.claim("other", "2", 15)
        mine = Hold(stack, "mine")
        with pytest.raises(Refused, match="run other holds the stack fake:1, from another machine"):
            await mine.take("fake:1")
        await mine.release()
        mine.close()
        return stack

    assert asyncio.run(taken()).held_by == "other"
    assert not state_home().exists()


def test_a_hold_is_renewed_until_another_run_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that does not answer takes nothing away; another holder ends the run, once it is seen."""
    monkeypatch.setattr(hold, "_EVERY", 0.001)

    async def lost() -> None:
        stack = FakeStack()
        await stack.up()
        mine = Hold(stack, "mine")
        await mine.take("fake:1")
        stack.fail("claim", "no answer")
        await _called(stack, "claim", 3)
        mine.check()
        stack.fail("claim", None)
        stack.held_by = "other"
        await _called(stack, "claim", 1)
        with pytest.raises(StackError, match="run other holds the stack now"):
            mine.check()
        await mine.release()
        mine.close()

    asyncio.run(lost())


async def _called(stack: FakeStack, method: str, times: int) -> None:
    before = len(stack.calls)
    while [name for name, _ in stack.calls[before:]].count(method) < times:  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0)
