"""Whether the Python that an experiment calls is there: looked for where a run would find it, never imported."""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from gameday.errors import Problem
from gameday.model.base import Steps, nearest, wrong
from gameday.model.experiment import Activity, Experiment
from gameday.model.located import Document


def problems(experiment: Experiment, document: Document | None) -> Iterator[Problem]:
    """Modules that an installed package has not, and functions that a module has not."""
    if document is None:
        return
    for path, module, function in _called(experiment):
        found = _file(module, str(Path.cwd()))
        if isinstance(found, _Missing):
            if found.inside:
                hint = nearest(module.rpartition(".")[2], found.there)
                yield wrong(document.place((*path, "module")), f"there is no module '{module}'{hint}")
        elif found is not None:
            names = _names(found)
            if names is not None and function not in names:
                hint = nearest(function, names)
                yield wrong(document.place((*path, "func")), f"'{module}' has no function '{function}'{hint}")


def warned(experiment: Experiment, document: Document | None) -> Iterator[Problem]:
    """Packages that are not installed here: whoever runs the experiment needs them."""
    if document is None:
        return
    for path, module, _ in _called(experiment):
        found = _file(module, str(Path.cwd()))
        if isinstance(found, _Missing) and not found.inside:
            package = module.partition(".")[0]
            message = f"the package '{package}' is not installed here; a run needs it"
            yield wrong(document.place((*path, "module")), message)


class _Missing:
    """A module that is not there: within a package that is (``inside``), beside these, or with its package."""

    def __init__(self, *, inside: bool, there: Sequence[str] = ()) -> None:
        self.inside = inside
        self.there = there


def _called(experiment: Experiment) -> Iterator[tuple[Steps, str, str]]:
    """Where a function is called, its module and its name, both written out."""
    for part in ("method", "rollbacks"):
        for number, activity in enumerate(getattr(experiment, part)):
            if isinstance(activity, Activity) and activity.provider.type == "python":
                said = activity.provider.model_extra or {}
                module, function = said.get("module"), said.get("func")
                if isinstance(module, str) and isinstance(function, str) and "${" not in module + function:
                    yield (part, number, "provider"), module, function


@functools.cache
def _file(module: str, folder: str) -> Path | _Missing | None:
    """The source of a module, seen from a folder; None where it is there and has no source to read."""
    first, *rest = module.split(".")
    spec = _package(first, folder)
    if spec is None:
        return _Missing(inside=False)
    for step in rest:
        if spec.submodule_search_locations is None:
            return None  # no package, and yet there may be such a module: os.path is one
        folders = list(spec.submodule_search_locations)
        inner = importlib.machinery.PathFinder.find_spec(step, folders)
        if inner is None:
            beside = {file.stem for folder in folders for file in Path(folder).glob("[!_]*")}
            return _Missing(inside=True, there=sorted(beside))
        spec = inner
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _package(name: str, folder: str) -> importlib.machinery.ModuleSpec | None:
    """What is imported under a name without dots; looking for such a one imports nothing."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    # The child is started with -m, so that it finds what stands in the folder it was called from, too.
    return found or importlib.machinery.PathFinder.find_spec(name, [folder])


@functools.cache
def _names(file: Path) -> frozenset[str] | None:
    """What a module defines; None where that cannot be told without running it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return None if {"*", "__getattr__"} & found else frozenset(found)
