"""Whole game days as a user starts them: a home of their own, commands as processes, and what they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

PROJECT = Path(__file__).with_name("project")
ROOT = PROJECT.parent.parent
_MARK = "HOME_OF_TEST"


def docker_variables() -> dict[str, str]:
    """What lets the commands of a home find the engine, and docker its plugins.

    One container after the other: Docker 20.10 loses count of who is in a network when they go side by side.
    """
    config = os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker"))
    kept = ("DOCKER_HOST", "DOCKER_BUILDKIT", "DOCKER_CONTEXT")
    found = {"DOCKER_CONFIG": config, "COMPOSE_PARALLEL_LIMIT": "1"}
    return {**found, **{name: os.environ[name] for name in kept if name in os.environ}}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


@dataclass(frozen=True, slots=True)
class Home:
    """One user on this machine, with a project, a state folder and a temporary folder that nobody else uses."""

    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    """Variables for every command."""
    before: Sequence[str] = ()
    """Words before every command line: whoever runs it."""
    python: str = sys.executable
    """The interpreter that runs them."""
    games: list[Game] = field(default_factory=list)
    """Every run that was started here."""

    @classmethod
    def make(cls, folder: Path, **extra: str) -> Self:
        """Lay it out, with the tests' own small project in it."""
        for name in ("home", "state", "temp", "said"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(PROJECT, folder / "work")
        return cls(folder, extra)

    @classmethod
    @contextlib.contextmanager
    def tidy(cls, folder: Path) -> Iterator[Self]:
        """One in which nothing may be left at the end."""
        home = cls.make(folder)
        try:
            yield home
        finally:
            left = home.left()
            home.end_everything()
        assert left == []

    @property
    def work(self) -> Path:
        """The project's folder, in which commands run."""
        return self.folder / "work"

    @property
    def runs(self) -> Path:
        """Where runs are kept."""
        return self.work / "runs"

    @property
    def live(self) -> Path:
        """Where live runs are listed."""
        return self.folder / "state" / "gameday" / "live"

    @property
    def environment(self) -> dict[str, str]:
        """What every command is given."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GAMEDAY_", "XDG_"))}
        return {
            **kept,
            "HOME": str(self.folder / "home"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "temp"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.work)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            _MARK: str(self.folder),
            **self.extra,
        }

    def gameday(self, *words: str, within: float = 60, **extra: str) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            [*self.before, self.python, "-m", "gameday", *words],
            cwd=self.work,
            env={**self.environment, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, first: Callable[[], None] | None = None, **extra: str) -> Game:
        """Start ``gameday run`` with these words; ``first`` is called in the process before it begins."""
        number = len(list((self.folder / "said").iterdir()))
        out, err = (self.folder / "said" / f"{number}.{end}" for end in ("out", "err"))
        with out.open("w") as printed, err.open("w") as told:
            process = subprocess.Popen(
                [*self.before, self.python, "-m", "gameday", "run", *words],
                cwd=self.work,
                env={**self.environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=told,
                start_new_session=True,
                preexec_fn=first,  # noqa: PLW1509 - no threads here
            )
        self.games.append(Game(process, out, err))
        return self.games[-1]

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this home, however it was started."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process):
                    found.append(process)
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        mine = str(self.folder)
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mine:
                return True
        with contextlib.suppress(psutil.Error, OSError):
            if any(mine in word for word in process.cmdline()):
                return int(process.pid) != os.getpid()
        return str(process.cwd()).startswith(mine)

    def left(self, stacks: Sequence[int] = (), within: float = 3.0) -> list[str]:
        """Processes and files that a command left; ``stacks`` are supervisors that are meant to stay."""
        deadline = time.monotonic() + within
        while (found := self._left(stacks)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def _left(self, stacks: Sequence[int]) -> list[str]:
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error, OSError):
                if not set(stacks) & {process.pid, *(parent.pid for parent in process.parents())}:
                    found.append(f"process {process.pid}: {' '.join(process.cmdline())[:120]}")
        named = [self.folder / "state" / "gameday" / "stacks"] if stacks else []
        kept = [path for path in (self.folder / "state").rglob("*") if path.is_file()]
        found += [f"file {path}" for path in kept if path.parent not in named]
        if not stacks:
            found += [f"file {path}" for path in (self.folder / "state" / "gameday").glob("*")]
        temporary = sorted((self.folder / "temp").iterdir())
        found += [f"file {path}" for path in temporary[len(stacks) :]]
        found += [f"file {path}" for path in (self.folder / "home").iterdir()]
        known = {path.relative_to(PROJECT) for path in PROJECT.rglob("*")} | {Path("runs")}
        new = [path.relative_to(self.work) for path in self.work.rglob("*")]
        return found + [f"file {path}" for path in new if path not in known and path.parts[0] != "runs"]

    def end_everything(self) -> None:
        """For a test that failed: nothing of it may disturb the next."""
        for game in self.games:
            game.kill()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(5)


class Game:
    """One ``gameday run`` under way. Its moments are read from its log, as anybody could."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out = out
        self._err = err
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the run is kept."""
        if self._folder is None:
            for line in self._err.read_text().splitlines():
                if line.startswith("run ") and ", kept in " in line:
                    work = Path(self._err).parent.parent / "work"
                    self._folder = work / line.split(", kept in ", 1)[1]
        assert self._folder is not None, f"the run did not begin:\n{self._err.read_text()}"
        return self._folder

    def events(self) -> list[dict[str, Any]]:
        """The log as it stands; a line that is being written is left out."""
        try:
            whole = (self.folder / "events.jsonl").read_bytes().rpartition(b"\n")[0]
        except (AssertionError, FileNotFoundError):
            return []
        return [json.loads(line) for line in whole.splitlines()]

    def until(self, type_: str, within: float = 60, *, since: float = 0.0, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields, of this instant of the run or later; gives it."""
        deadline = time.monotonic() + within
        for event in self._follow(deadline):
            right = event["type"] == type_ and event["t"] >= since
            if right and all(event.get(key) == value for key, value in fields.items()):
                return event
        raise AssertionError(f"no {type_} {fields} within {within:g} s:\n{self._err.read_text()}")

    def until_alerted(self, within: float = 60) -> dict[str, Any]:
        """Wait for an alert since the first fault; one of a system that was still warming up says nothing of it."""
        triggered = self.until("fault_triggered", within)
        return self.until("alert_fired", within, since=triggered["t"])

    def _follow(self, deadline: float) -> Iterator[dict[str, Any]]:
        while not self._err.read_text() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        while not self._began() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        with (self.folder / "events.jsonl").open("rb") as log:
            rest = b""
            while time.monotonic() < deadline:
                over = self.process.poll() is not None
                rest += log.read()
                *lines, rest = rest.split(b"\n")
                yield from map(json.loads, lines)
                if over and not lines:
                    return
                if not lines:
                    time.sleep(0.005)

    def _began(self) -> bool:
        return ", kept in " in self._err.read_text()

    @property
    def card(self) -> dict[str, Any]:
        """The scorecard, once the run has ended; measures and milestones by their ids."""
        card: dict[str, Any] = json.loads((self.folder / "scorecard.json").read_text())
        for kind in ("measures", "milestones"):
            card[kind] = {row["id"]: row for row in card[kind]}
        return card

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """As a terminal does it: to the whole group."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """The runner dies where it stands, and nothing else with it."""
        self.process.kill()
        self.process.wait(10)

    def end(self, within: float = 90) -> Done:
        """Wait for its end."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within:g} s:\n{self._err.read_text()}") from None
        return Done(code, self._out.read_text(), self._err.read_text())
