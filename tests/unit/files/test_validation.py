"""``gameday validate``: every problem of every file."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gameday.errors import InputError
from gameday.places import Kind
from gameday.shelf import Shelf
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


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "func: deploy",
            "func: deplov",
            "34:13: 'gameday.faults.actions.control' has no function 'deplov'; did you mean 'deploy'?",
        ),
        (
            "module: gameday.faults.actions.control",
            "module: gameday.faults.actions.contrl",
            "26:15: there is no module 'gameday.faults.actions.contrl'; did you mean 'control'?",
        ),
        (
            "module: gameday.faults.actions.control",
            "module: yaml.none",
            "26:15: there is no module 'yaml.none'",
        ),
    ],
)
def test_what_an_experiment_calls_must_be_there(
    project: Path, edit: Edit, old: str, new: str, problem: str
) -> None:
    """It is looked for where a run would find it; nothing is imported for that."""
    edit("experiments/bad-release.yaml", old, new)
    (found,) = validate([project / "experiments"], project).problems

    assert str(found).startswith(f"experiments/bad-release.yaml:{problem}")


def test_a_package_that_is_not_installed_is_warned_of(project: Path, edit: Edit) -> None:
    """Whoever checks files need not be able to run them; a module beside the project is found."""
    edit("experiments/nothing.yaml", "module: ", "module: not_there_at_all.")
    edit("experiments/nothing.yaml", "module: gameday", "module: beside.gameday")
    report = validate([project / "experiments"], project)

    assert report.problems == []
    assert [problem.message for problem in report.warnings] == [
        "the package 'not_there_at_all' is not installed here; a run needs it",
        "the package 'beside' is not installed here; a run needs it",
    ]


def test_a_slip_of_the_pen_in_somebody_else_s_experiment_is_a_warning(project: Path) -> None:
    """Chaos Toolkit passes such keys over, and people's files are played as they are."""
    (project / "experiments" / "theirs.yaml").write_text(
        "title: T\ndescription: D\nrolbacks: []\nx-notes: mine\nmethod:\n- type: action\n  name: a\n"
        "  pauzes: {after: 1}\n  provider: {type: process, path: echo, argumets: hi}\n"
    )
    report = validate([project / "experiments" / "theirs.yaml"], project)

    assert report.problems == []
    assert [str(warning).split(" (Chaos")[0] for warning in report.warnings] == [
        "experiments/theirs.yaml:3:1: unknown key 'rolbacks'; did you mean 'rollbacks'?",
        "experiments/theirs.yaml:8:3: unknown key 'pauzes'; did you mean 'pauses'?",
        "experiments/theirs.yaml:9:41: unknown key 'argumets'; did you mean 'arguments'?",
    ]


def test_a_module_that_is_no_file_of_its_package_may_be_there(project: Path, edit: Edit) -> None:
    """``os.path`` stands in no package's folder and can be imported."""
    edit("experiments/nothing.yaml", "module: gameday.faults.actions.control", "module: os.path")

    assert validate([project / "experiments"], project).problems == []


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("configuration: {2026-01-01: x}", ""),
        ("configuration: &a {b: *a}", "3:23: alias '*a' refers to itself"),
        ("configuration: {x: .nan}", "3:20: '.nan' is not a number one can compare with"),
    ],
)
def test_what_json_has_not_is_no_bug_of_ours(project: Path, part: str, problem: str) -> None:
    """Somebody else's file with a date as a key, a circle or what is no number: read by our rules, or refused."""
    (project / "experiments" / "theirs.yaml").write_text(
        f"title: T\ndescription: D\n{part}\nmethod: [{{type: probe, name: a, provider: {{type: process, path: ls}}}}]\n"
    )
    found = [str(one) for one in validate([project / "experiments" / "theirs.yaml"], project).problems]

    assert len(found) == bool(problem)
    assert all(one.startswith(f"experiments/theirs.yaml:{problem}") for one in found)


