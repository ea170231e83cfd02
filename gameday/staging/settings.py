"""What a replica is told when it starts: its environment, read once into a frozen value.

A secret may stand in a file that ``<NAME>_FILE`` names. ``LIVE_FILE`` names a file of what may change while replicas
run (flags, breaker), so that one that is started again comes up with what holds now. Flags that nobody names are as
the release turns them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds."""

    replica: str
    release: str
    database_url: str
    identity_url: str
    admin_token: str
    pool_min: int = 4
    pool_max: int = 10
    pool_timeout: float = 2.0
    pool_backoff: float = 0.2
    identity_timeout: float = 5.0
    trace_buffer: int = 0
    """Megabytes."""
    leak_delay: float = 0.0
    """For tests: how long after its start the faulty release behaves."""
    flags: Mapping[str, bool] = field(default_factory=dict)
    breaker: str = "closed"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read it; a missing variable without a default is a KeyError that names it."""
        release = environment["RELEASE"]
        live = _live(environment)
        flags = json.loads(environment["FLAGS"]) if "FLAGS" in environment else _flags_of(release)
        url, password = environment["DATABASE_URL"], _secret(environment, "DATABASE_PASSWORD")
        return cls(
            replica=environment.get("REPLICA", "auth"),
            release=release,
            database_url=make_conninfo(url, password=password) if password else url,
            identity_url=environment["IDENTITY_URL"],
            admin_token=_secret(environment, "ADMIN_TOKEN") or environment["ADMIN_TOKEN"],
            pool_min=int(environment.get("POOL_MIN", "4")),
            pool_max=int(environment.get("POOL_MAX", "10")),
            pool_timeout=float(environment.get("POOL_TIMEOUT", "2")),
            pool_backoff=float(environment.get("POOL_BACKOFF", "0.2")),
            identity_timeout=float(environment.get("IDENTITY_TIMEOUT", "5")),
            trace_buffer=int(environment.get("TRACE_BUFFER", "0")),
            leak_delay=float(environment.get("LEAK_DELAY") or "0"),
            flags={name: live.get("flags", {}).get(name, value) for name, value in flags.items()},
            breaker=live.get("breaker") or environment.get("BREAKER", "closed"),
        )


def _secret(environment: Mapping[str, str], name: str) -> str:
    """From its file where one is named, else from its variable; empty where there is neither."""
    file = environment.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else environment.get(name, "")


def _live(environment: Mapping[str, str]) -> dict[str, Any]:
    file = Path(environment.get("LIVE_FILE", ""))
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def _flags_of(release: str) -> dict[str, bool]:
    releases = json.loads(Path(__file__).with_name("releases.json").read_text(encoding="utf-8"))
    return dict(releases.get(release, {}).get("flags", {}))
