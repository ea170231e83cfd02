"""What can be made again from a run's log, written into its folder: byte for byte the same each time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gameday.errors import LogError
from gameday.history import History
from gameday.report.html import page
from gameday.report.postmortem import postmortem
from gameday.report.scorecard import to_json
from gameday.score.card import Scorecard


def render(history: History, folder: Path, scorecard: Scorecard) -> Mapping[str, Path]:
    """Write scorecard.json, report.html and postmortem.md; gives the path of each by its name.

    Each file is replaced whole, so that a reader never sees half of one.

    Raises:
        LogError: the folder cannot be written.
    """
    texts = {
        "scorecard.json": to_json(scorecard),
        "report.html": page(scorecard, history),
        "postmortem.md": postmortem(scorecard, history),
    }
    return {name: write_whole(folder / name, text) for name, text in texts.items()}


def write_whole(path: Path, text: str) -> Path:
    """Replace a file whole; gives its path. Raises LogError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)  # noqa: PTH105 - the atomic one, by its name
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise LogError(f"{path}: {problem.strerror}") from problem
    return path
