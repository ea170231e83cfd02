"""``gameday validate``: every problem of every file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gameday.errors import InputError
from gameday.validation import validate

LEAK = "scenarios/leak.yaml"

Edit = Callable[[str, str, str], None]


def test_each_file_is_taken_for_what_it_is(project: Path) -> None:
    """By its folder or by what is in it; what is none of ours is passed over."""
    shutil.copy(project / "experiments/nothing.yaml", project / "elsewhere.yaml")
    (project / "elsewhere.yaml").write_text(
        (project / "elsewhere.yaml").read_text().replace("title:", "titel:")
    )
    (project / "docker-compose.yaml").write_text("services: {a: {image: b}}\n")
    (project / "README.md").write_text("---\nlayout: page\n---\nHello\n")
    (project / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (project / "scenarios" / "runbooks" / "README.md").write_text("About them\n")
    (project / "node_modules").mkdir()
    (project / "node_modules" / "x.yaml").write_text("faults: {}\nexpect: {}\n")
    (project / "broken.yaml").write_text("{{ .Values }}\n")
    report = validate([project], project)

    names = {path.name for path in report.files}
    assert not names & {"docker-compose.yaml", "README.md", "pyproject.toml", "x.yaml", "broken.yaml"}
    assert names >= {
        "nothing.yaml",
        "standard.yaml",
        "auth.yaml",
        "slow-dependency.md",
        "open-the-breaker.yaml",
    }
    assert report.problems == []


def test_problems_of_many_files_are_in_order_and_counted(project: Path, edit: Edit) -> None:
    """Each once, however many scenarios name the file; the last line says that nothing was touched."""
    edit("scenarios/systems/auth.yaml", "error_rate > 5% for 5s", "error_rate > 5 for 5s")
    edit(LEAK, "baseline: 8s", "basline: 8s")
    report = validate([project], project)

    assert [str(problem) for problem in report.problems] == [
        "scenarios/leak.yaml:9:1: unknown key 'basline'; did you mean 'baseline'?",
        (
            "scenarios/systems/auth.yaml:10:27: 'error_rate > 5 for 5s': "
            "'5' is not a percentage; write it with its sign, for example 5%"
        ),
    ]
    assert report.summary == f"2 problems in 2 of {len(report.files)} files. Nothing was touched."


def test_profiles_are_validated_as_merged(project: Path, edit: Edit) -> None:
    """What a profile makes wrong is found in the profile's lines, without anybody choosing it."""
    edit(LEAK, "stable_for: 5m", "stable_for: 5s")

    assert [str(problem) for problem in validate([project / LEAK], project).problems] == [
        f"{LEAK}:26:79: must be at least twice the longest relapse of the table: 18s"
    ]


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (
            "error_rate > 10%",
            "error_rate > 5%",
            "'error_rate > 5%' is less than one request: 12 are sent in 100ms",
        ),
        (
            "[error_rate < 1%,",
            "[error_rate < 0.1%,",
            "'error_rate < 0.1%' is less than one request: 240 are sent",
        ),
        (
            "auth-connections], within: 30s",
            "auth-connections], within: 3s",
            "no listed monitor can fire before 3.35s",
        ),
        (
            "host_memory_available < 500MB",
            "error_rate > 90%",
            "'error_rate > 90%' may stop the run on what the",
        ),
        ("# levers, alone", "# what they do", "nothing shows that these mend: no table in the header"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(
    project: Path, edit: Edit, old: str, new: str, warning: str
) -> None:
    """It can be run all the same."""
    assert validate([project / LEAK], project).warnings == []
    edit(LEAK, old, new)
    report = validate([project / LEAK], project)

    assert report.problems == []
    assert len(report.warnings) == 1
    assert warning in str(report.warnings[0])


def test_an_experiment_that_chaos_toolkit_reads_otherwise_is_a_warning(project: Path, edit: Edit) -> None:
    """Under plain `chaos run` it would do something else."""
    edit("experiments/bad-release.yaml", "author: deploy-bot", "author: no")
    edit("experiments/bad-release.yaml", "default: deploy-bot", "default: no")

    assert [problem.message for problem in validate([project / "experiments"], project).warnings] == [
        "Chaos Toolkit reads this as false, not as 'no'; put it in quotes"
    ] * 2


def test_a_wrong_gameday_toml_is_found(project: Path) -> None:
    """Its rules are part of every run."""
    (project / "gameday.toml").write_text("[limits]\nlongest = 60\n")
    report = validate([project], project)

    assert [str(problem) for problem in report.problems] == [
        "gameday.toml:2:1: 60: a duration needs a unit, for example 60s or 60ms"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "there is no file or folder 'nowhere'"),
        (
            "odd.yaml",
            "odd.yaml:1:1: this is neither scenario, system, experiment, runbook, rubric nor playbook",
        ),
        ("empty", "there is no scenario, system, experiment, runbook, rubric or playbook here"),
    ],
)
def test_a_path_that_leads_to_nothing_is_said(tmp_path: Path, name: str, message: str) -> None:
    """A check of nothing must not look like a check."""
    (tmp_path / "odd.yaml").write_text("a: 1\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as raised:
        validate([name], tmp_path)

    assert str(raised.value) == message


def test_a_thousand_scenarios_take_seconds(project: Path) -> None:
    """With their profiles and all that they name: about 1.5 s on two cores, three when others work too."""
    text = (project / LEAK).read_text()
    for number in range(1000):
        (project / f"scenarios/s{number:03}.yaml").write_text(text.replace("A release", f"Release {number}"))
    began = time.process_time()
    report = validate([project / "scenarios"], project)

    assert len(report.files) >= 1000
    assert report.problems == []
    assert time.process_time() - began < 6
