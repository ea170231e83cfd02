"""``gameday run --plan``: what would be touched, and nothing touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from gameday.cli.program import app
from gameday.errors import Refused


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_a_plan_says_what_breaks_when_and_what_that_touches(tmp_path: Path) -> None:
    """Faults with their arguments and instants, load, who answers with which levers; no process, no file."""
    found = CliRunner().invoke(app, ["run", "connections-held", "--plan"])

    assert found.exit_code == 0, found.output
    for words in (
        "connections-held: what a run would do. Nothing was touched.",
        "on          a fresh local stack, taken down at the end",
        "load        60 users, 120 requests/s in all",
        "held: hold-connections (leave_free=0",
        "from T+0 s to T+120 s at the latest",
        "from T+3 s, once 'held' is in place, to T+120 s at the latest",
        "  touches   database",
        "  touches   auth",
        "alice (scripted, end-the-idle-sessions): pulls terminate-connections",
        "stops at    host_memory_available < 500MB",
    ):
        assert words in found.output
    assert list((tmp_path / "work").iterdir()) == []
    assert not (tmp_path / "state").exists()
    assert psutil.Process(os.getpid()).children() == []


def test_a_plan_for_scripts_is_a_list() -> None:
    """One object a scenario, durations in seconds."""
    found = CliRunner().invoke(app, ["run", "replica-kill", "identity-latency", "--plan", "--json"])
    plans = json.loads(found.output)

    assert [plan["scenario"] for plan in plans] == ["replica-kill", "identity-latency"]
    assert plans[1]["faults"]["slow-provider"]["ends"] == 120.0
    assert plans[1]["faults"]["slow-provider"]["touches"] == ["identity-provider"]


def test_what_the_run_would_refuse_the_plan_refuses(tmp_path: Path) -> None:
    """A target that the project does not allow."""
    (tmp_path / "work" / "gameday.toml").write_text('[targets]\nstacks = ["compose"]\n')
    found = CliRunner().invoke(app, ["run", "replica-kill", "--plan"])

    assert isinstance(found.exception, Refused)
    assert "stack 'local' is not among the allowed targets (compose)" in str(found.exception)
