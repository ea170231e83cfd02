"""One scenario and every file that it names, together: what is wrong with them, or everything a run needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gameday.errors import InputError, Problem
from gameday.model import checks
from gameday.model.base import Steps, wrong
from gameday.model.inputs import Inputs
from gameday.model.lever_table import read_table
from gameday.model.located import Document
from gameday.model.profiles import merge
from gameday.model.reading import build
from gameday.model.scenario import Scenario
from gameday.places import Kind
from gameday.shelf import File, Shelf


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that one run is made of."""

    raw: dict[str, Any]
    """Plain data for ``Inputs.of``; what the log's first record holds."""
    inputs: Inputs
    digests: dict[str, str]
    """Input -> sha256 of its text; an experiment's is ``experiment:<name>``."""
    paths: dict[str, Path]
    warnings: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Gathered:
    """What one scenario came to; ``files`` is keyed as ``Loaded.paths``."""

    scenario: Path
    profile: str
    data: Any = None
    files: dict[str, File] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def loaded(self) -> Loaded:
        """The inputs of a run; only where there are no problems."""
        raw: dict[str, Any] = {"name": self.scenario.stem, "profile": self.profile, "scenario": self.data}
        for part in ("system", "rubric", "runbook", "playbook"):
            raw[part] = self.files[part].reading.data if part in self.files else None
        for part in ("runbook", "playbook"):
            raw[f"{part}_name"] = self.files[part].path.stem if part in self.files else ""
        raw["experiments"] = {
            key.removeprefix("experiment:"): file.reading.data
            for key, file in self.files.items()
            if key.startswith("experiment:")
        }
        digests = {key: file.digest for key, file in self.files.items()}
        paths = {key: file.path for key, file in self.files.items()}
        return Loaded(raw, Inputs.of(raw), digests, paths, self.warnings)


def gather(
    shelf: Shelf, scenario: Path, *, profile: str | None = None, stack: str = "", playbook: str | None = None
) -> Gathered:
    """Read a scenario with its profile, follow every name in it, and check them together."""
    found = Gathered(scenario, profile or "")
    file = shelf.read(Kind.SCENARIO, scenario)
    found.files["scenario"] = file
    found.problems += file.reading.problems
    document, model = file.reading.document, file.reading.model
    if document is None or not isinstance(document.data, dict):
        return found
    if profile:
        merged, problems = merge(document, profile)
        found.problems += problems
        if merged is None:
            return found
        reading = build(merged, Scenario)
        found.problems += reading.problems
        document, model = merged, reading.model
    found.data = document.data
    for key, kind, path, name in _names(document):
        if key != "playbook" or playbook is None:
            _follow(shelf, found, document, (key, kind, path, name), stack)
    if playbook is not None:
        _take_playbook(shelf, found, playbook)
    table, problems = read_table(file.text, file.shown)
    parts = _together(found, document, model, table)
    found.problems += problems
    found.problems += checks.problems(parts)
    found.warnings += checks.warnings(parts)
    return found


def _names(document: Document) -> list[tuple[str, Kind, Steps, str]]:
    """What a scenario names: key, kind, where, and the name; what is no name is the model's business."""
    data = document.data
    load, faults = data.get("load"), data.get("faults")
    named: list[tuple[str, Kind, Steps, Any]] = [
        ("system", Kind.SYSTEM, ("system",), data.get("system")),
        ("rubric", Kind.RUBRIC, ("scorecard",), data.get("scorecard", "standard")),
        ("runbook", Kind.RUNBOOK, ("runbook",), data.get("runbook")),
        ("playbook", Kind.PLAYBOOK, ("playbook",), data.get("playbook")),
    ]
    if isinstance(load, dict):
        named.append(("locustfile", Kind.LOCUSTFILE, ("load", "locustfile"), load.get("locustfile")))
    for fault, use in faults.items() if isinstance(faults, dict) else ():
        if isinstance(use, dict):
            name = use.get("experiment")
            named.append((f"experiment:{name}", Kind.EXPERIMENT, ("faults", fault, "experiment"), name))
    return [(key, kind, path, name) for key, kind, path, name in named if isinstance(name, str) and name]


def _follow(
    shelf: Shelf, found: Gathered, document: Document, named: tuple[str, Kind, Steps, str], stack: str
) -> None:
    key, kind, path, name = named
    there = shelf.find(kind, name, found.scenario.parent, stack)
    if there is None:
        message = shelf.missing(kind, name, found.scenario.parent)
        found.problems.append(wrong(document.place(path), message))
        return
    found.files[key] = shelf.read(kind, there)
    found.problems += found.files[key].reading.problems


def _take_playbook(shelf: Shelf, found: Gathered, playbook: str) -> None:
    try:
        found.files["playbook"] = shelf.read(Kind.PLAYBOOK, shelf.path(Kind.PLAYBOOK, playbook))
    except InputError as error:
        found.problems += error.problems
    else:
        found.problems += found.files["playbook"].reading.problems


def _together(found: Gathered, document: Document, model: Scenario | None, table: Any) -> checks.Together:
    def part(name: str) -> Any:
        return found.files[name].reading.model if name in found.files else None

    return checks.Together(
        document=document,
        scenario=model,
        system=part("system"),
        experiments={
            key.removeprefix("experiment:"): file.reading.model
            for key, file in found.files.items()
            if key.startswith("experiment:") and file.reading.model is not None
        },
        runbook=part("runbook"),
        rubric=part("rubric"),
        playbook=part("playbook"),
        playbook_document=found.files["playbook"].reading.document if "playbook" in found.files else None,
        levers=table,
    )
