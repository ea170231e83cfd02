"""The table of levers, the project's rules, the two dialects of YAML, and the schemas."""

from __future__ import annotations

from pathlib import Path

import pytest

from gameday.model.config import read_config
from gameday.model.dialects import differences
from gameday.model.lever_table import read_table
from gameday.model.schemas import files
from gameday.model.vocabulary import LEVERS, TOPICS
from gameday.ports import Topic
from gameday.stacks.platform.lever_table import LEVERS as LOCAL_LEVERS

ROOT = Path(__file__).resolve().parents[3]


def test_a_table_of_levers_is_read() -> None:
    """Lever, arguments, effect, seconds, and whether it was measured."""
    rows, problems = read_table(
        "# Some words.\n"
        "# levers, alone (measured: make prove):\n"
        "#   rollback auth          mends\n"
        "#   restart auth           relapses after 9.5 s   (estimate)\n"
        "#   scale auth replicas=4  worse\n"
        "#\n"
        "# not a row\n"
        "title: T\n",
        "f",
    )
    assert rows is not None
    rollback, restart, scale = rows

    assert problems == []
    assert (rollback.words, rollback.effect, rollback.estimate) == (("rollback", "auth"), "mends", False)
    assert (restart.lever, restart.effect, restart.relapse, restart.estimate) == (
        "restart",
        "relapses",
        9.5,
        True,
    )
    assert (scale.words[-1], scale.effect, scale.line) == ("replicas=4", "worse", 5)


def test_no_table_is_not_an_empty_one() -> None:
    """A scenario of somebody who has not measured yet."""
    assert read_table("title: T\n", "f") == (None, [])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("#   rolback auth  mends", "f:2:5: unknown lever 'rolback'; did you mean 'rollback'?"),
        (
            "#   rollback mends",
            "f:2:1: a row is: lever, two spaces or more, mends | nothing | worse | relapses",
        ),
        (
            "#   rollback  helps",
            "f:2:1: a row is: lever, two spaces or more, mends | nothing | worse | relapses",
        ),
        (
            "#   restart  relapses after a while",
            "f:2:1: a row is: lever, two spaces or more, mends | nothing",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_a_problem(row: str, problem: str) -> None:
    """Else a measured table would silently prove nothing."""
    _, (found,) = read_table(f"# levers, alone\n{row}\n", "f")

    assert str(found).startswith(problem)


def test_a_project_s_rules_are_read() -> None:
    """What may be broken, and how much at once."""
    config = read_config(
        '[targets]\nstacks = ["local"]\nkubernetes = [{ context = "c", namespace = "n" }]\n'
        '[limits]\nfaults_at_once = 2\nlongest = "10m"\n',
        "gameday.toml",
    ).model
    assert config is not None

    assert config.targets.stacks == ["local"]
    assert config.targets.kubernetes[0].namespace == "n"
    assert (config.limits.faults_at_once, config.limits.longest) == (2, 600)


def test_rules_may_stand_in_pyproject() -> None:
    """Under [tool.gameday]; the rest of that file is not ours."""
    config = read_config(
        '[project]\nname = "x"\n[tool.gameday.limits]\nlongest = "1m"\n', "pyproject.toml"
    ).model
    assert config is not None

    assert config.limits.longest == 60


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[targets\n", "gameday.toml:1:9: this is not TOML: expected ']' at the end of a table declaration"),
        ('a = "\n', "gameday.toml:1:6: this is not TOML: illegal character '\\n'"),
        ("[target]\n", "gameday.toml:1:2: unknown key 'target'; did you mean 'targets'?"),
        (
            '[targets]\nstacks = ["lokal"]\n',
            "gameday.toml:2:11: 'lokal' is not known here; write local, compose,",
        ),
        (
            "[limits]\nlongest = 60\n",
            "gameday.toml:2:1: 60: a duration needs a unit, for example 60s or 60ms",
        ),
        ("[limits]\nfaults_at_once = 0\n", "gameday.toml:2:1: 0 is out of range; it must be at least 1"),
        ('[targets]\nkubernetes = [{ context = "c" }]\n', "gameday.toml:2:15: missing key 'namespace'"),
        (
            '[targets]\nkubernetes = [\n{ context = "[{,", namespace = "a" }, # of old\n{ context = "c" }]\n',
            "gameday.toml:4:1: missing key 'namespace'",
        ),
        (
            '[[targets.kubernetes]]\ncontext = "c"\nnamespace = "n"\n[[targets.kubernetes]]\nnamespace=3\ncontext="c"',
            "gameday.toml:5:1: 3 is not text; put it in quotes",
        ),
        (
            '[targets]\nkubernetes = [{ context = "c", namespace = "n", registry = "https://r.example" }]\n',
            "gameday.toml:2:49: 'https://r.example' is no registry as images are named by",
        ),
    ],
)
def test_wrong_rules_are_located(text: str, problem: str) -> None:
    """A misread rule would be a rule that does not hold."""
    (found,) = read_config(text, "gameday.toml").problems

    assert str(found).startswith(problem)


def test_what_chaos_toolkit_reads_otherwise_is_found() -> None:
    """Chaos Toolkit reads YAML 1.1: words, octal, base 60, dates and exponents are something else to it."""
    text = "on: 'yes'\na: no\nb: 0777\nc: 1:30\nd: 2026-01-15\ne: 1_000\nf: 1e3\ng: 0o7\nh: v1.3.0\ni: 1.5\n"

    assert [problem.place.line for problem in differences(text, "f") if problem.place] == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
    ]
    assert str(differences("a: no", "f")[0]) == (
        "f:1:4: Chaos Toolkit reads this as false, not as 'no'; put it in quotes"
    )


def test_the_schemas_are_those_of_the_models() -> None:
    """Run `python -m gameday.model.schemas schemas/` after a change of a model."""
    assert {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "schemas").iterdir()} == files()


def test_topics_and_levers_are_those_that_stacks_know() -> None:
    """A word that validates can be asked and pulled."""
    assert set(TOPICS) == {topic.value for topic in Topic}
    assert set(LEVERS) == {spec.name for spec in LOCAL_LEVERS}
