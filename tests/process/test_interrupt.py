"""Ctrl-C: once puts back and grades, twice puts back at once; SIGTERM and a closed terminal are the same."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from tests.gamedays import Done, Game, Home
from tests.process.conftest import Standing

pytestmark = pytest.mark.slow


def finished(game: Game, done: Done) -> None:
    """The run ended by itself with a scorecard that says why it is not graded."""
    assert done.code == 3, done
    assert "Traceback" not in done.err
    assert "UNKNOWN" in done.out
    assert "interrupted" in done.out
    card = json.loads((game.folder / "scorecard.json").read_text())
    assert card["verdict"] == "UNKNOWN"
    assert game.events()[-1]["type"] == "run_ended"


@pytest.mark.parametrize(
    ("event", "fields", "number"),
    [
        ("phase_began", {"phase": "baseline"}, signal.SIGINT),
        ("fault_armed", {}, signal.SIGINT),
        ("acknowledged", {}, signal.SIGINT),
        ("acknowledged", {}, signal.SIGTERM),
        ("acknowledged", {}, signal.SIGHUP),
        ("fault_reverting", {}, signal.SIGINT),
    ],
    ids=["baseline", "armed", "respond", "respond-sigterm", "closed-terminal", "recover"],
)
def test_once_puts_back_and_grades(
    standing: Standing, event: str, fields: dict[str, Any], number: signal.Signals
) -> None:
    """Wherever a run is, one signal ends it in order: everything back, a scorecard, exit 3."""
    before = standing.inventory()
    game = standing.home.start("quick", "--attach", "staging")
    game.until(event, **fields)
    game.interrupt(number)
    finished(game, game.end(within=30))
    assert standing.inventory() == before
    assert standing.left() == []


def test_twice_puts_back_at_once(standing: Standing) -> None:
    """The second signal spares the wait for good service, and nothing else: the stack is as before."""
    before = standing.inventory()
    game = standing.home.start("quick", "--attach", "staging")
    game.until("acknowledged")
    game.interrupt()
    game.until("interrupted", times=1)
    game.interrupt()
    began = time.monotonic()
    game.until("stack_compared", clean=True)
    game.until("phase_began", phase="close")
    assert time.monotonic() - began < 5
    finished(game, game.end(within=30))
    assert not [event for event in game.events() if event["type"] == "steady_again" and event["held"]]
    assert standing.inventory() == before
    assert standing.left() == []


def test_while_the_stack_comes_up(home: Home) -> None:
    """A run that is stopped before it has a stack takes down what it had begun to bring up."""
    game = home.start("quick")
    game.until("stack_starting")
    time.sleep(0.5)  # into the middle of it
    game.interrupt()
    finished(game, game.end(within=30))
    assert home.left() == []
