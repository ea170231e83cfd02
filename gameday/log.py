"""The log on disk: one writer, many readers, nothing ever rewritten.

``events.jsonl`` holds one record a line. Durable events are on disk (fsync) before ``append`` returns; the
two bulk types (requests, scrapes) are written at once and reach the disk with the next durable one. A last line
that a crash tore is dropped on reading; a torn line anywhere else means damage, and is an error.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gameday.errors import InputError, LogError
from gameday.events import Event, Record, from_json, to_json
from gameday.history import History

LOG_NAME = "events.jsonl"


class Clock:
    """The runner's clock: seconds since ``base`` on the monotonic clock, and wall time for people."""

    def __init__(self, base: float | None = None) -> None:
        self.base = time.monotonic() if base is None else base

    def now(self) -> float:
        """Seconds of the run's clock."""
        return time.monotonic() - self.base

    def of(self, monotonic: float) -> float:
        """An instant that another process of this machine read off its monotonic clock."""
        return monotonic - self.base

    def absolute(self, t: float) -> float:
        """An instant of the run's clock for another process of this machine."""
        return t + self.base

    @staticmethod
    def wall() -> str:
        """Now, for people: UTC, to the millisecond."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class LogWriter:
    """The only writer of one run's log."""

    def __init__(self, folder: Path, clock: Clock, *, start_seq: int = 1) -> None:
        """Open for appending; a torn last line of an earlier writer is cut off first.

        Raises:
            LogError: the folder or the file cannot be written.
        """
        self._clock = clock
        self._path = folder / LOG_NAME
        self._seq = start_seq
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _cut_torn_tail(self._path)
            self._file = self._path.open("ab", buffering=0)
            self._size = self._path.stat().st_size
            _sync_folder(folder)
        except OSError as problem:
            raise LogError(f"{self._path}: {problem.strerror}; choose another folder with --out") from problem

    def append(self, event: Event, *, source: str = "runner", t: float | None = None) -> Record:
        """Write one event; durable ones are on disk when this returns.

        Raises:
            LogError: the disk is full or gone.
        """
        record = Record(
            seq=self._seq,
            t=round(self._clock.now() if t is None else t, 6),
            wall=self._clock.wall(),
            source=source,
            event=event,
        )
        text = json.dumps(to_json(record), separators=(",", ":"), ensure_ascii=False)
        line = text.encode(errors="backslashreplace") + b"\n"  # half a surrogate becomes its JSON escape
        try:
            self._write(line, durable=event.durable)
        except OSError as problem:
            self._undo()
            raise LogError(f"{self._path}: {problem.strerror}") from problem
        self._size += len(line)
        self._seq += 1
        return record

    def _write(self, line: bytes, *, durable: bool) -> None:
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            os.fsync(self._file.fileno())

    def _undo(self) -> None:
        """Half a line would make the rest unreadable: cut back to the last whole one."""
        try:
            self._file.truncate(self._size)
        except OSError:
            return  # reading drops a torn last line anyway

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cut_torn_tail(path: Path) -> None:
    if not path.exists():
        return
    whole = path.read_bytes().rfind(b"\n") + 1
    with path.open("r+b") as file:
        file.truncate(whole)


def records(path: Path) -> Iterator[Record]:
    """The records of a log, in order; a torn last line is dropped.

    Raises:
        LogError: it cannot be read, or a line that is not the last is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as problem:
        raise LogError(f"{path}: {problem.strerror}") from problem
    tail = lines.pop()  # empty after a whole last line, torn otherwise
    del tail
    for number, line in enumerate(lines, 1):
        try:
            yield from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            what = type(problem).__name__
            raise LogError(f"{path}:{number}:1: this line of the log is damaged ({what})") from problem


def read(folder: Path) -> History:
    """The history of a run's folder.

    Raises:
        LogError: there is no log, or it is damaged or empty.
    """
    history = History(records(folder / LOG_NAME))
    if not len(history):
        raise LogError(f"{folder / LOG_NAME}: the log is empty; the run never began")
    try:
        history.started  # noqa: B018 - raises where the first record is not one
    except ValueError as problem:
        raise LogError(f"{folder / LOG_NAME}:1:1: {problem}") from problem
    return history


def find_run(run: str, out: Path) -> Path:
    """The folder of a run given by id, by path, or as ``latest``.

    Raises:
        InputError: there is none.
    """
    if run == "latest":
        folders = sorted((path.parent for path in out.glob(f"*/{LOG_NAME}")), key=lambda folder: folder.name)
        if not folders:
            raise InputError(f"there is no run in {out}/ yet; start one with: gameday run SCENARIO")
        return folders[-1]
    for folder in (out / run, Path(run)):
        if (folder / LOG_NAME).is_file():
            return folder
    raise InputError(
        f"no run '{run}' in {out}/ and no {LOG_NAME} in {run}; list them with: gameday list runs"
    )
