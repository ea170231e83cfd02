"""``gameday validate``: every problem of every file under some paths, and what is probably not meant.

Touches nothing, starts nothing. A file's kind follows from its folder, else from what is in it; a file that
is none of ours is passed over, unless it was named itself. A file that cannot be read is a problem wherever ours
are: passed over, it would look as if it had been checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gameday import providers
from gameday.errors import InputError, Place, Problem
from gameday.gathering import gather
from gameday.model.base import wrong
from gameday.model.experiment import Experiment
from gameday.model.located import Document
from gameday.model.theirs import passed_over
from gameday.places import Kind, is_file
from gameday.shelf import Shelf

_FOLDERS = {
    "scenarios": Kind.SCENARIO,
    "systems": Kind.SYSTEM,
    "experiments": Kind.EXPERIMENT,
    "runbooks": Kind.RUNBOOK,
    "scorecards": Kind.RUBRIC,
    "playbooks": Kind.PLAYBOOK,
    "staging": Kind.STACK,
}
_SIGNS = (
    (Kind.SCENARIO, {"faults", "expect"}),
    (Kind.EXPERIMENT, {"title", "method"}),
    (Kind.PLAYBOOK, {"as", "acts"}),
    (Kind.SYSTEM, {"title", "services"}),
    (Kind.RUBRIC, {"budgets", "gates"}),
    (Kind.STACK, {"identity", "gateway"}),
)
"""Keys that together tell a kind; fewer would take other tools' files for ours."""
_YAML = (".yaml", ".yml")
_ENDINGS = (*_YAML, ".md")
_CONFIGS = ("gameday.toml", "pyproject.toml")
_PASSED_OVER = frozenset({"node_modules", "runs", "venv", "site-packages", "__pycache__"})
_MOST = 200_000
"""Files and folders to look through: more are no project, but a disk."""
_NEITHER = "this is neither scenario, system, experiment, runbook, rubric, playbook nor stack"


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
        InputError: a path does not exist, holds too much, or there is nothing of ours under any of them.
    """
    shelf = Shelf(start)
    found = _ours(shelf, (start or Path.cwd()).resolve(), paths)
    for path, kind in found.files.items():
        if kind is Kind.SCENARIO:
            for profile in (None, *_profiles(shelf, path)):
                gathered = gather(shelf, path, profile=profile)
                found.problems.update(gathered.problems)
                found.warnings.update(gathered.warnings)
        elif kind is not None:
            file = shelf.read(kind, path)
            found.problems.update(file.reading.problems)
            if kind is Kind.EXPERIMENT and file.reading.model is not None:
                found.warnings.update(passed_over(file.text, file.shown))
                found.warnings.update(_slips(file.reading.model, file.reading.document))
    if not found.files and not found.problems:
        raise InputError(
            "there is no scenario, system, experiment, runbook, rubric or playbook here; gameday init makes a first one"
        )
    return Report(sorted(found.problems), sorted(found.warnings), list(found.files))


def _slips(experiment: Experiment, document: Document | None) -> Iterator[Problem]:
    """What Chaos Toolkit says nothing of: in somebody else's experiment that is no reason not to play it."""
    if document is not None:
        for path, message in experiment.misspelt():
            yield wrong(document.place(path, of_key=True), f"{message} (Chaos Toolkit passes it over)")
        yield from providers.warned(experiment, document)
        for group, named in (experiment.secrets or {}).items():
            for key, value in named.items() if isinstance(named, dict) else ():
                if not (isinstance(value, dict) and "type" in value):
                    message = (
                        "this secret would stand in the log of each run; let it come from the environment"
                    )
                    yield wrong(document.place(("secrets", group, key)), message)


def _profiles(shelf: Shelf, path: Path) -> list[str]:
    data = shelf.read(Kind.SCENARIO, path).reading.data
    profiles = data.get("profiles") if isinstance(data, dict) else None
    return list(profiles) if isinstance(profiles, dict) else []


@dataclass(slots=True)
class _Found:
    """Files of ours with their kinds, None for one that cannot be read; and what was found on the way to them."""

    files: dict[Path, Kind | None] = field(default_factory=dict)
    problems: set[Problem] = field(default_factory=set)
    warnings: set[Problem] = field(default_factory=set)


