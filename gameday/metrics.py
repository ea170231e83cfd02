"""The closed table of metrics: name, unit, where it comes from, which raw series it is computed from.

``client`` metrics are computed from single requests and date impact and recovery; they are never a detector.
``exported`` metrics are computed from what the system itself exports and are all that monitors, runbooks,
playbooks and looks see. ``error_rate`` and ``latency_p95`` exist on both sides; which one a condition means
follows from where it stands, and ``client.`` in front asks for the client's side in a guard.

This module is a table. It computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """The base unit values are kept in."""

    RATIO = "ratio"
    """0 to 1; written with ``%``."""
    SECONDS = "seconds"
    """Written ``250ms``, ``2s``."""
    PER_SECOND = "per_second"
    """Written as a bare number."""
    COUNT = "count"
    BYTES = "bytes"
    """Written ``500MB``, ``2GB``."""


class Side(StrEnum):
    """Who saw it."""

    CLIENT = "client"
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    name: str
    unit: Unit
    sides: frozenset[Side]
    job: str
    """Which kind of source exports it: gateway, service, database, platform, host."""
    about: str
    window: float = 2.0
    """Seconds of sliding window; 0 where the newest value counts."""


_BOTH = frozenset({Side.CLIENT, Side.EXPORTED})
_CLIENT = frozenset({Side.CLIENT})
_EXPORTED = frozenset({Side.EXPORTED})

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("error_rate", Unit.RATIO, _BOTH, "gateway", "share of requests that failed"),
        Metric("latency_p50", Unit.SECONDS, _BOTH, "gateway", "median time to answer"),
        Metric("latency_p95", Unit.SECONDS, _BOTH, "gateway", "time within which 95 % were answered"),
        Metric("latency_p99", Unit.SECONDS, _BOTH, "gateway", "time within which 99 % were answered"),
        Metric("offered_rate", Unit.PER_SECOND, _CLIENT, "", "requests that were due, each second"),
        Metric("achieved_rate", Unit.PER_SECOND, _CLIENT, "", "requests that were sent, each second"),
        Metric("request_rate", Unit.PER_SECOND, _EXPORTED, "gateway", "requests answered, each second"),
        Metric(
            "database_connections", Unit.RATIO, _EXPORTED, "database", "sessions of what the server allows", 0
        ),
        Metric(
            "database_up",
            Unit.COUNT,
            _EXPORTED,
            "database",
            "1 while the server that leads answers, else 0",
            0,
        ),
        Metric(
            "database_pool_waiting",
            Unit.COUNT,
            _EXPORTED,
            "service",
            "requests waiting for a pooled session",
            0,
        ),
        Metric("replicas_ready", Unit.COUNT, _EXPORTED, "platform", "replicas that are ready", 0),
        Metric(
            "restarts", Unit.COUNT, _EXPORTED, "platform", "restarts by the platform within the window", 60
        ),
        Metric(
            "replicas_waiting",
            Unit.COUNT,
            _EXPORTED,
            "platform",
            "replicas that do not start: for want of an image, or after crashes",
            0,
        ),
        Metric("warnings", Unit.COUNT, _EXPORTED, "platform", "warnings of Kubernetes within the window", 60),
        Metric("memory_usage", Unit.RATIO, _EXPORTED, "platform", "fullest replica, of its limit", 0),
        Metric("cpu_usage", Unit.RATIO, _EXPORTED, "host", "share of the host's processors in use"),
        Metric("disk_space", Unit.RATIO, _EXPORTED, "host", "share of the disk that is used", 0),
        Metric("host_memory_available", Unit.BYTES, _EXPORTED, "host", "memory the host can still give", 0),
    )
}

ON_ITS_WAY = ("ContainerCreating", "PodInitializing")
"""What Kubernetes calls a container that is only being made: of those that wait (``replicas_waiting``) it is none."""

FACTS: dict[str, str] = {
    "recent_deploy": "a release went out in the 30 minutes before the first alert or the impact",
    "recent_config_change": "a setting changed in the 30 minutes before the first alert or the impact",
    "dependency_failing": "an external dependency is slow or fails",
    "database_failing": "the database, or the way to it, is down or late",
    "resource_exhausted": "memory, disk or processors are at their limit",
    "database_overloaded": "the database has few connections left or answers slowly",
}
"""What a runbook's ``when`` may ask besides conditions; the responders' own acts make none of them true.

With ``not`` before it: that it is true at no time.
"""

MECHANISMS: dict[str, str] = {
    "connection-leak": "connections are opened and never given back",
    "connection-exhaustion": "all connections are taken by somebody else",
    "latency": "a dependency or the network answers late",
    "dependency-outage": "a dependency does not answer",
    "database-outage": "the database does not answer",
    "crash": "processes die",
    "crash-loop": "processes die again and again",
    "bad-configuration": "a setting is wrong",
    "bad-release": "a release is wrong in another way",
    "memory-leak": "memory is taken and never given back",
    "cpu-saturation": "processors are at their limit",
    "disk-full": "no disk space is left",
    "overload": "more requests than can be served",
    "network-partition": "parts cannot reach each other",
    "certificate-expired": "a certificate is no longer valid",
}
"""The closed list of what a hypothesis may name as the mechanism."""
