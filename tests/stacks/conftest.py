"""A local stack for tests, its processes, and people who sign in."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from gameday.stacks.local.adapter import LocalStack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A local stack that stands."""
    made = LocalStack(tmp_path / "s")
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One for all tests of a module, each of which puts back what it changes."""
    made = LocalStack(tmp_path_factory.mktemp("stack") / "s")
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


Children = Callable[[LocalStack], dict[str, dict[str, Any]]]


@pytest.fixture
def children() -> Children:
    """The programs of a stack by name: pid and restarts."""

    def ask(stack: LocalStack) -> dict[str, dict[str, Any]]:
        environment = stack.environment()
        headers = {"Authorization": f"Bearer {environment['GAMEDAY_CONTROL_TOKEN']}"}
        request = Request(f"{environment['GAMEDAY_CONTROL_URL']}/children", headers=headers)  # noqa: S310 - loopback
        with urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            return {row["name"]: row for row in json.load(answer)}

    return ask


Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture
def eventually() -> Eventually:
    """Fails unless something comes true within so many seconds."""

    def wait(holds: Callable[[], bool], within: float) -> None:
        deadline = time.monotonic() + within
        while not holds():
            assert time.monotonic() < deadline, f"did not come true within {within:g} s"
            time.sleep(0.05)

    return wait


Touching = Callable[[Path], list[str]]


@pytest.fixture
def touching() -> Touching:
    """What runs now and has a folder's path on its command line or as its working directory."""

    def find(folder: Path) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), str(Path(f"/proc/{process.pid}/cwd").readlink())]
            except (psutil.Error, OSError):
                continue
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
                found.append(f"{process.pid} {' '.join(words)}")
        return found

    return find