def _ours(shelf: Shelf, start: Path, paths: Iterable[str | Path]) -> _Found:
    found = _Found()
    missing: list[Problem] = []
    for given in paths:
        path = start / given
        try:
            is_folder, is_there = path.is_dir(), is_file(path)
        except (OSError, ValueError):
            is_folder, is_there = False, False
        if is_folder:
            _take_folder(shelf, found, path)
        elif not is_there:
            missing.append(wrong(None, f"there is no file or folder '{given}'"))
        elif (kind := kind_of(shelf, path)) is not None:
            found.files[path] = kind
        elif broken := _broken(shelf, path):
            found.files[path] = None
            found.problems.update(broken)
        else:
            missing.append(wrong(Place(shelf.shown(path)), _NEITHER))
    if missing:
        raise InputError(missing)
    return found


def _take_folder(shelf: Shelf, found: _Found, folder: Path) -> None:
    """Everything of ours below a folder, and what stands beside it and might have been meant as ours."""
    kinds = {path: kind_of(shelf, path) for path in _walk(shelf, found, folder)}
    ours = {path: kind for path, kind in kinds.items() if kind is not None}
    homes = {path.parent for path, kind in ours.items() if kind is not Kind.CONFIG}
    for path in kinds.keys() - ours.keys():
        if path.parent in homes or path.parent.name in _FOLDERS or not homes:
            broken = _broken(shelf, path)
            if broken:
                found.files[path] = None
                found.problems.update(broken)
            elif homes and path.suffix in _YAML:
                found.warnings.add(wrong(Place(shelf.shown(path)), f"passed over: {_NEITHER}"))
    found.files |= ours


def _broken(shelf: Shelf, path: Path) -> Sequence[Problem]:
    """What keeps anybody from seeing what kind of file this is; nothing for one that is simply not ours."""
    if path.suffix not in _YAML:
        file = shelf.read(Kind.CONFIG if path.name in _CONFIGS else Kind.RUNBOOK, path)
        return [] if file.text else file.reading.problems
    reading = shelf.read(Kind.SCENARIO, path).reading
    if reading.document is None:
        return reading.problems
    return [] if isinstance(reading.data, dict) else [wrong(reading.document.place(()), _NEITHER)]


def _walk(shelf: Shelf, found: _Found, top: Path) -> list[Path]:
    """Files that may be ours; links to folders are not followed. A folder that cannot be read is said."""
    seen = 0
    files: list[Path] = []
    closed: list[OSError] = []
    for name, folders, names in os.walk(top, onerror=closed.append):
        seen += len(folders) + len(names)
        if seen > _MOST:
            raise InputError(f"more than {_MOST:,} files are under '{top}'; name the folders of your project")
        folders[:] = sorted(inner for inner in folders if inner[0] != "." and inner not in _PASSED_OVER)
        for inner in sorted(names):
            path = Path(name, inner)
            wanted = inner[0] != "." and (path.suffix in _ENDINGS or inner in _CONFIGS)
            if wanted and (is_file(path) or not os.path.exists(path)):  # noqa: PTH110 - never raises
                files.append(path)
    for error in closed:
        folder = Path(error.filename)
        problem = wrong(Place(shelf.shown(folder)), f"cannot be read: {error.strerror}")
        meant = folder == top or folder.name in _FOLDERS
        (found.problems if meant else found.warnings).add(problem)
    return files


def kind_of(shelf: Shelf, path: Path) -> Kind | None:
    """What a file is, by the nearest folder that tells, else by what is in it; None if it is none of ours."""
    if path.name == "gameday.toml":
        return Kind.CONFIG
    if path.name == "pyproject.toml":
        return Kind.CONFIG if "[tool.gameday" in shelf.read(Kind.CONFIG, path).text else None
    if path.suffix == ".py":
        return Kind.LOCUSTFILE
    by_folder = _FOLDERS.get(path.parent.name) or _FOLDERS.get(path.parent.parent.name)
    if path.suffix == ".md":
        text = shelf.read(Kind.RUNBOOK, path).text
        steps = text.startswith("---") and "\nsteps:" in text.partition("\n---")[0]
        meant = by_folder is Kind.RUNBOOK and path.stem.lower() != "readme"
        return Kind.RUNBOOK if steps or meant else None
    if by_folder is not None and by_folder is not Kind.RUNBOOK:
        return by_folder
    data = shelf.read(Kind.SCENARIO, path).reading.data
    keys = data.keys() if isinstance(data, dict) else set()
    return next((kind for kind, signs in _SIGNS if signs <= keys), None)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
