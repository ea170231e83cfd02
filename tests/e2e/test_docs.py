"""What the documentation tells people to type, typed: every box of every page, as it stands, in its order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.gamedays import ROOT, Done, Game, Home, docker_variables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_BOX = re.compile(r"^```sh ?([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOCKER = ("README.md", "docs/rehearse-your-own-staging.md")
"""Pages with boxes for those who have a Docker engine."""
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


def follow(reader: Reader) -> None:
    """The tutorial, from its first box to its last: both of its game days pass."""
    game: Game | None = None
    before = {_BASELINE: 0, _ALERT: 0}
    for kind, text in boxes("docs/tutorial.md"):
        if kind == "game-master":
            before = {word: reader.logs().count(word) for word in before}
            game = reader.starts(text)
            continue
        if kind == "responder":
            assert game is not None
            word = _ALERT if "gameday ack" in text else _BASELINE
            reader.waits(word, before[word], game)
        elif game is not None:
            ended, game = game.end(), None
            assert ended.code == 0, ended
        reader.types(text)


def try_out(reader: Reader, page: str) -> None:
    """Each box of another page; what was shown already is not done twice."""
    if page.endswith("experiment.md"):
        shutil.copytree(ROOT / "templates" / "experiment", reader.where, dirs_exist_ok=True)
    for kind, text in boxes(page):
        lines = [line for line in text.splitlines() if line.split("#")[0].strip() not in reader.typed]
        rest = "\n".join(text.splitlines() if kind == "" else lines)
        if kind == "":
            reader.types(rest)
        elif kind == "begun" and rest:
            before = reader.logs().count(_BASELINE)
            game = reader.starts(rest)
            reader.waits(_BASELINE, before, game)
            os.killpg(game.process.pid, signal.SIGINT)
            ended = game.end()
            assert ended.code == 3, ended
            assert "stack clean     yes" in ended.out
        elif kind == "responder":
            assert not rest, f"{page}: the tutorial does not show {rest}"
        elif kind in {"docker", "cluster"}:
            continue  # typed below, and on a cluster
        elif kind == "make":
            targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {line.split()[1] for line in lines} <= set(targets)
        else:
            assert not rest, f"{page}: nobody knows how to do '{kind}'"


def test_what_the_documentation_tells_to_type(tmp_path: Path) -> None:
    """The tutorial's two game days, one by a script and one by hand, pass; every other box does what it says."""
    home = Home.make(tmp_path / "h")
    shutil.rmtree(home.work)
    home.work.mkdir()
    reader = Reader(home, home.work)
    try:
        follow(reader)
        listed = reader.types("gameday list runs").out
        assert [line.split()[1:] for line in listed.splitlines()[1:]] == [["first-game-day", "PASS"]] * 2
        for page in _PAGES:
            try_out(Reader(home, reader.where, reader.typed), page)
        shutil.rmtree(home.work)  # what the reader was told to make
        assert home.left() == []
    finally:
        home.end_everything()


def test_every_page_is_typed() -> None:
    """No page has a box that this test does not know."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    with_boxes = {page.relative_to(ROOT).as_posix() for page in pages if boxes(str(page.relative_to(ROOT)))}
    assert with_boxes <= {*_PAGES, *_DOCKER, "docs/tutorial.md"}
    assert {kind for page in _DOCKER[1:] for kind, _ in boxes(page)} == {"docker"}


@pytest.mark.service
@pytest.mark.parametrize("page", _DOCKER)
def test_what_needs_an_engine_is_typed_too(tmp_path: Path, engine: None, page: str) -> None:
    """Beside the project's file, with its own ports: up, rehearsed, down, and nothing of it is left."""
    home = Home.make(tmp_path / "h", **docker_variables())
    shutil.rmtree(home.work)
    home.work.mkdir()
    shutil.copy(ROOT / "docker-compose.yml", home.work)
    shutil.copytree(ROOT / "gameday", home.work / "gameday", ignore=shutil.ignore_patterns("__pycache__"))
    reader = Reader(home, home.work)
    try:
        text = "".join(text for kind, text in boxes(page) if kind == "docker")
        reader.types(text, within=500)  # in one shell: what one box exports, the next uses
    finally:
        subprocess.run(
            ["docker", "compose", "--profile", "load", "down", "--volumes", "--timeout", "1"],
            cwd=home.work,
            env={**home.environment, **docker_variables()},
            capture_output=True,
            check=False,
        )
        home.end_everything()
    passed = [path for path in home.work.rglob("scorecard.json") if '"verdict": "PASS"' in path.read_text()]
    told = [line for line in text.splitlines() if line.startswith("gameday run") and "--plan" not in line]
    assert len(passed) == len(told) > 0
    shutil.rmtree(home.work)
    assert home.left() == []
