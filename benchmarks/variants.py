"""Short scenarios for measuring: what a scenario says, in the least time in which it can be said.

Baseline two seconds, all users there within one, faults put back or mended soon, three seconds of good service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.gamedays import Project

STABLE_FOR = 3
USERS = 60
PERIOD = 0.5
TIMEOUT = 2
"""Seconds: the load's own default, written out since the observer needs the same."""
SYSTEM = "bench"
STEADY = ("error_rate < 1%", "latency_p95 < 500ms")
"""As the library's scenarios have it."""

_MONITORS = {
    "failing": {"when": "error_rate > 20% for 0.5s", "severity": "SEV2"},
    "slow": {"when": "latency_p95 > 1000ms for 0.5s", "severity": "SEV3"},
}


def write_system(project: Project) -> None:
    """The system that the variants name: the sample's services, with monitors in a hurry."""
    services = {
        "auth": {"replicas": 2},
        "gateway": {},
        "database": {"kind": "postgresql", "replica": "database-replica"},
        "identity-provider": {"external": True},
    }
    slo = {"availability": "99.9%", "latency_p95": "500ms"}
    content = {
        "title": "Sign-in, watched in a hurry",
        "services": services,
        "slo": slo,
        "monitors": _MONITORS,
    }
    project.write(f"scenarios/systems/{SYSTEM}", content)


def short(
    faults: Mapping[str, Any],
    *,
    impact: Any = "allowed",
    users: int = USERS,
    playbook: str | None = None,
    steady_state: Sequence[str] = STEADY,
    **expect: Any,
) -> dict[str, Any]:
    """A scenario with these faults, in its shortest form."""
    return {
        "title": "A short one",
        "system": SYSTEM,
        "load": {
            "locustfile": "logins",
            "users": users,
            "spawn_rate": 2 * users,
            "timeout": f"{TIMEOUT}s",
            "period": f"{PERIOD}s",
        },
        "baseline": "2s",
        "steady_state": list(steady_state),
        "faults": dict(faults),
        "expect": {"impact": impact, "stable_for": f"{STABLE_FOR}s", **expect},
        "truth": {"severity": "SEV2", "component": "database", "mechanism": "latency"},
        **({"playbook": playbook} if playbook else {}),
    }
