"""What a run came to: graded from its log, its files written, its card shown, handed to CI."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gameday.errors import ExitCode, InputError, LogError

if TYPE_CHECKING:
    from gameday.score.card import Scorecard


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a command that has ended, or that never began."""

    scenario: str
    folder: Path | None
    """None where it did not begin."""
    code: ExitCode

    def scorecard(self) -> Scorecard | None:
        """Its card, None where it came to none."""
        from gameday.report.scorecard import from_json

        if self.folder is None:
            return None
        try:
            return from_json((self.folder / "scorecard.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def show(folder: Path, *, as_json: bool) -> ExitCode:
    """Grade a run's folder, write its files, print its card; gives its exit code."""
    from gameday.log import read
    from gameday.report.render import render
    from gameday.report.scorecard import to_json
    from gameday.score.grading import grade

    history = read(folder)
    scorecard = grade(history)
    code, report = ExitCode(scorecard.exit_code), ""
    try:
        report = str(render(history, folder, scorecard)["report.html"])
    except LogError as unwritten:
        click.echo(f"gameday: {unwritten}", err=True)
        code = ExitCode.worst([code, unwritten.exit_code])
    if as_json:
        click.echo(to_json(scorecard), nl=False)
    else:
        click.echo(terminal_card(scorecard, folder, report), nl=False)
    return code


def terminal_card(scorecard: Scorecard, folder: Path, report: str) -> str:
    """The card as this terminal shows it."""
    import os

    from gameday.log import read
    from gameday.report.card import card

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    colour = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return card(scorecard, read(folder), width=width, colour=colour, report_path=report or None)


def clear(junit: Path) -> None:
    """Before a run begins: what an earlier one wrote there must not be taken for this one's.

    Raises:
        InputError: there is no such folder, or it cannot be written.
    """
    try:
        junit.unlink(missing_ok=True)
        junit.touch()
        junit.unlink()
    except OSError as problem:
        raise InputError(
            f"--junit {junit}: {problem.strerror}; name a file in a folder that is there"
        ) from problem


def write(junit: Path, runs: Sequence[Result]) -> ExitCode:
    """Write these runs as JUnit XML; says it where that cannot be done."""
    from gameday.report.junit import Ended
    from gameday.report.junit import junit as document
    from gameday.report.render import write_whole

    text = document([Ended(run.scenario, int(run.code), run.scorecard()) for run in runs])
    try:
        write_whole(junit, text)
    except LogError as unwritten:
        click.echo(f"gameday: {unwritten}", err=True)
        return unwritten.exit_code
    return ExitCode.PASSED
