"""The logs of the stack's programs as lines with a time, a level and a speaker.

Services and gateway write JSON lines, PostgreSQL its own with a known prefix; what is neither (a traceback of
the interpreter) is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_LAST_BYTES = 2_000_000
"""Of each file: a look shows the newest lines."""
_POSTGRES = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \S+\|\d+\|(?P<code>\w{5})\|(?P<user>[^|]*)"
    r"\|(?P<app>[^|]*)\| (?P<level>[A-Z]+\d?):  (?P<message>.*)"
)
_LEVELS = {**{level: level for level in LEVELS}, "WARN": "WARNING", "FATAL": "ERROR", "CRITICAL": "ERROR"}
_POSTGRES_LEVELS = {"ERROR": "ERROR", "FATAL": "ERROR", "PANIC": "ERROR", "WARNING": "WARNING"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; time in UTC."""

    time: datetime
    level: str
    who: str
    message: str


def read_logs(folder: Path, since: datetime, level: str, service: str | None) -> list[LogLine]:
    """Lines since an instant, at least of this level, oldest first. Without a service: of all."""
    wanted = LEVELS[LEVELS.index(level) :]
    lines = []
    for file in sorted(folder.glob("*.log")):
        if service is None or service_of(file.stem) == service:
            lines += [line for line in _lines(file) if line.time >= since and line.level in wanted]
    return sorted(lines, key=lambda line: line.time)


def service_of(name: str) -> str:
    """The service that a log file's name tells: ``auth`` of ``auth-3``."""
    return re.sub(r"-\d+$", "", name)


def _lines(file: Path) -> Iterator[LogLine]:
    with file.open("rb") as opened:
        opened.seek(max(file.stat().st_size - _LAST_BYTES, 0))
        for raw in opened:
            if line := read_line(raw.decode("utf-8", errors="replace"), file.stem):
                yield line


def read_line(text: str, name: str) -> LogLine | None:
    """One line that a program of this name wrote; None where it is none of the known kinds."""
    text = text.strip()
    return _read_json(text, name) if text.startswith("{") else _read_postgres(text, name)


def _read_json(text: str, name: str) -> LogLine | None:
    try:
        record = json.loads(text)
        if "ts" in record:  # the gateway's
            error = f": {record['error']}" if "error" in record else ""
            time = datetime.fromtimestamp(record["ts"], UTC)
            return LogLine(time, record["level"].upper(), name, f"{record['msg']}{error}")
        level = _LEVELS.get(record["level"].upper(), "INFO")
        return LogLine(datetime.fromisoformat(record["time"]), level, name, record["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_postgres(text: str, name: str) -> LogLine | None:
    found = _POSTGRES.fullmatch(text)
    if not found:
        return None
    time = datetime.fromisoformat(found["time"]).replace(tzinfo=UTC)
    code = "" if found["code"] == "00000" else f" (SQLSTATE {found['code']})"
    level = _POSTGRES_LEVELS.get(found["level"], "INFO")
    return LogLine(time, level, name, f"{found['level']}: {found['message']}{code}")
