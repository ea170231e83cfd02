"""The words people type: each command explains itself, and what is not understood is said, with what is near."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gameday.catalog import Catalog, Kind
from gameday.cli import main
from gameday.cli.overview import COMMANDS
from gameday.cli.program import app
from tests.gamedays import ROOT, Home


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and subcommand by its path."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*path, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands(app)), ids=" ".join)
def test_every_command_has_an_example(path: tuple[str, ...]) -> None:
    """``--help`` and ``-h`` say what it does and how it is typed."""
    for word in ("--help", "-h"):
        result = CliRunner().invoke(app, [*path, word])
        assert result.exit_code == 0, result.output
        assert f"Example: {'eval' if path[-1] == 'env' else 'gameday'}" in " ".join(result.output.split())


def test_the_help_of_the_desk_tells_no_answer() -> None:
    """Whoever reads it during a game day does not find the cause of any shipped scenario."""
    desk = [name for name, (module, _) in COMMANDS.items() if module == "desk"]
    told = " ".join(CliRunner().invoke(app, [name, "--help"]).output for name in desk)
    catalog = Catalog(ROOT)
    truths = [catalog.load(name).inputs.scenario.truth for name in catalog.names(Kind.SCENARIO)]
    assert [truth for truth in truths if truth and truth.mechanism in told] == []
    assert "v1.3.0" not in told


def said(*words: str) -> tuple[int, str, str]:
    """What the command line does with these words: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["gameday", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("rum",), "run"),
        (("hypotesis", "auth", "leak"), "hypothesis"),
        (("run", "x", "--respnder", "bot"), "--responder"),
        (("stack", "upp"), "up"),
        (("list", "scenario"), "scenarios"),
        (("run", "auth-conection-leak"), "auth-connection-leak"),
        (("run", "identity-latency", "--profile", "gamday"), "gameday"),
        (("run", "identity-latency", "--playbook", "open-the-braker"), "open-the-breaker"),
        (("report", "--format", "pdf"), "html"),
        (("score", "no-such-run"), "gameday list runs"),
        (("run",), "gameday list scenarios"),
        (("run", "--tag", "nonsense"), "nonsense"),
        (("run", "identity-latency", "--attach", "nobody"), "gameday stack up nobody"),
        (("run", "scenarios/nowhere.yaml"), "there is no file 'scenarios/nowhere.yaml' here"),
        (("validate", "."), "gameday init makes a first one"),
        (("verify", "error", "rate"), "needs quotes"),
        (("stack", "env", "nobody"), "no stack 'nobody' stands; bring one up"),
        (("run", "identity-latency", "auth-conection-leak"), "auth-connection-leak"),
        (("run", "identity-latency", "--attach", "staging", "--parallel", "2"), "one after the other"),
        (
            ("run", "identity-latency", "--load-master", "127.0.0.1:5557", "--parallel", "2"),
            "cannot share one load's workers",
        ),
        (("run", "identity-latency", "--load-master", "5557"), "such as 127.0.0.1:5557"),
        (("run", "identity-latency", "--load-master", "192.0.2.1:5557"), "cannot listen at 192.0.2.1:5557"),
        (("run", "identity-latency", "--parallel", "0"), "x>=1"),
        (("run", "identity-latency", "--junit", "no/such/folder.xml"), "No such file or directory"),
        (("show", "no-such-thing"), "gameday list scenarios"),
        (("ack",), "gameday run SCENARIO"),
        (("ack", "--run", "no-such-run"), "no-such-run"),
        (("lever", "rollback", "auth"), "no run is live"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_not_there_is_said(elsewhere: Path, words: tuple[str, ...], near: str) -> None:
    """Exit 2, with what is near or what to do instead; nothing is written."""
    code, out, err = said(*words)
    assert code == 2, err
    assert out == ""
    assert near in err
    assert [path for path in elsewhere.iterdir() if path.name != "state"] == []


def test_the_commands_of_a_runbook_can_be_typed_as_they_are_shown(elsewhere: Path) -> None:
    """``gameday show`` fills in a runbook's parameters, so nobody types a brace at the desk."""
    del elsewhere
    code, out, _ = said("show", "database-connection-exhaustion")
    assert code == 0
    assert "`gameday lever set-config auth pool_max=50`" in out
    assert "`gameday lever terminate-connections idle_for=5s`" in out
    assert [line for line in out.splitlines() if "`gameday" in line and "={" in line] == []


def test_a_file_that_is_no_text_is_shown_all_the_same(elsewhere: Path) -> None:
    """Bytes that are no UTF-8 are shown as what they are not; looking at a file is never a crash."""
    (elsewhere / "experiments").mkdir()
    (elsewhere / "scenarios").mkdir()
    (elsewhere / "scenarios" / "odd.yaml").write_bytes(b"title: caf\xe9\n")
    assert said("show", "odd")[:2] == (0, "title: caf\N{REPLACEMENT CHARACTER}\n")


def test_files_with_problems_start_nothing(home_with_problems: Home) -> None:
    """Every problem of every file with its place, exit 2, no run, no process, no state; also of one among others."""
    for words in (["bad"], ["quick", "bad"], ["quick", "bad", "--parallel", "2"]):
        done = home_with_problems.gameday("run", *words)
        assert done.code == 2, done
        assert "scenarios/bad.yaml:3:" in done.err
        assert "did you mean 'faults'?" in done.err
        assert not home_with_problems.runs.exists()
    checked = home_with_problems.gameday("validate", "scenarios")
    assert (checked.code, "scenarios/bad.yaml:3:" in checked.err) == (2, True), checked
    (home_with_problems.work / "scenarios" / "bad.yaml").unlink()
    assert home_with_problems.left() == []


@pytest.fixture
def home_with_problems(tmp_path: Path) -> Home:
    """A home whose scenario ``bad`` has a wrong key."""
    home = Home.make(tmp_path / "h")
    text = (home.work / "scenarios" / "quick.yaml").read_text()
    (home.work / "scenarios" / "bad.yaml").write_text("# bad\n# worse\n" + "fualts: {}\n" + text)
    return home


def test_a_word_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are a name that nothing has, not a crash."""
    done = Home.make(tmp_path / "h").gameday("show", "\udcff\udcfe")
    assert done.code == 2, done
    assert "Traceback" not in done.err


VOCABULARY = (
    *("validate", "list", "show", "score", "report", "replay", "revert", "status", "look", "ack", "declare"),
    *("assign", "note", "hypothesis", "step", "lever", "update", "verify", "resolve", "stack", "down", "env"),
    *(
        "levers",
        "run",
        "--help",
        "--json",
        "--out",
        "--run",
        "--as",
        "--format",
        "--speed",
        "--attach",
        "--quiet",
    ),
    *(
        "--profile",
        "--playbook",
        "--responder",
        "--tag",
        "--seed",
        "--stack",
        "latest",
        "scenarios",
        "deploys",
    ),
    *("bot", "people", "compose", "SEV1", "investigating", "a=b", ".", "-", "--", "", "0", "-1"),
)
"""Neither of the two that would stay: a stack that is brought up, a proxy that serves."""
WORDS = st.one_of(
    st.sampled_from(VOCABULARY),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
)


@given(words=st.lists(WORDS, max_size=7))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_words_bring_a_traceback(elsewhere: Path, words: Sequence[str]) -> None:
    """Whatever is typed ends with an exit code that people know, never with a bug."""
    code, _, err = said(*words)
    assert code in {0, 1, 2, 3, 4}
    assert "Traceback" not in err
