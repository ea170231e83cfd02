"""``gameday init``: a first scenario of one's own, or a copy of one of ours."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from gameday.errors import InputError, Problem

_ENDINGS = {".toml", ".yaml", ".md", ".py"}


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--example", metavar="NAME", help="Copy this scenario of gameday's own, with all that it names."
)
@click.option(
    "--external", is_flag=True, help="For a staging system of your own, reached as a file of yours says."
)
def init_command(folder: Path, example: str | None, external: bool) -> None:
    """Lay out a project: a first scenario with its system, runbook, playbook, rubric and load, ready to run.

    The files explain themselves. Files that are there already are never touched: then nothing is written.

    \b
    Example: gameday init my-game-days
             gameday init my-game-days --example auth-connection-leak
             gameday init our-staging --external
    """
    if example and external:
        raise InputError("--example or --external: a copy of ours is for the embedded stack")
    files = _example(example) if example else _first(external=external)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise InputError(
            [
                *(Problem(None, f"{folder / name} is there already") for name in there),
                Problem(None, "nothing was written; name another folder: gameday init DIR"),
            ]
        )
    for name, text in files.items():
        _write(folder / name, text)
        click.echo(f"  {folder / name}")
    scenario = example or "first-game-day"
    click.echo(f"\n{len(files)} files. Next:\n")
    if folder != Path():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    click.echo("  gameday validate .")
    click.echo(f"  gameday run {scenario}{' --stack external' if external else ''}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror}; name another folder: gameday init DIR") from problem


def _texts(root: Path, paths: list[Path]) -> Mapping[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


def _first(*, external: bool) -> Mapping[str, str]:
    """The files of the first project, by their places in it; some are others where the system is one's own."""
    from gameday.places import library

    found: dict[str, str] = {}
    for name in ("first", "external") if external else ("first",):
        root = library() / "templates" / name
        found |= _texts(root, [path for path in root.rglob("*") if path.suffix in _ENDINGS])
    return found


def _example(name: str) -> Mapping[str, str]:
    """A scenario of the library and every file that it or one of its profiles names, by their places.

    Raises:
        InputError: there is no such scenario, with the nearest name.
    """
    from gameday.catalog import Kind
    from gameday.gathering import gather
    from gameday.model.base import nearest
    from gameday.places import STACKS, library
    from gameday.shelf import Shelf

    shelf = Shelf(library())
    if name not in (known := shelf.names(Kind.SCENARIO)):
        raise InputError(f"gameday has no scenario '{name}'{nearest(name, known)}; it has {', '.join(known)}")
    scenario = shelf.path(Kind.SCENARIO, name)
    model = shelf.read(Kind.SCENARIO, scenario).reading.model
    paths = {scenario}
    for profile in (None, *(model.profiles if model else ())):
        paths |= {file.path for file in gather(shelf, scenario, profile=profile).files.values()}
    for path in [path for path in paths if path.parent.name == "experiments"]:
        variants = (path.with_suffix(f".{stack}{path.suffix}") for stack in STACKS)
        paths |= {variant for variant in variants if variant.is_file()}
    files = dict(_texts(library(), list(paths)))
    return {"gameday.toml": '[targets]\nstacks = ["local"]\n'} | files
