"""``gameday init``: a project that is whole, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gameday.catalog import Catalog, Kind
from gameday.cli.program import app
from gameday.errors import InputError
from gameday.validation import validate

SCENARIOS = Catalog(Path("/")).names(Kind.SCENARIO)


def init(*words: str) -> Result:
    """What it does with these words."""
    return CliRunner().invoke(app, ["init", *words])


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its text."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_first_project(tmp_path: Path) -> None:
    """Seven files that are a project without a problem or a warning, and the commands that come next."""
    result = init(str(tmp_path / "mine"))
    assert result.exit_code == 0, result.output
    assert set(tree(tmp_path / "mine")) == {
        "gameday.toml",
        "scenarios/first-game-day.yaml",
        "scenarios/systems/sign-in.yaml",
        "scenarios/runbooks/slow-sign-in.md",
        "scenarios/playbooks/open-the-breaker-first.yaml",
        "scenarios/load/visits.py",
        "scorecards/ours.yaml",
    }
    report = validate([tmp_path / "mine"], tmp_path / "mine")
    assert [str(one) for one in (*report.problems, *report.warnings)] == []
    assert "gameday run first-game-day" in result.output


def test_a_project_for_ones_own_staging(tmp_path: Path) -> None:
    """The same, with a stack, an experiment and a system of one's own; all of it is valid, and its levers fit."""
    result = init(str(tmp_path / "mine"), "--external")
    assert result.exit_code == 0, result.output
    made = tree(tmp_path / "mine")
    assert {"staging/ours.yaml", "experiments/late-answers.yaml", "scenarios/systems/sign-in.yaml"} <= set(
        made
    )
    report = validate([tmp_path / "mine"], tmp_path / "mine")
    assert [str(one) for one in (*report.problems, *report.warnings)] == []
    assert "gameday run first-game-day --stack external" in result.output


def test_an_example_is_for_the_embedded_stack(tmp_path: Path) -> None:
    """Both at once cannot be meant, and nothing is written."""
    result = init(str(tmp_path / "mine"), "--external", "--example", "identity-latency")
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_copy_of_each_of_ours_is_whole(tmp_path: Path, name: str) -> None:
    """Every file that it names comes with it, so that all of them can be changed."""
    assert init(str(tmp_path), "--example", name).exit_code == 0
    loaded = Catalog(tmp_path).load(name)
    assert [path for path in loaded.paths.values() if not path.is_relative_to(tmp_path)] == []
    assert [str(one) for one in validate([tmp_path], tmp_path).problems] == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """One file that is there already, changed by somebody: all such are named, and nothing is written."""
    init(str(tmp_path))
    (tmp_path / "scenarios" / "first-game-day.yaml").write_text("mine")
    (tmp_path / "scorecards" / "ours.yaml").unlink()
    before = tree(tmp_path)
    result = init(str(tmp_path))
    assert isinstance(result.exception, InputError)
    assert "scenarios/first-game-day.yaml is there already" in str(result.exception)
    assert "scorecards/ours.yaml" not in str(result.exception)
    assert "nothing was written; name another folder" in str(result.exception)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x", "--example", "identity-latenc"), "did you mean 'identity-latency'?"),
        (("x", "--example", "../scenarios/identity-latency.yaml"), "gameday has no scenario"),
        (("file/x",), "Not a directory"),
    ],
    ids=["slip", "path", "file"],
)
def test_what_cannot_be_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """With what is near or what to do instead."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    result = init(*words)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert not (tmp_path / "x").exists()
