"""Whatever is in a file that a person writes: problems with places, or a model. Never anything else."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from gameday.catalog import Catalog
from gameday.errors import InputError, Problem
from gameday.model.config import read_config
from gameday.model.experiment import Experiment
from gameday.model.lever_table import read_table
from gameday.model.located import DEEPEST, decode, parse
from gameday.model.markdown import read_runbook
from gameday.model.playbook import Playbook
from gameday.model.profiles import merge
from gameday.model.reading import Reading, build, read
from gameday.model.rubric import Rubric
from gameday.model.scenario import Scenario
from gameday.model.system import System

ROOT = Path(__file__).resolve().parents[2]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def reader(model: type[BaseModel]) -> Callable[[str, str], Reading[Any]]:
    """The reader of one kind of YAML file."""
    return lambda text, file: read(text, file, model)


READERS: dict[str, Callable[[str, str], Reading[Any]]] = {
    "scenario": reader(Scenario),
    "system": reader(System),
    "experiment": reader(Experiment),
    "rubric": reader(Rubric),
    "playbook": reader(Playbook),
    "runbook": read_runbook,
    "gameday.toml": read_config,
}
SAMPLES = {
    "scenario": [ROOT / "scenarios/auth-connection-leak.yaml", ROOT / "scenarios/identity-latency.yaml"],
    "system": [ROOT / "scenarios/systems/auth.yaml"],
    "experiment": sorted((ROOT / "experiments").iterdir()),
    "rubric": [ROOT / "scorecards/standard.yaml"],
    "playbook": sorted((ROOT / "scenarios/playbooks").glob("*.yaml")),
    "runbook": sorted((ROOT / "scenarios/runbooks").iterdir()),
}
TOML = """\
[targets]
stacks = ["local"]
kubernetes = [{ context = "c", namespace = "n" }]
[limits]
longest = "1h"
"""
TEXTS = [(kind, path.read_text()) for kind, paths in SAMPLES.items() for path in paths] + [
    ("gameday.toml", TOML)
]

_MARKS = "yes ~ 1 -1 0.5 .nan 1e999 5% 5s none [ ] { } : # ' \" &a *a | > !x {#x} ${x} {x} / ../x <x> [key]"
_PIECES = (
    "error_rate > 5%",
    "- ",
    "? ",
    "<<: ",
    "---\n",
    "...\n",
    "\t",
    "\0",
    "\ud800",
    "\n",
    "\r\n",
    " ",
    "\u2028",
)
_PROSE = ("`gameday look`", "`gameday ", "## Symptoms\n", "\x1b[31m")
WORDS = st.sampled_from([*_MARKS.split(), *_PIECES, *_PROSE])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)


def sound(kind: str, text: str) -> None:
    """Problems have places in the file, in order; without any there is a model that can be made again."""
    reading = READERS[kind](text, "f")
    assert (reading.model is None) == bool(reading.problems)
    assert reading.problems == sorted(reading.problems)
    lines = (
        text.count("\n") + text.count("\r") + text.count("\u2028") + text.count("\u2029") + text.count("\x85")
    )
    for problem in reading.problems:
        assert problem.place is not None
        assert 1 <= problem.place.line <= lines + 2
        assert problem.place.column >= 1
        assert problem.message
        assert problem.message.isprintable()
        assert "validation error" not in problem.message
    if reading.model is not None:
        assert json.loads(json.dumps(reading.data)) == reading.data
        assert type(reading.model).model_validate(reading.data) == reading.model


@FUZZ
@given(
    kind=st.sampled_from(sorted(READERS)),
    text=st.text(max_size=200) | st.lists(WORDS, max_size=30).map("".join),
)
def test_any_text(kind: str, text: str) -> None:
    """No text makes a traceback, whatever kind of file it is taken for."""
    sound(kind, text)


@FUZZ
@given(content=st.binary(max_size=100))
def test_any_bytes(content: bytes) -> None:
    """Bytes are text or one problem."""
    text, problems = decode(content, "f")

    assert (text is None) == bool(problems)
    if text is not None:
        sound("scenario", text)


@FUZZ
@given(sample=st.sampled_from(TEXTS), data=st.data())
def test_damaged_samples(sample: tuple[str, str], data: st.DataObject) -> None:
    """Parts cut out, doubled, or replaced by anything."""
    kind, text = sample
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(at + 30, len(text))))
        text = text[:at] + data.draw(st.just(text[at:end] * 2) | st.text(max_size=5) | WORDS) + text[end:]
    sound(kind, text)
    read_table(text, "f")


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in some data."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from paths(below, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The data with another value at a place."""
    if not path:
        return new
    found = copy.deepcopy(value)
    at = found
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return found


