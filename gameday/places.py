"""Where people's files are: projects, the library that comes with the package, and the names in them.

A name resolves from the nearest ancestor folder that has gameday.toml or experiments/, then from the library.
Looks at names of files only; reading them is ``gameday.shelf``. Imports nothing heavy, since completion asks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
STACKS = ("local", "compose", "kubernetes", "external")


class Kind(StrEnum):
    """The kinds of files that people write."""

    SCENARIO = "scenario"
    SYSTEM = "system"
    EXPERIMENT = "experiment"
    RUNBOOK = "runbook"
    RUBRIC = "rubric"
    PLAYBOOK = "playbook"
    LOCUSTFILE = "locustfile"
    CONFIG = "config"
    STACK = "stack"


_YAML = (".yaml", ".yml")
HOMES: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.SCENARIO: ("scenarios", _YAML),
    Kind.SYSTEM: ("scenarios/systems", _YAML),
    Kind.EXPERIMENT: ("experiments", (*_YAML, ".json")),
    Kind.RUNBOOK: ("scenarios/runbooks", (".md",)),
    Kind.RUBRIC: ("scorecards", _YAML),
    Kind.PLAYBOOK: ("scenarios/playbooks", _YAML),
    Kind.LOCUSTFILE: ("scenarios/load", (".py",)),
    Kind.STACK: ("staging", _YAML),
}
"""Where in a project each kind of file lives, and how such a file ends."""


def library() -> Path:
    """The folder of the files that come with the package: packed into it, or beside it in a checkout."""
    packed = _PACKAGE / "library"
    return packed if packed.is_dir() else _PACKAGE.parent


def project_of(start: Path) -> Path | None:
    """The nearest of a folder and its ancestors that has gameday.toml or experiments/."""
    for folder in (start, *start.parents):
        if (folder / "gameday.toml").is_file() or (folder / "experiments").is_dir():
            return folder
    return None


def roots(start: Path, beside: Path | None = None) -> list[Path]:
    """Folders in which names resolve, nearest first: a file's project, the one that work is done in, the library."""
    found: list[Path] = []
    for folder in (project_of(beside) if beside else None, project_of(start), library()):
        if folder and folder not in found:
            found.append(folder)
    return found


def names(kind: Kind, among: Sequence[Path]) -> list[str]:
    """Every name of a kind in these folders, variants for a stack left out."""
    found: set[str] = set()
    home, endings = HOMES[kind]
    for root in among:
        for path in _below(root / home, endings, deep=kind is not Kind.SCENARIO):
            name = path.relative_to(root / home).with_suffix("").as_posix()
            if not (kind is Kind.EXPERIMENT and name.rpartition(".")[2] in STACKS):
                found.add(name)
    return sorted(found)


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _below(folder: Path, endings: tuple[str, ...], *, deep: bool) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
            if path.suffix in endings and is_file(path):
                yield path