def test_somebody_else_s_experiment_is_read_as_chaos_toolkit_reads_it(project: Path) -> None:
    """YAML 1.1, the last of two equal keys, merge keys; what we would not have taken is warned of."""
    (project / "experiments" / "theirs.yaml").write_text(
        "title: T\ndescription: first\ndescription: last\nsecrets: {shop: {token: abc, key: {type: env, key: KEY}}}\n"
        "configuration: &all {loud: no, mode: 0777}\nmethod:\n"
        "- {type: probe, name: a, provider: {type: process, path: echo, arguments: {<<: *all, loud: yes}}}\n"
    )
    report = validate([project / "experiments" / "theirs.yaml"], project)
    data = Shelf(project).read(Kind.EXPERIMENT, project / "experiments" / "theirs.yaml").reading.data

    assert report.problems == []
    assert [str(warning).removeprefix("experiments/theirs.yaml:") for warning in report.warnings] == [
        "3:1: duplicate key 'description'; it stands in line 2 already",
        "4:25: this secret would stand in the log of each run; let it come from the environment",
        "7:76: merge keys (<<) are not read; write the keys out",
    ]
    assert data["description"] == "last"
    assert data["configuration"] == {"loud": False, "mode": 511}
    assert data["method"][0]["provider"]["arguments"] == {"loud": True, "mode": 511}


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
        (
            "mitigate: {within: 90s",
            "mitigate: {within: 2m",
            "nobody can miss 120s: the last fault is put back after 120s",
        ),
        (
            "  stable_for: 20s",
            "  declare: {within: 1m}\n  stable_for: 20s",
            "'declare' is shown, not gated; the rubric's gates: impact, detect, acknowledge",
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


def test_what_responders_should_do_is_not_judged_where_nothing_is_to_be_felt(
    project: Path, edit: Edit
) -> None:
    """Their clocks start with the impact; the platform's own healing is judged all the same."""
    edit(
        LEAK,
        "impact: {when: error_rate > 10%, within: 45s}",
        "impact: none\n  recover: {by: platform, within: 9s}",
    )
    warnings = [warning.message for warning in validate([project / LEAK], project).warnings]

    assert [words.split()[0] for words in warnings if "is not judged with impact: none" in words] == [
        "'detect'",
        "'mitigate'",
    ]


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
            "odd.yaml:1:1: this is neither scenario, system, experiment, runbook, rubric, playbook nor stack",
        ),
        (
            "empty",
            (
                "there is no scenario, system, experiment, runbook, rubric or playbook here; "
                "gameday init makes a first one"
            ),
        ),
    ],
)
def test_a_path_that_leads_to_nothing_is_said(tmp_path: Path, name: str, message: str) -> None:
    """A check of nothing must not look like a check."""
    (tmp_path / "odd.yaml").write_text("a: 1\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as raised:
        validate([name], tmp_path)

    assert str(raised.value) == message


BROKEN = {
    "indent": (b"title: x\n  why: y\n", ":2:"),
    "tab": (b"load:\n\tusers: 3\n", ":2:1: "),
    "bracket": (b"tags: [a\n", "not closed"),
    "binary": (b"\x00\x01", "the character U+0000 does not belong in a text file"),
    "latin-1": ("title: Störung\n".encode("latin-1"), ":1:10: this is not UTF-8 text"),
    "empty": (b"", ":1:1: the file is empty"),
    "list": (b"- a\n", ":1:1: "),
}


@pytest.mark.parametrize("folder", ["scenarios", "scenarios/runbooks", "experiments", "mine"])
@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_cannot_be_read_is_never_passed_over(project: Path, folder: str, how: str) -> None:
    """Where ours live, or beside one of ours, or named itself: with its own place, and the check fails."""
    content, message = BROKEN[how]
    (project / "mine").mkdir()
    shutil.copy(project / LEAK, project / "mine" / "leak.yaml")
    path = project / folder / "broken.yaml"
    path.write_bytes(content)
    found = [str(one) for one in validate([project], project).problems if "broken" in str(one)]

    assert len(found) == 1
    assert message in found[0].removeprefix(f"{folder}/broken.yaml")
    assert path in validate([project], project).files
    if how != "list":
        assert [str(one) for one in validate([path], project).problems] == found


@pytest.mark.parametrize("content", [b"", b"\xff", b"## Symptoms\n"])
def test_a_runbook_without_its_front_matter_is_a_problem(project: Path, content: bytes) -> None:
    """What stands among runbooks and is no README was meant as one."""
    (project / "scenarios/runbooks/mine.md").write_bytes(content)

    assert len(validate([project], project).problems) == 1


def test_a_file_that_may_not_be_read_is_a_problem(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for who checks as another user than who wrote it; a link that leads nowhere is the same."""
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "closed.yaml":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (project / "scenarios/closed.yaml").write_text("title: x\n")
    (project / "scenarios/link.yaml").symlink_to("nowhere.yaml")

    assert [str(one) for one in validate([project], project).problems] == [
        "scenarios/closed.yaml:1:1: cannot be read: Permission denied",
        "scenarios/link.yaml:1:1: cannot be read: No such file or directory",
    ]


def test_a_folder_that_may_not_be_read_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem where ours would be, a warning elsewhere; never a traceback."""
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if Path(path).name in {"systems", "data"}:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (project / "data").mkdir()
    report = validate([project], project)

    assert "scenarios/systems:1:1: cannot be read: Permission denied" in map(str, report.problems)
    assert [str(one) for one in report.warnings] == ["data:1:1: cannot be read: Permission denied"]


def test_a_whole_disk_is_not_looked_through(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who says `/` hears at once what to say instead."""
    monkeypatch.setattr("gameday.validation._MOST", 10)
    with pytest.raises(
        InputError, match=r"more than 10 files are under .*; name the folders of your project"
    ):
        validate([project], project)


def test_a_mapping_of_others_beside_ours_is_named(project: Path) -> None:
    """A misspelt key that hides a scenario is seen, and other tools' files fail nobody's check."""
    (project / "mine").mkdir()
    text = (project / LEAK).read_text().replace("load/logins.py", "logins")
    (project / "mine/leak.yaml").write_text(text)
    (project / "mine/other.yaml").write_text(text.replace("expect:", "expct:", 1))
    report = validate([project / "mine"], project)

    assert report.problems == []
    assert [str(one) for one in report.warnings] == [
        (
            "mine/other.yaml:1:1: passed over: "
            "this is neither scenario, system, experiment, runbook, rubric, playbook nor stack"
        )
    ]


def test_a_locustfile_is_python(project: Path) -> None:
    """Named itself it is read as what it is."""
    assert validate([project / "scenarios/load/logins.py"], project).problems == []


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


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ("a: {experiment: nothing, after: b, for: 9s}", "unknown fault 'b'; there are a"),
        ("a: {experiment: nothing, after: a, for: 9s}", "'a' waits for itself: a after a"),
        (
            "a: {experiment: nothing, after: b, for: 9s}\n  b: {experiment: nothing, after: a, for: 9s}",
            "'a' waits for itself: a after b after a",
        ),
        (
            "a: {experiment: nothing, after: b, for: 2s}\n  b: {experiment: nothing, at: 2s, for: 9s}",
            "'a' is over before 'b' begins, at 2s",
        ),
    ],
)
def test_a_fault_can_come_after_another_only(project: Path, edit: Edit, faults: str, problem: str) -> None:
    """Not after itself, by a detour either, and not after one that begins too late."""
    text = (project / LEAK).read_text()
    block = text[text.index("faults:") : text.index("\nexpect:")]
    edit(LEAK, block, f"faults:\n  {faults}\n")
    found = [str(one) for one in validate([project / LEAK], project).problems]

    assert any(one.startswith(f"{LEAK}:") and one.endswith(problem) for one in found), found
