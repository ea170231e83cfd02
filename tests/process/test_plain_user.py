"""Root can give the command away: an ordinary user needs nothing that only root has."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import Require
from tests.gamedays import ROOT, Home

pytestmark = pytest.mark.slow

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
PARTS = ("gameday", "experiments", "scenarios", "scorecards")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="plain-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def theirs(open_folder: Path, require: Require) -> Iterator[Home]:
    """The home of the user nobody, with a copy of the code, which may lie where only root can reach it."""
    if os.geteuid() != 0:
        require("root", "only root can become another user; everybody else runs the other tests as one")
    for part in PARTS:
        shutil.copytree(
            ROOT / part, open_folder / "code" / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    packages = Path(aiohttp.__file__).parent.parent
    with Home.tidy(open_folder / "h") as home:
        path = os.pathsep.join(map(str, (open_folder / "code", home.work, packages)))
        system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        for python in (sys.executable, system):
            command = [
                *AS_NOBODY,
                python,
                "-c",
                "import sys, locust, os; sys.exit(not os.access(sys.executable, os.X_OK))",
            ]
            tried = subprocess.run(
                command,
                env={**home.environment, "PYTHONPATH": path},
                cwd=home.work,
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                break
        else:
            require(
                "plain-user", f"user {NOBODY} can run neither {sys.executable} nor {system} with {packages}"
            )
        for item in (home.folder, *home.folder.rglob("*")):
            os.chown(item, NOBODY, NOBODY)
        mine = dataclasses.replace(
            home, python=python, before=AS_NOBODY, extra={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}
        )
        yield mine


def test_a_plain_user_runs_a_game_day(theirs: Home) -> None:
    """As root's equal: a run passes, and one that is killed is put back; every process and file is the user's own."""
    game = theirs.start("quick")
    game.until("fault_injected")
    assert {process.uids().real for process in theirs.processes()} == {NOBODY}
    done = game.end()
    assert done.code == 0, done
    assert {path.stat().st_uid for path in game.folder.rglob("*")} == {NOBODY}

    killed = theirs.start("quick")
    killed.until("fault_injected")
    killed.kill()
    reverted = theirs.gameday("revert", "latest")
    assert reverted.code == 0, reverted
    assert theirs.left() == []