def replaced(data: st.DataObject, value: Any) -> Any:
    """The data with one to three values replaced by anything."""
    for _ in range(data.draw(st.integers(1, 3))):
        value = changed(value, data.draw(st.sampled_from(list(paths(value)))), data.draw(VALUES))
    return value


@FUZZ
@given(
    sample=st.sampled_from([one for one in TEXTS if one[0] not in {"runbook", "gameday.toml"}]),
    data=st.data(),
)
def test_other_values_in_samples(sample: tuple[str, str], data: st.DataObject) -> None:
    """Any value in any place of any kind of file, written as YAML and as JSON."""
    kind, text = sample
    value = replaced(data, parse(text, "f")[0].data)  # type: ignore[union-attr]
    sound(kind, yaml.safe_dump(value, allow_unicode=data.draw(st.booleans())))
    sound(kind, json.dumps(value))


@FUZZ
@given(data=st.data())
def test_any_profile(data: st.DataObject) -> None:
    """A profile of anything merges into problems with places or into a scenario."""
    text = SAMPLES["scenario"][0].read_text()
    base = parse(text, "f")[0]
    assert base is not None
    value = {
        **base.data,
        "profiles": {"p": data.draw(VALUES | st.just(base.data).map(lambda v: replaced(data, v)))},
    }
    document, _ = parse(json.dumps(value), "f")
    if document is not None:
        merged, problems = merge(document, "p")
        assert (merged is None) == bool(problems)
        if merged is not None:
            located(build(merged, Scenario).problems)


def located(problems: list[Problem]) -> None:
    """All of them have a place."""
    assert all(problem.place is not None for problem in problems)


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """The sample files, for tests that change one of them at a time."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("experiments", "scenarios", "scorecards"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        yield Path(folder)


@settings(parent=FUZZ, max_examples=100)
@given(data=st.data())
def test_loading_with_any_file_changed(project: Path, data: st.DataObject) -> None:
    """Whichever file of a scenario is wrong in whichever way: it is loaded, or all problems are located."""
    loaded = Catalog(project).load("auth-connection-leak")
    path = loaded.paths[data.draw(st.sampled_from(sorted(loaded.paths)))]
    original = path.read_bytes()
    document = parse(original.decode(), "f")[0] if path.suffix == ".yaml" else None
    if document is not None and data.draw(st.booleans()):
        content = json.dumps(replaced(data, document.data)).encode()
    else:
        at = data.draw(st.integers(0, len(original)))
        content = (
            original[:at] + data.draw(st.binary(max_size=6)) + original[at + data.draw(st.integers(0, 20)) :]
        )
    try:
        path.write_bytes(content)
        Catalog(project).load("auth-connection-leak", profile=data.draw(st.sampled_from([None, "gameday"])))
    except InputError as error:
        located(list(error.problems))
    finally:
        path.write_bytes(original)


@FUZZ
@given(opening=st.lists(st.sampled_from(["[", "{a: ", "- ", "? "]), min_size=DEEPEST + 1, max_size=2000))
def test_any_depth(opening: list[str]) -> None:
    """However it is nested, too deep is said and the stack holds."""
    document, problems = parse("".join(opening), "f")

    assert document is None
    assert problems
