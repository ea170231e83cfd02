"""What the stack exports for those who watch it and export nothing themselves: database, platform, host.

Prometheus text with the names that the community's exporters use (postgres_exporter, kube-state-metrics,
cAdvisor, node_exporter), so that the same monitors read a real cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from gameday.errors import StackError
from gameday.stacks.platform.catalog import MEMORY_LIMIT, SERVICE
from gameday.stacks.platform.database import RESERVED
from gameday.stacks.platform.parts import Parts
from gameday.stacks.platform.program import CRASH_LOOP

SOURCES = ("database", "platform", "host")
NAMESPACE = "staging"
_ANSWER_SECONDS = 0.3
"""A database that takes longer is down to those who watch: a scrape waits no longer than half a second."""
_STATES = ("active", "idle", "idle in transaction", "other")


class _Found(Collector):
    """Hands over what was collected before: asking the stack is asynchronous, rendering is not."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def export(parts: Parts, sources: Iterable[str] = SOURCES) -> bytes:
    """The text of these sources."""
    families: list[Metric] = []
    for source in sources:
        if source == "database":
            families += await _database(parts)
        elif source == "platform":
            families += await _platform(parts)
        else:
            families += await asyncio.to_thread(_host, parts.disk)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(families))
    return generate_latest(registry)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


async def _database(parts: Parts) -> list[Metric]:
    try:
        rows = await parts.database.ask(
            "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' GROUP BY 1",
            within=_ANSWER_SECONDS,
        )
        streaming = await parts.database.streams()
        leads = await parts.database.leads()
    except StackError:
        leads = False
    if not leads:
        return [_gauge("pg_up", "Whether the primary answers, and leads", 0)]
    by_state: Mapping[str, int] = dict(rows)
    sessions = GaugeMetricFamily("pg_stat_activity_count", "Client sessions by state", labels=["state"])
    for state in (*_STATES, *sorted(set(by_state) - set(_STATES))):
        sessions.add_metric([state], by_state.get(state, 0))
    return [
        _gauge("pg_up", "Whether the primary answers, and leads", 1),
        sessions,
        _gauge(
            "pg_settings_max_connections", "Most connections the server takes", parts.database.max_connections
        ),
        _gauge("pg_settings_superuser_reserved_connections", "Of these, for superusers only", RESERVED),
        _gauge(
            "pg_settings_reserved_connections",
            "Of these, for roles that may use them",
            parts.database.privileged,
        ),
        _gauge("pg_replication_is_streaming", "Whether the replica streams", streaming),
    ]


async def _platform(parts: Parts) -> list[Metric]:
    labels = ["namespace", "deployment"]
    ready = GaugeMetricFamily(
        "kube_deployment_status_replicas_ready", "Replicas that are ready", labels=labels
    )
    ready.add_metric([NAMESPACE, SERVICE], await parts.auth.ready_replicas())
    wanted = GaugeMetricFamily("kube_deployment_spec_replicas", "Replicas there should be", labels=labels)
    wanted.add_metric([NAMESPACE, SERVICE], parts.auth.spec.replicas)
    each = ["namespace", "pod", "container"]
    restarts = CounterMetricFamily(
        "kube_pod_container_status_restarts", "Restarts by the platform", labels=each
    )
    waiting = GaugeMetricFamily(
        "kube_pod_container_status_waiting_reason",
        "Waits and does not start",
        labels=[*each, "reason"],
    )
    memory = GaugeMetricFamily("container_memory_working_set_bytes", "Memory in use", labels=each)
    limit = GaugeMetricFamily("container_spec_memory_limit_bytes", "Memory allowed", labels=each)
    for replica in parts.auth.replicas:
        who = [NAMESPACE, replica.name, SERVICE]
        restarts.add_metric(who, replica.child.restarts)
        waiting.add_metric([*who, replica.child.waits or CRASH_LOOP], bool(replica.child.waits))
        limit.add_metric(who, MEMORY_LIMIT)
        used = await replica.child.memory()
        if used is not None:
            memory.add_metric(who, used)
    return [ready, wanted, restarts, waiting, memory, limit, *_events(parts.warnings)]


def _events(warnings: int | None) -> list[Metric]:
    if warnings is None:
        return []
    events = CounterMetricFamily("kube_events", "What the platform has told", labels=["namespace", "type"])
    events.add_metric([NAMESPACE, "Warning"], warnings)
    return [events]


def _host(disk_of: str) -> list[Metric]:
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(disk_of)
    free = GaugeMetricFamily("node_filesystem_avail_bytes", "Disk space free", labels=["mountpoint"])
    free.add_metric([disk_of], disk.free)
    size = GaugeMetricFamily("node_filesystem_size_bytes", "Disk space", labels=["mountpoint"])
    size.add_metric([disk_of], disk.total)
    cpu = CounterMetricFamily("node_cpu_seconds", "Processor time", labels=["cpu", "mode"])
    for index, times in enumerate(psutil.cpu_times(percpu=True)):
        for mode in ("user", "system", "idle", "iowait", "steal"):
            cpu.add_metric([str(index), mode], getattr(times, mode, 0.0))
    return [
        _gauge("node_memory_MemAvailable_bytes", "Memory the host can still give", memory.available),
        _gauge("node_memory_MemTotal_bytes", "Memory of the host", memory.total),
        free,
        size,
        cpu,
    ]
