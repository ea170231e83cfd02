"""The embedded stack for whoever starts it: root, a plain user, and root where user namespaces are refused."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

import gameday
from gameday.stacks.local.adapter import LocalStack
from tests.conftest import Require

pytestmark = pytest.mark.slow
NOBODY = 65534
SCRIPT = """
import asyncio, json, os, sys
from pathlib import Path
from gameday.stacks.local.adapter import LocalStack

async def main():
    stack = LocalStack(Path(sys.argv[1]) / "s")
    await stack.up()
    try:
        ready = await stack.ready()
        await stack.deploy("auth", "v1.2.4", "deploy-bot")
        things = await stack.inventory()
    finally:
        await stack.down()
    print(json.dumps([os.geteuid(), all(ready.values()), things["auth"]["version"]]))

asyncio.run(main())
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and use."""
    folder = Path(tempfile.mkdtemp(prefix="gameday-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def as_nobody(*command: str) -> list[str]:
    """The command line that runs a program as the user nobody."""
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


def nobody_can_run(python: str, environment: dict[str, str]) -> bool:
    """Whether the user nobody can use this interpreter with our packages, and start it again."""
    words = "import os, sys, aiohttp, psycopg; sys.exit(not os.access(sys.executable, os.X_OK))"
    command = as_nobody(python, "-P", "-c", words)
    return (
        subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False).returncode == 0
    )


def test_a_plain_user_has_the_whole_stack(open_folder: Path, require: Require) -> None:
    """Started by an ordinary user, the stack comes up, deploys, and goes without a trace."""
    if os.geteuid() != 0:
        asyncio.run(up_and_down(open_folder / "s"))
        return
    # The checkout may lie where only root can reach it, and so may the interpreter of its environment.
    shutil.copytree(Path(gameday.__file__).parent, open_folder / "code" / "gameday")
    packages = Path(aiohttp.__file__).parent.parent
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{open_folder / 'code'}:{packages}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    python = next((found for found in (sys.executable, system) if nobody_can_run(found, environment)), None)
    if python is None:
        require("plain-user", f"user {NOBODY} can run neither {sys.executable} nor {system} with {packages}")

    done = subprocess.run(
        as_nobody(python, "-P", "-c", SCRIPT, str(open_folder)),
        env=environment,
        cwd=open_folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [NOBODY, True, "v1.2.4"]
    assert not (open_folder / "s").exists()
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(open_folder) in " ".join(p.info["cmdline"] or [])
    ]


@pytest.mark.parametrize("way", ["namespace", "nobody"])
def test_root_runs_postgresql_as_somebody_else(open_folder: Path, way: str, require: Require) -> None:
    """Both ways in which root can run PostgreSQL work, and leave neither files nor processes."""
    if os.geteuid() != 0:
        require("root", "only root needs to become somebody else")
    before = set(Path(tempfile.gettempdir()).iterdir())

    asyncio.run(up_and_down(open_folder / "s", way))

    assert not (open_folder / "s").exists()
    assert not {
        path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if "gameday-db" in path.name
    }


async def up_and_down(folder: Path, way: str = "auto") -> None:
    """A stack comes up, is ready, and goes."""
    stack = LocalStack(folder, database_as=way)
    await stack.up()
    try:
        assert all((await stack.ready()).values())
    finally:
        await stack.down()
