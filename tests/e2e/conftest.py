"""Whole game days with the scenarios as shipped, or with copies of them that are over sooner."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameday.stacks.kubernetes.adapter import KubernetesStack
from tests.e2e.clusters import allowing
from tests.gamedays import ROOT, Home

LIGHT = {
    "load": {"locustfile": "logins", "users": 40, "spawn_rate": 40},
    "baseline": "4s",
    "steady_state": ["error_rate < 5%", "latency_p95 < 1000ms"],
}
SHORT: Mapping[str, Mapping[str, Any]] = {
    "auth-connection-leak": {
        **LIGHT,
        "faults": {"release": {"for": "60s"}},
        "expect": {"impact": {"within": "18s"}, "mitigate": {"within": "45s"}, "stable_for": "8s"},
    },
    "identity-latency": {
        **LIGHT,
        "faults": {"slow-provider": {"for": "60s"}},
        "expect": {
            "impact": {"when": "latency_p95 > 1000ms", "within": "10s"},
            "mitigate": {"within": "45s"},
            "stable_for": "10s",
        },
    },
    "replica-crash-loop": {
        # All users of the scenario: fewer requests fill the memory later.
        **LIGHT,
        "load": {"locustfile": "logins", "users": 60, "spawn_rate": 60},
        "faults": {"tracing": {"for": "60s"}},
        "expect": {"impact": {"within": "18s"}, "mitigate": {"within": "45s"}, "stable_for": "15s"},
    },
    "replica-kill": {**LIGHT, "expect": {"recover": {"within": "20s"}, "stable_for": "5s"}},
    "connections-held": {
        **LIGHT,
        "faults": {"held": {"for": "60s"}, "kill": {"for": "57s"}},
        "expect": {"impact": {"within": "18s"}, "mitigate": {"within": "45s"}, "stable_for": "8s"},
    },
    "database-outage": {
        **LIGHT,
        "faults": {"outage": {"for": "60s"}},
        "expect": {"mitigate": {"within": "45s"}, "stable_for": "8s"},
    },
    "database-latency": {
        **LIGHT,
        "faults": {"slow-database": {"for": "60s"}},
        "expect": {"mitigate": {"within": "45s"}, "stable_for": "8s"},
    },
}
"""The same incidents with less waiting around them, and with room for whatever else this machine does."""

Copy = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing may be left at the end."""
    with Home.tidy(tmp_path / "h") as made:
        yield made


@pytest.fixture
def shipped() -> Callable[[str], str]:
    """A scenario as shipped, by its path."""
    return lambda name: str(ROOT / "scenarios" / f"{name}.yaml")


@pytest.fixture
def short(home: Home) -> Iterator[Copy]:
    """A copy of a scenario with the short times and what a test changes besides; gives its path."""
    made: list[Path] = []

    def copy(scenario: str, **changes: Any) -> str:
        data = yaml.safe_load((ROOT / "scenarios" / f"{scenario}.yaml").read_text())
        path = home.work / "scenarios" / f"{scenario}-short-{len(made)}.yaml"
        path.write_text(yaml.safe_dump(over(over(data, SHORT[scenario]), changes)))
        made.append(path)
        return str(path)

    yield copy
    for path in made:
        path.unlink()


def over(base: Any, changes: Any) -> Any:
    """Changes over a file, key by key."""
    if not (isinstance(base, dict) and isinstance(changes, Mapping)):
        return changes
    return {**base, **{key: over(base.get(key), value) for key, value in changes.items()}}


@pytest.fixture(scope="module")
def deployed(cluster: str) -> Iterator[KubernetesStack]:
    """One system for all trials, each of which puts back what it changes."""
    made = KubernetesStack(cluster, f"gameday-test-{secrets.token_hex(3)}")
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


@pytest.fixture
def team(home: Home, cluster: str, deployed: KubernetesStack) -> Home:
    """A home whose project allows the deployed one."""
    return allowing(home, cluster, deployed.handle()["namespace"])
