"""Where people's files are, and what is in them: names in, paths, data and models out.

A name resolves from the nearest ancestor folder that has gameday.toml or experiments/, then from the library
that comes with the package. A path inside a file is relative to that file. This is the one place that opens
people's files; each is read once in the life of a shelf. What they mean together is ``gameday.model.checks``.
"""

from __future__ import annotations

import ast
import hashlib
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gameday import providers
from gameday.errors import InputError, Place, Problem
from gameday.model.base import nearest, wrong
from gameday.model.config import Config, read_config
from gameday.model.experiment import Experiment
from gameday.model.external import External
from gameday.model.located import decode
from gameday.model.markdown import read_runbook
from gameday.model.playbook import Playbook
from gameday.model.reading import Reading, read
from gameday.model.rubric import Rubric
from gameday.model.runbook import Runbook
from gameday.model.scenario import Scenario
from gameday.model.system import System
from gameday.model.theirs import read_experiment
from gameday.places import HOMES, Kind, is_file, library, names, project_of, roots

MODELS: Mapping[Kind, type[BaseModel]] = {
    Kind.SCENARIO: Scenario,
    Kind.SYSTEM: System,
    Kind.STACK: External,
    Kind.EXPERIMENT: Experiment,
    Kind.RUNBOOK: Runbook,
    Kind.RUBRIC: Rubric,
    Kind.PLAYBOOK: Playbook,
    Kind.CONFIG: Config,
}


@dataclass(frozen=True, slots=True)
class File:
    """One file, read. A locustfile has no data: it is only looked at."""

    path: Path
    shown: str
    """What problems call it."""
    text: str
    digest: str
    reading: Reading[Any]


class Shelf:
    """Finds and reads people's files, seen from one folder."""

    def __init__(self, start: Path | None = None) -> None:
        self._start = (start or Path.cwd()).resolve()
        self._files: dict[tuple[Path, Kind], File] = {}
        self._found: dict[tuple[Kind, str, Path, str], Path | None] = {}

    def roots(self, beside: Path | None = None) -> list[Path]:
        """Folders in which names resolve, nearest first."""
        return roots(self._start, beside)

    def names(self, kind: Kind) -> list[str]:
        """Every name of a kind that resolves, variants for a stack left out."""
        return names(kind, self.roots())

    def path(self, kind: Kind, name: str, *, stack: str = "") -> Path:
        """The file of a name, or of a path as a person typed it. Raises InputError with the nearest name."""
        typed = Path(name)
        if typed.suffix and (typed.is_absolute() or is_file(self._start / typed)):
            return self._start / typed
        found = self.find(kind, name, self._start, stack)
        if found is None:
            near = nearest(name, self.names(kind)) or f"; `gameday list {kind}s` shows the names"
            if typed.suffix and "/" in name:
                raise InputError(f"there is no file '{name}' here{near}")
            raise InputError(f"there is no {kind} '{name}'{near}{self._looked(kind, name, self._start)}")
        return found

    def missing(self, kind: Kind, name: str, beside: Path) -> str:
        """The sentence for a name that means nothing in a file of this folder."""
        near = nearest(name, self.names(kind))
        return f"there is no {kind} '{name}'{near}{self._looked(kind, name, beside)}"

    def _looked(self, kind: Kind, name: str, beside: Path) -> str:
        """Where a name was looked for; nothing where it is a slip of the pen in somebody's own project."""
        projects = [self.shown(root) for root in self.roots(beside) if root != library()]
        if nearest(name, self.names(kind)) and (projects or project_of(beside)):
            return ""
        home = f"{HOMES[kind][0]} of "
        own = f"{home}{' and '.join(projects)} and in gameday's" if projects else f"{home}gameday's"
        return f" (looked in {own} own library; a project is a folder with experiments/ or gameday.toml)"

    def find(self, kind: Kind, name: str, beside: Path, stack: str = "") -> Path | None:
        """The file that a name or a path means in a file of this folder; None if there is none."""
        key = (kind, name, beside, stack)
        if key not in self._found:
            self._found[key] = next((path for path in self._candidates(*key) if is_file(path)), None)
        return self._found[key]

    def _candidates(self, kind: Kind, name: str, beside: Path, stack: str) -> Iterator[Path]:
        home, endings = HOMES[kind]
        variants = [f".{stack}", ""] if stack and kind is Kind.EXPERIMENT else [""]
        if "/" in name or name.endswith(endings):
            yield beside / name
        for folder in [beside] * ("/" in name) + [root / home for root in self.roots(beside)]:
            for variant in variants:
                for ending in endings:
                    yield folder / f"{name.removesuffix(ending)}{variant}{ending}"

    def read(self, kind: Kind, path: Path) -> File:
        """One file with what it came to; its problems are in its reading."""
        key = (path, kind)
        if key not in self._files:
            self._files[key] = self._read(kind, path)
        return self._files[key]

    def _read(self, kind: Kind, path: Path) -> File:
        shown = self.shown(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            problem = wrong(Place(shown), f"cannot be read: {error.strerror or error}")
            return File(path, shown, "", "", Reading(None, None, [problem]))
        digest = hashlib.sha256(content).hexdigest()
        text, problems = decode(content, shown)
        if text is None:
            return File(path, shown, "", digest, Reading(None, None, problems))
        return File(path, shown, text, digest, _reading(kind, text, shown))

    def shown(self, path: Path) -> str:
        """A path as messages show it: relative where that is shorter."""
        relative = os.path.relpath(path, self._start)
        return relative if not relative.startswith(".." + os.sep) else str(path)

    def config(self) -> Config:
        """The rules of the project that the shelf is seen from. Raises InputError with all their problems."""
        root = project_of(self._start)
        for name in ("gameday.toml", "pyproject.toml"):
            if root and is_file(root / name):
                reading: Reading[Config] = self.read(Kind.CONFIG, root / name).reading
                if reading.model is None:
                    raise InputError(reading.problems)
                return reading.model
        return Config()

    def external(self, config: Config) -> list[Path]:
        """The files of external stacks that the project allows; their paths are relative to its folder."""
        root = project_of(self._start) or self._start
        return [root / name for name in config.targets.external]


def _reading(kind: Kind, text: str, shown: str) -> Reading[Any]:
    if kind is Kind.RUNBOOK:
        return read_runbook(text, shown)
    if kind is Kind.CONFIG:
        return read_config(text, shown)
    if kind is Kind.LOCUSTFILE:
        return Reading(None, None, _python_problems(text, shown))
    if kind is not Kind.EXPERIMENT:
        return read(text, shown, MODELS[kind])
    reading = read_experiment(text, shown)
    if reading.model is not None:
        missing = sorted(providers.problems(reading.model, reading.document))
        return Reading(None, reading.data, missing, reading.document) if missing else reading
    return reading


def _python_problems(text: str, shown: str) -> list[Problem]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text, shown)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
        message = f"this is not Python: {getattr(error, 'msg', error)}"
        return [wrong(Place(shown, line, column), message)]
    return []
