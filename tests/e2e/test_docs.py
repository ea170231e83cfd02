"""What the documentation tells people to type, typed: every box of every page, as it stands, in its order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.gamedays import ROOT, Done, Game, Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_BOX = re.compile(r"^```sh ?([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PAGES = ("docs/read-a-card.md", "docs/write-a-scenario.md", "docs/write-an-experiment.md", "README.md")


def boxes(page: str) -> list[tuple[str, str]]:
    """The boxes of a page: who types it, and what."""
    return _BOX.findall((ROOT / page).read_text(encoding="utf-8"))


@dataclass(slots=True)
class Reader:
    """Somebody who types what a page says, in a terminal that stays in its folder."""

    home: Home
    where: Path
    typed: set[str] = field(default_factory=set)
    """Every line so far."""

    @property
    def environment(self) -> dict[str, str]:
        """With `gameday` and `chaos` as commands, as after activating the environment."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**self.home.environment, "PATH": path, "LOGNAME": "reader"}

    def types(self, text: str, within: float = 120) -> Done:
        """Run one box to its end, as a shell does that stops at the first error."""
        end = self.home.folder / "where"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'{text}\npwd > "{end}"'],
            cwd=self.where, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=within, check=False,
        )  # fmt: skip
        assert done.returncode == 0, Done(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        self.where = Path(end.read_text().strip())
        self.typed |= set(text.splitlines())
        return Done(done.returncode, done.stdout, done.stderr)

    def starts(self, text: str) -> Game:
        """Begin a box that does not end by itself."""
        out, err = (self.home.folder / "said" / f"{time.monotonic_ns()}.{end}" for end in ("out", "err"))
        with out.open("w") as printed, err.open("w") as told:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text.strip()}"],
                cwd=self.where, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=printed, stderr=told, start_new_session=True,
            )  # fmt: skip
        self.home.games.append(Game(process, out, err))
        self.typed |= set(text.splitlines())
        return self.home.games[-1]

    def logs(self) -> str:
        """Everything that the logs of this folder's runs hold."""
        return "".join(path.read_text() for path in self.where.glob("runs/*/events.jsonl"))

    def waits(self, word: str, count: int, game: Game, within: float = 90) -> None:
        """Until the logs hold more than so many of a word."""
        deadline = time.monotonic() + within
        while self.logs().count(word) <= count:
            assert game.process.poll() is None, game.end()
            assert time.monotonic() < deadline, f"no {word}"
            time.sleep(0.2)


_BASELINE, _ALERT = '"phase":"baseline"', '"type":"alert_fired"'


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has been through the tutorial: both of its game days passed."""
    with Home.tidy(tmp_path_factory.mktemp("docs") / "h") as home:
        shutil.rmtree(home.work)
        home.work.mkdir()
        reader = Reader(home, home.work)
        game: Game | None = None
        alerts = begun = 0
        for kind, text in boxes("docs/tutorial.md"):
            if kind == "game-master":
                alerts, begun = reader.logs().count(_ALERT), reader.logs().count(_BASELINE)
                game = reader.starts(text)
            elif kind == "responder":
                assert game is not None
                reader.waits(
                    _ALERT if "gameday ack" in text else _BASELINE, alerts if "ack" in text else begun, game
                )
                reader.types(text)
            elif game is not None:
                ended = game.end()
                assert ended.code == 0, ended
                game = None
                reader.types(text)
            else:
                reader.types(text)
        yield reader
        shutil.rmtree(home.work)  # what the reader was told to make


def test_the_tutorial(taught: Reader) -> None:
    """Two game days, one with a script and one by hand; both passed, and nothing is left to put back."""
    listed = taught.types("gameday list runs").out
    assert [line.split()[1:] for line in listed.splitlines()[1:]] == [
        ["first-game-day", "PASS"],
        ["first-game-day", "PASS"],
    ]
    assert "no run is live" in taught.types("gameday status").out


@pytest.mark.parametrize("page", _PAGES)
def test_a_page(taught: Reader, page: str) -> None:
    """Each box of the page does what it says; what the tutorial has shown already is not done twice."""
    reader = Reader(taught.home, taught.where, taught.typed)
    if page.endswith("experiment.md"):
        shutil.copytree(ROOT / "templates" / "experiment", reader.where, dirs_exist_ok=True)
    for kind, text in boxes(page):
        rest = "\n".join(
            line for line in text.splitlines() if kind == "" or line.split("#")[0].strip() not in reader.typed
        )
        if kind == "" and rest:
            reader.types(rest)
        elif kind == "begun" and rest:
            before = reader.logs().count(_BASELINE)
            game = reader.starts(rest)
            reader.waits(_BASELINE, before, game)
            os.killpg(game.process.pid, signal.SIGINT)
            ended = game.end()
            assert ended.code == 3, ended
            assert "stack clean     yes" in ended.out
        elif kind in {"game-master", "responder"}:
            assert not rest.strip(), f"{page}: the tutorial does not show {rest}"
        elif kind == "make":
            targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {line.split()[1] for line in text.splitlines()} <= set(targets)
        elif rest:
            raise AssertionError(f"{page}: nobody knows how to do '{kind}'")
    junit = reader.where / "results.xml"
    assert junit.exists() or "--junit results.xml" not in "".join(text for _, text in boxes(page))


def test_every_page_is_typed() -> None:
    """No page has a box that these tests do not know."""
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")]
    with_boxes = {page.relative_to(ROOT).as_posix() for page in pages if boxes(str(page.relative_to(ROOT)))}
    assert with_boxes <= {*_PAGES, "docs/tutorial.md"}
