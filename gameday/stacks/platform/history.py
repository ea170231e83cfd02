"""What was changed, when, and by whom: what investigators ask for first.

Deploys and configuration changes as they were made. Nothing is invented: the first entries are the stack's
own start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

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

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self.deploys: list[Change] = []
        self.settings: list[Change] = []

    def deployed(self, author: str, service: str, before: str, after: str) -> None:
        """A release went out."""
        self.deploys.append(Change(self._clock(), author, service, before, after))

    def configured(self, author: str, setting: str, before: object, after: object) -> None:
        """A setting, a flag, a breaker or a number of replicas changed; nothing is kept where it did not."""
        if before != after:
            self.settings.append(Change(self._clock(), author, setting, shown(before), shown(after)))


def shown(value: object) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
