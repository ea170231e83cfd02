"""Live runs of this user: one small file each, readable by its owner only, gone when the run is.

A file whose process is gone (its id taken by another counts as gone) is what a crash left: such a run is not
live, and ``gameday revert`` finishes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil

from gameday.errors import InputError, Refused

_ATTEMPTS = 100
_SUFFIXES = (".json", ".new")
"""Of a run's file, whole and while it is written."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What other commands need to find a run: its process, folder, desk and stack."""

    run: str
    pid: int
    started: float
    """The process's start, seconds since the epoch: tells it from a later process of the same id."""
    folder: str
    stack: str
    """Kind and name of the stack it holds."""
    desk: str = ""
    token: str = ""

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return same_process(self.pid, self.started)


def same_process(pid: int, started: float) -> bool:
    """Whether the process of this id is the one that started then."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def state_home() -> Path:
    """The folder of this user's state."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "gameday"


def _folder() -> Path:
    return state_home() / "live"


def publish(run: LiveRun) -> None:
    """Write or replace a run's file."""
    path, fresh = (_folder() / f"{run.run}{suffix}" for suffix in _SUFFIXES)
    with _opened(fresh) as file:
        json.dump(asdict(run), file)
        file.flush()
        fresh.replace(path)


def _opened(path: Path) -> TextIO:
    """A file of ours to write, readable by its owner only.

    Another run that ends may remove the folder while it is still empty: then it is made again.

    Raises:
        Refused: this user's state cannot be written.
    """
    reason: str | None = None
    for _ in range(_ATTEMPTS):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w")
        except (FileNotFoundError, FileExistsError) as problem:
            reason = problem.strerror
        except OSError as problem:
            reason = problem.strerror
            break
    raise Refused(f"{path}: {reason}; XDG_STATE_HOME may name another folder")


def withdraw(run: str) -> None:
    """Remove a run's file, and the folder with the last one. Idempotent.

    A run that was killed while it wrote its file left it half written beside the whole one.
    """
    for suffix in _SUFFIXES:
        (_folder() / f"{run}{suffix}").unlink(missing_ok=True)
    _tidy(_folder())


def _tidy(folder: Path) -> None:
    """Leave no empty folders of ours behind; one that is in use by another run stays."""
    for empty in (folder, state_home()):
        with contextlib.suppress(OSError):
            empty.rmdir()


def listed() -> Sequence[LiveRun]:
    """Every run that has a file, live or left by a crash, by name."""
    found = []
    for path in sorted(_folder().glob("*.json")):
        with contextlib.suppress(ValueError, TypeError, OSError):
            found.append(LiveRun(**json.loads(path.read_text())))
    return found


def chosen(name: str | None) -> LiveRun:
    """The run that a desk command means: named, from GAMEDAY_RUN, or the only live one.

    Raises:
        InputError: there is none, or several and none was named.
    """
    live = [run for run in listed() if run.alive]
    wanted = name or os.environ.get("GAMEDAY_RUN")
    if wanted:
        for run in live:
            if wanted in (run.run, run.folder):
                return run
        raise InputError(f"run '{wanted}' is not live; {_those(live)}")
    if len(live) == 1:
        return live[0]
    raise InputError(
        f"which run? say --run NAME; {_those(live)}"
        if live
        else "no run is live; start one: gameday run SCENARIO"
    )


def _those(live: Sequence[LiveRun]) -> str:
    return f"live: {', '.join(run.run for run in live)}" if live else "no run is live"


def _holder(stack: str) -> str:
    """Who holds a stack, as far as it has said so: a run publishes its stack once it holds it."""
    found = next((run for run in listed() if run.stack == stack and run.alive), None)
    return f"run {found.run} (process {found.pid})" if found else "another run"


@contextlib.contextmanager
def holding(stack: str) -> Iterator[None]:
    """Hold a stack for one run: two runs never break the same one. A holder that died holds it no more.

    Raises:
        Refused: another run holds it.
    """
    locks = state_home() / "locks"
    path = locks / stack.replace("/", "_")
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino
        except OSError:
            held = False
        if not held:
            raise Refused(f"{_holder(stack)} holds the stack {stack}; see: gameday status") from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            _tidy(locks)
