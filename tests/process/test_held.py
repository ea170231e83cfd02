"""What a run holds is let go when nobody watches it any more, whoever died or hung; ``gameday revert`` finds it so."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.gamedays import Game
from tests.process.conftest import Standing

pytestmark = pytest.mark.slow

LEASE = 6.0
"""Of the scenario."""


def sessions(standing: Standing) -> int:
    """Sessions that the database lists for the job."""
    count: Any = standing.inventory()["database"]["sessions.batch"]
    return int(count)


def seconds_until_free(standing: Standing) -> float:
    """How long the job's sessions stay, counted from now."""
    began = time.monotonic()
    while sessions(standing) and time.monotonic() < began + 20:
        time.sleep(0.05)
    return time.monotonic() - began


def holding(standing: Standing) -> Game:
    """A run that holds every connection, past its first lease."""
    game = standing.home.start("quick-held", "--attach", "staging", "--responder", "none")
    placed = game.until("fault_checked", in_place=True)
    renewed = placed["t"] + LEASE + 1
    while game.events()[-1]["t"] < renewed:
        time.sleep(0.05)
    assert sessions(standing) > 100
    return game


def child_of(game: Game) -> int:
    """The process that plays the experiment."""
    return int(game.until("process_started", role="fault:held")["pid"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_that_is_gone_or_hangs_holds_nothing(standing: Standing, number: signal.Signals) -> None:
    """Within the lease the connections are free again, without anybody's help; revert finds nothing to do."""
    before = standing.inventory()
    game = holding(standing)
    game.process.send_signal(number)
    took = seconds_until_free(standing)
    game.kill()

    assert took < LEASE + 1
    assert standing.home.gameday("revert", "latest").code == 0
    assert standing.inventory() == before
    assert standing.left() == []


def test_a_child_that_is_killed_holds_nothing(standing: Standing) -> None:
    """The connections are free at once; the run goes on, and at its end leaves the stack as it was."""
    before = standing.inventory()
    game = holding(standing)
    os.kill(child_of(game), signal.SIGKILL)

    assert seconds_until_free(standing) < 2
    assert game.process.poll() is None
    game.interrupt()
    assert game.end().code == 3
    assert game.card["clean"] is True
    assert standing.inventory() == before
    assert standing.left() == []
