"""What the Tab key offers, as bash asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gameday.cli import COMPLETE
from gameday.cli.program import app


def offered(*words: str) -> list[str]:
    """What is offered for the last word."""
    line = {
        COMPLETE: "bash_complete",
        "COMP_WORDS": " ".join(("gameday", *words)),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner().invoke(app, [], prog_name="gameday", complete_var=COMPLETE, env=line)
    return [line.partition(",")[2] for line in result.output.splitlines() if line]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a scenario of its own and a run."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "gameday.toml").write_text("")
    (tmp_path / "scenarios" / "mine.yaml").write_text("")
    (tmp_path / "runs" / "2026-01-15T142300Z-auth-7f3a").mkdir(parents=True)
    (tmp_path / "runs" / "2026-01-15T142300Z-auth-7f3a" / "events.jsonl").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["hyp"], ["hypothesis"]),
        (["run", "mi"], ["mine"]),
        (["run", "identity-"], ["identity-latency"]),
        (["run", "x", "--respon"], ["--responder"]),
        (["run", "x", "--responder", "p"], ["people"]),
        (["lever", "roll"], ["rollback"]),
        (["lever", "rollback", "roll"], []),
        (["look", "dep"], ["deploys", "dependencies"]),
        (["show", "slow-dep"], ["slow-dependency"]),
        (["report", "2026"], ["2026-01-15T142300Z-auth-7f3a"]),
        (["score", "la"], ["latest"]),
        (["assign", "scr"], ["scribe"]),
        (["hypothesis", "auth", "connection-l"], ["connection-leak"]),
        (["declare", "SEV1"], ["SEV1"]),
        (["stack", "sta"], ["status"]),
    ],
    ids=" ".join,
)
def test_names_are_offered(words: list[str], expected: list[str]) -> None:
    """Commands, options, and the names that one has to type most."""
    assert offered(*words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    """It asks by the variable that the program listens to."""
    result = CliRunner().invoke(app, ["completion", shell])
    assert result.exit_code == 0
    assert f"{COMPLETE}={shell}_complete" in result.output


def test_bash_takes_the_script() -> None:
    """It is what a shell can read."""
    script = CliRunner().invoke(app, ["completion", "bash"]).output
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_heavy_is_imported() -> None:
    """People wait for it with a finger on the key: no models, no YAML, no HTTP."""
    code = (
        "import sys, json, atexit\n"
        "atexit.register(lambda: print(json.dumps([m for m in sys.modules]), file=sys.stderr))\n"
        "from gameday.cli import main\n"
        "main()"
    )
    for words in ("run x", "show x", "lever x", "hypothesis auth x"):
        env = {
            COMPLETE: "bash_complete",
            "COMP_WORDS": f"gameday {words}",
            "COMP_CWORD": str(len(words.split())),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        heavy = {"pydantic", "yaml", "aiohttp", "rich", "jinja2", "psycopg"}
        assert set(json.loads(done.stderr.splitlines()[-1])) & heavy == set(), words
