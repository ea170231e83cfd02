"""Homes for whole game days; a test that leaves something behind fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gameday.stacks.local.adapter import LocalStack
from tests.gamedays import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing may be left at the end."""
    with Home.tidy(tmp_path / "h") as made:
        yield made


@dataclass(frozen=True, slots=True)
class Standing:
    """A home with a stack that stands, under the name ``staging``."""

    home: Home
    supervisor: int
    """The process that holds the stack."""
    stack: LocalStack

    def inventory(self) -> dict[str, dict[str, Any]]:
        """The stack's state, read back now."""
        return {name: dict(aspects) for name, aspects in asyncio.run(self.stack.inventory()).items()}

    def stack_has_toxics(self) -> bool:
        """Whether a fault is in place at a proxy."""
        return any(aspects.get("proxy.toxics") for aspects in self.inventory().values())

    def left(self) -> list[str]:
        """What a run left beside the stack."""
        return self.home.left([self.supervisor])


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One standing stack for a whole module; every test gives it back as it was."""
    home = Home.make(tmp_path_factory.mktemp("standing") / "h")
    up = home.gameday("stack", "up")
    assert up.code == 0, up
    handle = json.loads((home.folder / "state" / "gameday" / "stacks" / "staging.json").read_text())["handle"]
    stack = LocalStack.from_handle(handle)
    asyncio.run(stack.attach())
    yield Standing(home, int((Path(handle["state_dir"]) / "supervisor.pid").read_text()), stack)
    down = home.gameday("stack", "down")
    left = home.left()
    home.end_everything()
    assert (down.code, left) == (0, []), down
