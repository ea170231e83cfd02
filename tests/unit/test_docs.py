"""What the documentation shows is right: what it takes from the program, what it names, where it points."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import click
import pytest

from gameday.cli.program import app
from gameday.validation import validate

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "scenarios" / "runbooks").glob("*.md"),
        *(ROOT / "templates").rglob("*.md"),
    ]
)
_SPAN = re.compile(r"`(gameday [a-z][^`]*)`")
_BOX = re.compile(r"^```sh ?[\w-]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def named(path: Path) -> str:
    """A page as people call it."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """The program behind `make docs`."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_documentation_takes_from_the_program_is_fresh(generate: ModuleType) -> None:
    """Run `make docs` after a change of a command, a model, a name or a file that a page shows."""
    stale = [
        named(path)
        for path, text in generate.pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == []


def understood(line: str) -> None:
    """The command line takes these words. Raises click.UsageError where it does not."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = app
    context = click.Context(app, info_name="gameday", help_option_names=["-h", "--help"])
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=found.name, parent=context)
    if isinstance(command, click.Group) or not words:  # only named
        return
    try:
        command.make_context(command.name, words, parent=context.parent)
    except click.exceptions.Exit:  # --help
        return


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_names_is_one(page: Path) -> None:
    """In a box or in a sentence: the command is there, and takes these arguments and options."""
    text = page.read_text(encoding="utf-8")
    lines = [line for box in _BOX.findall(text) for line in box.splitlines()]
    for line in [*_SPAN.findall(text), *(line for line in lines if line.startswith("gameday "))]:
        if "{" in line:  # a parameter of the runbook
            continue
        try:
            understood(" ".join(line.split()))
        except click.UsageError as problem:
            pytest.fail(f"{named(page)}: {line}: {problem.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files and folders that a page points at are there."""
    gone = [
        target
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert gone == []


def test_the_first_project_has_no_problem() -> None:
    """What `gameday init` lays out, and the experiment that a page shows, give no problem and no warning."""
    for name in ("first", "experiment"):
        folder = ROOT / "templates" / name
        report = validate([folder], folder)
        assert report.files
        assert [str(one) for one in (*report.problems, *report.warnings)] == []
