"""Sessions of a job beside the service: ended until none comes any more."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from gameday.errors import StackError
from gameday.stacks.platform import sessions
from gameday.stacks.platform.database import Database


class Job:
    """A database whose job opens others while its sessions are ended, so many times."""

    def __init__(self, again: int) -> None:
        self.again = again
        self.there = 5
        self.coming = 0

    async def ask(self, query: str, _: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """What the queries of restore_batch_sessions would give. What is being opened is there at the next look."""
        if "pg_terminate_backend" in query:
            ended = [(pid, "batch", True) for pid in range(self.there)]
            self.there, self.coming = 0, 3 if self.again else 0
            self.again -= bool(self.again)
            return ended
        if "count(*)" in query:
            counted = self.there
            self.there, self.coming = self.there + self.coming, 0
            return [(counted,)]
        return []


def restore(job: Job) -> None:
    """To none."""
    asyncio.run(sessions.restore_batch_sessions(cast("Database[Any]", job), 0))


@pytest.mark.parametrize("again", [0, 1, 3])
def test_what_the_job_was_just_opening_is_ended_too(again: int) -> None:
    """None is there afterwards, nor a moment later."""
    job = Job(again)
    restore(job)
    assert (job.there, job.coming, job.again) == (0, 0, 0)


def test_a_job_that_never_gives_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that come for ever are a problem with a name, and no endless wait."""
    monkeypatch.setattr(sessions, "_GONE_SECONDS", 0.1)
    with pytest.raises(StackError, match="opened again"):
        restore(Job(10_000))
