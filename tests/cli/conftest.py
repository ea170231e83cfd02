"""One small game day, recorded once, for every test of what can be done with a run afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gamedays import Done, Home


@dataclass(frozen=True, slots=True)
class Recorded:
    """A home with a run in it, and what that run printed."""

    home: Home
    run: str
    done: Done

    @property
    def folder(self) -> Path:
        """Where the run is kept."""
        return self.home.runs / self.run


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The run itself; nobody changes it."""
    home = Home.make(tmp_path_factory.mktemp("recording") / "h")
    game = home.start("quick")
    done = game.end()
    assert done.code == 0, done
    yield Recorded(home, game.folder.name, done)
    left = home.left()
    home.end_everything()
    assert left == []


@pytest.fixture
def recorded(recording: Recorded, tmp_path: Path) -> Recorded:
    """A copy of it in a home of the test's own."""
    home = Home.make(tmp_path / "h")
    shutil.copytree(recording.home.runs, home.runs)
    return Recorded(home, recording.run, recording.done)
