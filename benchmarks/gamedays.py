"""Whole game days for measuring: started as a user starts them, followed through their log while they live.

Each has a project folder of its own, so that variants of scenarios lie nowhere else, with a state folder and a
temporary folder of its own. Shared by the trials and the benchmarks.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.kept import ROOT
from gameday.history import History
from gameday.log import LOG_NAME, Clock, read

GAMEDAY = (sys.executable, "-m", "gameday")
_LOOK_AGAIN = 0.02
_SETTINGS = '[targets]\nstacks = ["local"]\n[limits]\nfaults_at_once = 64\nlongest = "30m"\n'


class RunError(Exception):
    """A game day did not get as far as it had to."""


@dataclass(frozen=True)
class Ended:
    """A game day that is over; instants are of the machine's monotonic clock."""

    code: int
    card: dict[str, Any]
    history: History
    began: float
    ended: float
    said: str

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return Clock(float(self.history.started.host["monotonic_base"]))

    def instant(self, milestone: str) -> dict[str, Any]:
        """A milestone of the card, by its name."""
        return next(each for each in self.card["milestones"] if each["id"] == milestone)

    def measure(self, name: str) -> float | None:
        """A measure's value; None unless it was observed."""
        found = next((each for each in self.card["measures"] if each["id"] == name), None)
        return found["value"] if found else None


class Game:
    """A game day under way."""

    def __init__(self, process: subprocess.Popen[str], out: Path, began: float) -> None:
        self.process = process
        self.began = began
        self._out = out
        self._seen = 0
        self._found: dict[str, dict[str, Any]] = {}

    def until(self, kind: str, within: float = 60.0) -> dict[str, Any]:
        """Wait for the first record of a type; gives it as the log has it.

        Raises:
            RunError: it did not come, or the run ended without it.
        """
        end = time.monotonic() + within
        while True:
            over = self.process.poll() is not None
            self._read()
            if kind in self._found:
                return self._found[kind]
            if over or time.monotonic() > end:
                raise RunError(f"no {kind} in the log: {self._error()}")
            time.sleep(_LOOK_AGAIN)

    def _read(self) -> None:
        path = next(self._out.glob(f"*/{LOG_NAME}"), None)
        if path is None:
            return
        with path.open("rb") as file:
            file.seek(self._seen)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._seen += len(whole)
        for line in whole.splitlines():
            record = json.loads(line)
            self._found.setdefault(record["type"], record)

    def _error(self) -> str:
        if self.process.poll() is None:
            return "it did not come in time"
        said, errors = self.process.communicate()
        with contextlib.suppress(ValueError, KeyError):
            errors = "; ".join(json.loads(said)["reasons"]) or errors
        return f"the run ended with {self.process.returncode}: {errors.strip()[-300:]}"

    def finish(self, within: float = 300.0) -> Ended:
        """Wait for its end, and read what it left.

        Raises:
            RunError: it left no card.
        """
        said, errors = self.process.communicate(timeout=within)
        ended = time.monotonic()
        try:
            card = json.loads(said)
        except ValueError:
            raise RunError(f"exit {self.process.returncode}: {(errors or said).strip()[-300:]}") from None
        folder = next(self._out.glob(f"*/{LOG_NAME}")).parent
        return Ended(self.process.returncode, card, read(folder), self.began, ended, errors)


@dataclass
class Project:
    """A folder with scenarios of one's own; what it does not have comes from the library."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @classmethod
    @contextlib.contextmanager
    def temporary(cls) -> Iterator[Project]:
        """One that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="gameday-bench-") as name:
            folder = Path(name)
            for part in ("state", "temp", "scenarios/systems", "scenarios/playbooks", "experiments"):
                (folder / part).mkdir(parents=True)
            (folder / "gameday.toml").write_text(_SETTINGS)
            yield cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """What every command is given."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GAMEDAY_", "XDG_"))}
        return {
            **kept,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "temp"),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }

    def write(self, place: str, content: Mapping[str, Any]) -> Path:
        """One file of the project, as YAML."""
        path = self.folder / f"{place}.yaml"
        path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
        return path

    def start(self, scenario: str, *words: str) -> Game:
        """Start a run of a scenario; its card comes as JSON."""
        out = self.folder / f"runs-{next(self._numbers)}"
        began = time.monotonic()
        process = subprocess.Popen(
            [*GAMEDAY, "run", scenario, *words, "--out", str(out), "--quiet", "--json"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Game(process, out, began)

    def say(self, *words: str, within: float = 120.0) -> str:
        """Run a command to its end; gives what it printed.

        Raises:
            RunError: it did not exit with 0.
        """
        done = subprocess.run(
            [*GAMEDAY, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if done.returncode:
            raise RunError(f"gameday {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-300:]}")
        return done.stdout

    @contextlib.contextmanager
    def standing(self) -> Iterator[Standing]:
        """A stack that stands until the end of the block."""
        stack = Standing(self)
        try:
            yield stack
        finally:
            stack.down()


class Standing:
    """A standing stack; after a run that left it unclean, ``again`` gives a fresh one."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._number = 0
        self.again()

    def again(self) -> None:
        """Take down what stands and bring up another, under another name."""
        if self._number:
            self.down()
        self._number += 1
        self.name = f"bench-{self._number}"
        self._project.say("stack", "up", self.name)
        lines = self._project.say("stack", "env", self.name).splitlines()
        pairs = (shlex.split(line)[1].partition("=") for line in lines)
        self.environment = {key: value for key, _, value in pairs}

    def down(self) -> None:
        """Take it down, whatever state it is in."""
        with contextlib.suppress(RunError):
            for run in _live(self._project):
                self._project.say("revert", run)
        with contextlib.suppress(RunError):
            self._project.say("stack", "down", self.name)

    def words(self) -> Sequence[str]:
        """For ``gameday run``."""
        return ("--attach", self.name)


def _live(project: Project) -> list[str]:
    """Runs that left something."""
    return [path.stem for path in (project.folder / "state" / "gameday" / "live").glob("*.json")]
