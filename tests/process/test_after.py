"""A fault that comes after another begins once that one is in place, however long that takes; else never."""

from __future__ import annotations

import time

import pytest

from tests.gamedays import Game
from tests.process.conftest import Standing

pytestmark = pytest.mark.slow


def instants(game: Game, event: str, fault: str) -> list[float]:
    """When events of this fault came about, in seconds of the run."""
    return [float(one["at"]) for one in game.events() if one["type"] == event and one["fault"] == fault]


def started(standing: Standing, *more: str) -> Game:
    """A run to which nobody answers."""
    return standing.home.start("quick-after", "--attach", "staging", "--responder", "none", *more)


def test_it_begins_once_the_other_is_in_place(standing: Standing) -> None:
    """Not at its own instant, which had passed; at once then, and it is put back when its time is up."""
    before = standing.inventory()
    game = started(standing)
    game.until("fault_reverted", fault="slow-provider")
    game.interrupt()
    ended = game.end()

    [placed, *_] = instants(game, "fault_checked", "held")
    [begun] = instants(game, "fault_triggered", "slow-provider")
    [planned] = [float(one["at"]) for one in game.events() if one["type"] == "plan_started"]
    [triggered] = [
        one for one in game.events() if one["type"] == "fault_triggered" and one["fault"] != "held"
    ]
    assert placed > planned + 0.5
    assert placed <= begun < placed + 1
    assert triggered["planned"] >= placed
    assert ended.code == 3  # interrupted
    assert standing.inventory() == before
    assert standing.left() == []


def test_it_never_begins_where_the_other_is_too_late(standing: Standing) -> None:
    """Its time was up before: the run says so and grades nothing."""
    before = standing.inventory()
    game = started(standing, "--profile", "too-soon")
    ended = game.end()

    assert ended.code == 3
    assert "its time was up before 'held' was in place" in str(ended)
    assert instants(game, "fault_triggered", "slow-provider") == []
    assert standing.inventory() == before
    assert standing.left() == []


def test_a_run_that_ends_meanwhile_does_not_wait_for_it(standing: Standing) -> None:
    """Interrupted while it waits for its turn: everything is put back at once, and it never comes."""
    before = standing.inventory()
    game = started(standing, "--profile", "later")
    game.until("plan_started")
    began = time.monotonic()
    game.interrupt()
    ended = game.end()

    assert time.monotonic() - began < 30
    assert ended.code == 3
    assert instants(game, "fault_triggered", "slow-provider") == []
    assert standing.inventory() == before
    assert standing.left() == []
