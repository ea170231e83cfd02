"""What the embedded stack has by name: services, releases, flags, settings, dependencies.

Tables and checks without any I/O, used by the adapter (before anything happens) and by the supervisor alike.
The releases and their flags are read from the sample system as data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import gameday
from gameday.errors import InputError
from gameday.model.quantities import duration, nearest

SERVICE = "auth"
DATABASE = "database"
STANDBY = "database-replica"
"""The server that follows at first; either may lead."""
IDENTITY = "identity-provider"
COMPONENTS = (SERVICE, IDENTITY, DATABASE, STANDBY)
PROXIES = {name: name for name in (DATABASE, STANDBY, IDENTITY)}
"""Component -> the proxy in front of it."""
SLOTS = 12
MEMORY_LIMIT = 256 * 2**20
"""Bytes for each replica; one at rest uses about a quarter of it."""
MOST_REPLICAS = SLOTS - 2
"""A roll-out needs a free slot, and one may just be taken by a replica that ends."""

T = TypeVar("T")
Value: TypeAlias = int | float | str
"""A setting's; a text only where somebody has put what is no number."""

_RELEASES = json.loads(
    (Path(gameday.__file__).parent / "staging" / "releases.json").read_text(encoding="utf-8")
)
RELEASES: Mapping[str, Mapping[str, bool]] = {name: row["flags"] for name, row in _RELEASES.items()}
"""Release -> the flags it has, as it turns them."""
FLAGS = tuple(sorted({flag for flags in RELEASES.values() for flag in flags}))


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a replica is started with."""

    default: Value
    read: Callable[[str], Value]
    about: str


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:  # noqa: PLR2004 - said in the words
        raise ValueError(f"'{text}' is not a whole number from 1 to 100")
    return int(text)


def _seconds(text: str) -> float:
    seconds = duration(text)
    if not 0 < seconds <= 600:  # noqa: PLR2004 - said in the words
        raise ValueError(f"'{text}' is not more than nothing and at most 10m")
    return seconds


def _megabytes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 4096:  # noqa: PLR2004 - said in the words
        raise ValueError(f"'{text}' is not a whole number from 0 to 4096")
    return int(text)


SETTINGS: Mapping[str, Setting] = {
    "pool_min": Setting(4, _count, "connections that each replica's pool keeps at least (4)"),
    "pool_max": Setting(10, _count, "connections that each replica's pool may hold (10)"),
    "pool_timeout": Setting(2.0, _seconds, "how long a request waits for a connection (2s)"),
    "identity_timeout": Setting(5.0, _seconds, "how long a login waits for the identity provider (5s)"),
    "trace_buffer": Setting(
        0, _megabytes, "megabytes of request traces that each replica keeps in memory (0: none)"
    ),
}


@dataclass(frozen=True, slots=True)
class Spec:
    """What the auth service should be."""

    version: str
    replicas: int
    flags: Mapping[str, bool]
    settings: Mapping[str, Value]
    breaker: str = "closed"

    @classmethod
    def initial(cls, version: str, replicas: int) -> Spec:
        """A release as it comes."""
        return cls(
            version, replicas, RELEASES[version], {name: row.default for name, row in SETTINGS.items()}
        )


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """The name, if it is one of these. Raises InputError with the nearest."""
    names = list(names)
    if name not in names:
        raise InputError(f"there is no {kind} '{name}'{nearest(name, names)} (known: {', '.join(names)})")
    return name


def read_value(what: str, text: str, read: Callable[[str], T]) -> T:
    """A value as a person wrote it. Raises InputError."""
    try:
        return read(text)
    except ValueError as error:
        raise InputError(f"{what}: {error}") from error


def read_breaker(text: str) -> str:
    """``closed``, ``open`` or ``timeout=200ms``, the latter in whole milliseconds. Raises InputError."""
    if text in {"closed", "open"}:
        return text
    name, _, value = text.partition("=")
    if name != "timeout":
        raise InputError(f"a breaker is closed, open or timeout=200ms, not '{text}'")
    return f"timeout={max(round(read_value('timeout', value, _seconds) * 1000), 1)}ms"


def read_replicas(text: str) -> int:
    """A number of replicas. Raises InputError."""
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= MOST_REPLICAS:
        raise InputError(f"replicas: '{text}' is not a whole number from 0 to {MOST_REPLICAS}")
    return int(text)
