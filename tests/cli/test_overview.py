"""The top of the help: written from a table, sooner than anything that reads options is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from gameday.cli.overview import COMMANDS, OPTIONS, SECTIONS, overview
from gameday.cli.program import app

ROOT = Path(__file__).parents[2]


def test_the_help_imports_nothing_that_it_does_not_need() -> None:
    """Not even click: importing that takes several times as long as starting Python."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['gameday', '--help']\n"
        "from gameday.cli import main\n"
        "main()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "Game days:" in done.stdout
    assert {"click", "re", "dataclasses", "inspect"} & set(done.stderr.split()) == set()


@pytest.mark.parametrize("columns", ["40", "70", "200"])
def test_both_ways_to_the_help_say_the_same(columns: str) -> None:
    """What is written at once is what the program itself writes, in any width."""
    slow = "import sys; sys.argv = ['gameday', '--help']; from gameday.cli.program import run; run()"

    def said(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            env={"COLUMNS": columns},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        return done.stdout

    assert said("-c", slow) == said("-m", "gameday", "-h")


def test_every_command_and_option_is_shown_once() -> None:
    """The sections hold all commands, and the options are those that the program takes."""
    context = click.Context(app, help_option_names=["-h", "--help"])

    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)
    assert sorted(", ".join(option.opts) for option in app.get_params(context)) == sorted(OPTIONS)


def test_the_help_fits_its_columns() -> None:
    """However narrow the terminal is."""
    for columns in (50, 78, 98):
        assert max(map(len, overview(columns).splitlines())) <= columns
