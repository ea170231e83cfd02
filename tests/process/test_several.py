"""Several runs in one command: side by side and in turn, interrupted, and when the command itself dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gameday.errors import ExitCode
from tests.gamedays import Home

pytestmark = pytest.mark.slow


def events(folder: Path) -> list[dict[str, Any]]:
    """The log of a run as it stands, whole lines only."""
    try:
        text = (folder / "events.jsonl").read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]


def wait(what: Callable[[], bool], within: float = 80) -> None:
    """Until something is so."""
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def logs(home: Home) -> list[list[dict[str, Any]]]:
    """The log of every run there is."""
    return [events(folder) for folder in sorted(home.runs.glob("*"))]


def has(log: list[dict[str, Any]], type_: str) -> bool:
    """Whether an event of this type is in a log."""
    return any(event["type"] == type_ for event in log)


def test_side_by_side(home: Home) -> None:
    """Each has its own stack, run and whole card; lines say whose they are; the worst exit counts."""
    junit = home.folder / "junit.xml"
    junit.write_text("of an earlier run")
    words = ("--profile", "brief", "--parallel", "2", "--responder", "none", "--junit", str(junit))
    game = home.start("quick", "quick-release", *words)
    done = game.end()

    both = logs(home)
    cards = [json.loads((folder / "scorecard.json").read_text()) for folder in sorted(home.runs.glob("*"))]
    assert {card["scenario"] for card in cards} == {"quick", "quick-release"}, done
    began = [next(event for event in log if event["type"] == "stack_ready")["wall"] for log in both]
    ended = [log[-1]["wall"] for log in both]
    assert max(began) < min(ended)
    assert done.code == ExitCode.worst(card["exit_code"] for card in cards)
    for name in ("quick", "quick-release"):
        assert f"\n{name} " in f"\n{done.out}"
        assert any(line.startswith(f"{name} ") and "| run " in line for line in done.err.splitlines())
    table = done.out.split("\n\n")[-1]
    assert [line.split()[0] for line in table.splitlines()] == ["SCENARIO", "quick", "quick-release"]
    suites = ET.parse(junit).getroot()  # noqa: S314 - our own
    assert [suite.attrib["name"] for suite in suites] == ["quick (brief)", "quick-release (brief)"]
    red = [suite.attrib["failures"] != "0" or suite.attrib["errors"] != "0" for suite in suites]
    assert red == [card["exit_code"] != 0 for card in sorted(cards, key=lambda card: str(card["scenario"]))]
    assert home.left() == []


def test_one_interrupt_reaches_all(home: Home) -> None:
    """What lives puts back and is graded UNKNOWN, what has not begun does not begin, and nothing is left."""
    game = home.start("quick", "quick-release", "quick", "--parallel", "2", "--quiet")
    wait(lambda: len(logs(home)) == 2 and all(has(log, "load_started") for log in logs(home)))
    game.interrupt()
    done = game.end(within=40)

    assert done.code == 3, done
    assert "Traceback" not in done.err
    assert len(logs(home)) == 2
    for log in logs(home):
        assert [event["times"] for event in log if event["type"] == "interrupted"] == [1]
        assert next(event for event in log if event["type"] == "stack_compared")["clean"] is True
        assert log[-1]["type"] == "run_ended"
    assert "not begun" in done.out
    assert home.left() == []


def test_runs_end_in_order_when_the_command_dies(home: Home) -> None:
    """Killed where it stands, it takes nothing with it: its run puts back and takes its stack down."""
    game = home.start("quick", "quick-release", "--quiet")
    wait(lambda: bool(logs(home)) and has(logs(home)[0], "load_started"))
    game.kill()
    wait(lambda: has(logs(home)[0], "run_ended"))

    assert next(event for event in logs(home)[0] if event["type"] == "stack_compared")["clean"] is True
    assert home.left(within=10) == []
    assert len(logs(home)) == 1
