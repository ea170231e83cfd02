"""A look answers in time, whatever it asks."""

from __future__ import annotations

import asyncio
import time

import pytest

from gameday.errors import StackError
from gameday.stacks.platform.looks import _timed


def test_who_does_not_answer_and_gives_up_slowly_delays_no_look() -> None:
    """A database client asks a slow server to cancel before it gives up: nobody waits for that."""

    async def look() -> tuple[bool, float, str]:
        given_up = asyncio.Event()

        async def stubborn() -> str:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await given_up.wait()
                raise
            return ""

        answer = await _timed(stubborn(), within=0.05)
        given_up.set()
        await asyncio.sleep(0)
        return answer

    began = time.monotonic()
    healthy, taken, words = asyncio.run(asyncio.wait_for(look(), 10))

    assert (healthy, words) == (False, "no answer within 0.05 s")
    assert 50 <= taken <= (time.monotonic() - began) * 1000 + 1


def test_what_was_wrong_is_told_in_its_own_words() -> None:
    """And what was said is told where all is well; anything else is a bug and is raised."""

    async def say(words: str) -> str:
        return words

    async def fail(problem: Exception) -> str:
        raise problem

    assert asyncio.run(_timed(say("primary, writable")))[::2] == (True, "primary, writable")
    assert asyncio.run(_timed(fail(StackError("status 503"))))[::2] == (False, "status 503")
    assert asyncio.run(_timed(fail(OSError())))[::2] == (False, "OSError")
    with pytest.raises(KeyError):
        asyncio.run(_timed(fail(KeyError("x"))))
