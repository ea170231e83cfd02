"""The files of a run: made again byte for byte, replaced whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gameday.errors import LogError
from gameday.history import History
from gameday.report.render import render
from gameday.report.scorecard import to_json
from gameday.score.grading import grade
from tests.unit.report import cards


def test_rendering_twice_gives_the_same_bytes_and_nothing_else(log: History, tmp_path: Path) -> None:
    """Three files, equal each time, and no part of one is left."""
    scorecard = grade(log)
    paths = render(log, tmp_path, scorecard)
    first = {name: path.read_bytes() for name, path in paths.items()}
    assert set(first) == {"scorecard.json", "report.html", "postmortem.md"}
    again = render(log, tmp_path, grade(log))
    assert {name: path.read_bytes() for name, path in again.items()} == first
    assert {path.name for path in tmp_path.iterdir()} == set(first)


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(log: History, tmp_path: Path) -> None:
    """No traceback: the file and the reason."""
    with pytest.raises(LogError, match=r"scorecard\.json: No such file or directory"):
        render(log, tmp_path / "gone", cards.scorecard(log))


def test_scorecard_json_has_its_public_keys(log: History) -> None:
    """Schema first, null for what was not observed, numbers to a microsecond, a newline at the end."""
    text = to_json(cards.failed(log))
    assert text.endswith("}\n")
    read = json.loads(text)
    assert next(iter(read)) == "schema"
    for key in (
        "run",
        "scenario",
        "verdict",
        "reasons",
        "measures",
        "adherence",
        "detection",
        "load",
        "faults",
    ):
        assert key in read
    mitigate = next(one for one in read["measures"] if one["id"] == "time_to_mitigate")
    assert (mitigate["state"], mitigate["value"], mitigate["earliest"], mitigate["latest"]) == (
        "censored",
        None,
        90.0,
        None,
    )
    assert to_json(cards.scorecard(log, run="x")).count("-0.0,") == 0
