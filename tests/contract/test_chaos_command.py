"""Chaos Toolkit's own command with each of our experiments, on each stack of ours, by the stack's variables alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameday.catalog import Catalog
from gameday.places import Kind
from gameday.ports import Stack
from tests.contract.test_stack_contract import NEEDS, made_of
from tests.gamedays import ROOT
from tests.unit.test_sample_files import chaos

MARKS = {
    "local": [pytest.mark.slow],
    "compose": [pytest.mark.service, pytest.mark.timeout(600)],
    "kubernetes": [pytest.mark.service, pytest.mark.timeout(600)],
}


def file_of(experiment: str, kind: str) -> Path:
    """An experiment's file for a kind of stack: its variant where it has one."""
    home = ROOT / "experiments"
    variant = home / f"{experiment}.{kind}.yaml"
    return variant if variant.is_file() else home / f"{experiment}.yaml"


def plays_on(path: Path, kind: str) -> bool:
    """Whether the experiment names this kind of stack."""
    [ours] = [block for block in yaml.safe_load(path.read_text())["extensions"] if block["name"] == "gameday"]
    return kind in ours["parameters"]["stacks"]


ELSEWHERE = {"node-drain", "network-deny"}
"""Not every cluster can do those: tests/e2e/test_kubernetes_faults.py has them."""
PLAYED = [
    pytest.param(kind, file_of(name, kind), marks=marks, id=f"{kind}-{name}")
    for kind, marks in MARKS.items()
    for name in Catalog(ROOT).names(Kind.EXPERIMENT)
    if plays_on(file_of(name, kind), kind) and name not in ELSEWHERE
]


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that stands."""
    kind: str = request.param
    if kind in NEEDS:
        request.getfixturevalue(NEEDS[kind])
    made = made_of(kind, tmp_path_factory.mktemp("stack") / "s")
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


@pytest.mark.parametrize(("stack", "experiment"), PLAYED, indirect=["stack"])
def test_it_plays_and_leaves_the_stack_as_it_was(stack: Stack, tmp_path: Path, experiment: Path) -> None:
    """`chaos run` ends with 0, every activity succeeded, rollbacks too; the inventory is the one of before."""
    before = asyncio.run(stack.inventory())
    path = str(experiment)

    checked = chaos("validate", path, folder=tmp_path, **stack.environment())
    done = chaos("run", path, folder=tmp_path, **stack.environment())

    assert checked.returncode == 0, checked.stderr
    assert done.returncode == 0, done.stderr
    journal: dict[str, Any] = json.loads((tmp_path / "journal.json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    activities = [*journal["run"], *journal["rollbacks"]]
    assert {activity["status"] for activity in activities} == {"succeeded"}, activities
    assert asyncio.run(stack.inventory()) == before
