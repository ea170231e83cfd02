"""What was changed, when, and by whom: what investigators ask for first.

Deploys and configuration changes as they were made. Nothing is invented: the first entries are the stack's
own start.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESPONDER = "desk"
"""The author of what levers change: the desk knows who pulled them."""


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """One deploy or one configuration change."""

    time: datetime
    author: str
    what: str
    """The service, or the setting's name."""
    before: str
    """Empty where there was nothing before."""
    after: str


class History:
    """Grows at the end; lives as long as the stack."""

    def __init__(self, clock: Callable[[], datetime] = utc_now, file: Path | None = None) -> None:
        """In memory, or also in a file, from which it is read where that exists."""
        self._clock = clock
        self._file = file
        self.deploys: list[Change] = []
        self.settings: list[Change] = []
        if file is not None and file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                kind, time, *words = json.loads(line)
                self._of(kind).append(Change(datetime.fromisoformat(time), *words))

    def deployed(self, author: str, service: str, before: str, after: str) -> None:
        """A release went out."""
        self._add("deploy", Change(self._clock(), author, service, before, after))

    def configured(self, author: str, setting: str, before: object, after: object) -> None:
        """A setting, a flag, a breaker or a number of replicas changed; nothing is kept where it did not."""
        if before != after:
            self._add("setting", Change(self._clock(), author, setting, shown(before), shown(after)))

    def _of(self, kind: str) -> list[Change]:
        return self.deploys if kind == "deploy" else self.settings

    def _add(self, kind: str, change: Change) -> None:
        self._of(kind).append(change)
        if self._file is not None:
            words = [change.author, change.what, change.before, change.after]
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([kind, change.time.isoformat(), *words]) + "\n")


def shown(value: object) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
