"""``gameday validate``: every problem of every file under some paths, and what is probably not meant.

Touches nothing, starts nothing. A file's kind follows from its folder, else from what is in it; a file that
is none of ours is passed over, unless it was named itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gameday.errors import InputError, Place, Problem
from gameday.gathering import gather
from gameday.model.base import wrong
from gameday.model.dialects import differences
from gameday.shelf import Kind, Shelf

_FOLDERS = {
    "scenarios": Kind.SCENARIO,
    "systems": Kind.SYSTEM,
    "experiments": Kind.EXPERIMENT,
    "runbooks": Kind.RUNBOOK,
    "scorecards": Kind.RUBRIC,
    "playbooks": Kind.PLAYBOOK,
}
_SIGNS = (
    (Kind.SCENARIO, {"faults", "expect"}),
    (Kind.EXPERIMENT, {"title", "method"}),
    (Kind.PLAYBOOK, {"as", "acts"}),
    (Kind.SYSTEM, {"title", "services"}),
    (Kind.RUBRIC, {"budgets", "gates"}),
)
"""Keys that together tell a kind; fewer would take other tools' files for ours."""
_ENDINGS = (".yaml", ".yml", ".md")
_CONFIGS = ("gameday.toml", "pyproject.toml")
_PASSED_OVER = frozenset({"node_modules", "runs", "venv", "site-packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order of files and lines; ``files`` are those that were read as ours."""

    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    files: Sequence[Path]

    @property
    def summary(self) -> str:
        """The last line that a person reads."""
        if not self.problems:
            return f"{_count(len(self.files), 'file')}, no problems."
        wrong = len({problem.place.file for problem in self.problems if problem.place})
        files = _count(len(self.files), "file")
        return f"{_count(len(self.problems), 'problem')} in {wrong} of {files}. Nothing was touched."


def validate(paths: Iterable[str | Path], start: Path | None = None) -> Report:
    """Look at files and folders, each scenario as it is and under each of its profiles.

    Raises:
        InputError: a path does not exist, or there is nothing of ours under any of them.
    """
    shelf = Shelf(start)
    found = dict(_ours(shelf, (start or Path.cwd()).resolve(), paths))
    if not found:
        raise InputError("there is no scenario, system, experiment, runbook, rubric or playbook here")
    problems: set[Problem] = set()
    warnings: set[Problem] = set()
    for path, kind in found.items():
        if kind is Kind.SCENARIO:
            for profile in (None, *_profiles(shelf, path)):
                gathered = gather(shelf, path, profile=profile)
                problems.update(gathered.problems)
                warnings.update(gathered.warnings)
        else:
            file = shelf.read(kind, path)
            problems.update(file.reading.problems)
            if kind is Kind.EXPERIMENT and file.reading.model is not None:
                warnings.update(differences(file.text, file.shown))
    return Report(sorted(problems), sorted(warnings), list(found))


def _profiles(shelf: Shelf, path: Path) -> list[str]:
    data = shelf.read(Kind.SCENARIO, path).reading.data
    profiles = data.get("profiles") if isinstance(data, dict) else None
    return list(profiles) if isinstance(profiles, dict) else []


def _ours(shelf: Shelf, start: Path, paths: Iterable[str | Path]) -> Iterator[tuple[Path, Kind]]:
    missing: list[Problem] = []
    for given in paths:
        path = start / given
        if path.is_dir():
            for inner in _walk(path):
                kind = kind_of(shelf, inner)
                if kind is not None:
                    yield inner, kind
        elif path.is_file():
            kind = kind_of(shelf, path)
            if kind is None:
                message = "this is neither scenario, system, experiment, runbook, rubric nor playbook"
                missing.append(wrong(Place(shelf.shown(path)), message))
            else:
                yield path, kind
        else:
            missing.append(wrong(None, f"there is no file or folder '{given}'"))
    if missing:
        raise InputError(missing)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir())
        folders = {path for path in inside if not path.is_symlink() and path.is_dir()}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    for path in inside:
        if path.name.startswith(".") or path.name in _PASSED_OVER:
            continue
        if path in folders:
            yield from _walk(path)
        elif (path.suffix in _ENDINGS or path.name in _CONFIGS) and path.is_file():
            yield path


def kind_of(shelf: Shelf, path: Path) -> Kind | None:
    """What a file is, by the nearest folder that tells, else by what is in it; None if it is none of ours."""
    if path.name == "gameday.toml":
        return Kind.CONFIG
    if path.name == "pyproject.toml":
        return Kind.CONFIG if "[tool.gameday" in shelf.read(Kind.CONFIG, path).text else None
    by_folder = _FOLDERS.get(path.parent.name) or _FOLDERS.get(path.parent.parent.name)
    if path.suffix == ".md":
        text = shelf.read(Kind.RUNBOOK, path).text
        steps = by_folder is Kind.RUNBOOK or "\nsteps:" in text.partition("\n---")[0]
        return Kind.RUNBOOK if steps and text.startswith("---") else None
    if by_folder is not None and by_folder is not Kind.RUNBOOK:
        return by_folder
    data = shelf.read(Kind.SCENARIO, path).reading.data
    keys = data.keys() if isinstance(data, dict) else set()
    return next((kind for kind, signs in _SIGNS if signs <= keys), None)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
