"""What a replica is told when it starts: its environment, read once into a frozen value."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field


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
        return cls(
            replica=environment.get("REPLICA", "auth"),
            release=environment["RELEASE"],
            database_url=environment["DATABASE_URL"],
            identity_url=environment["IDENTITY_URL"],
            admin_token=environment["ADMIN_TOKEN"],
            pool_min=int(environment.get("POOL_MIN", "4")),
            pool_max=int(environment.get("POOL_MAX", "10")),
            pool_timeout=float(environment.get("POOL_TIMEOUT", "2")),
            pool_backoff=float(environment.get("POOL_BACKOFF", "0.2")),
            identity_timeout=float(environment.get("IDENTITY_TIMEOUT", "5")),
            trace_buffer=int(environment.get("TRACE_BUFFER", "0")),
            leak_delay=float(environment.get("LEAK_DELAY") or "0"),
            flags=json.loads(environment.get("FLAGS", "{}")),
            breaker=environment.get("BREAKER", "closed"),
        )
