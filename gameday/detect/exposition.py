"""From Prometheus text to the raw series that metrics are computed from (shape: gameday.exported).

One table says which sample of which exporter means what, by the names that Caddy, the community exporters for
PostgreSQL, nodes and Kubernetes, and the sample service use. What the table does not name is not even parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from prometheus_client.parser import text_string_to_metric_families

from gameday.metrics import ON_ITS_WAY

_SERVER_ERROR = "5"
NO_DISK = frozenset({"tmpfs", "ramfs", "devtmpfs", "squashfs", "iso9660", "overlay"})
"""Kinds of file system that are memory, or full by their nature, or another one's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One sample name: where its value goes. Values of several samples (replicas, labels) are combined."""

    sample: str
    series: Callable[[Mapping[str, str]], Iterable[str]]
    combine: Callable[[float, float], float] = lambda old, new: old + new


def _always(name: str) -> Callable[[Mapping[str, str]], Iterable[str]]:
    return lambda _: (name,)


def _gateway_count(labels: Mapping[str, str]) -> Iterable[str]:
    if labels.get("handler") == "reverse_proxy":
        yield "requests_total"
        yield "latency_count"
        if labels.get("code", "").startswith(_SERVER_ERROR):
            yield "requests_failed_total"


def _gateway_bucket(labels: Mapping[str, str]) -> Iterable[str]:
    bound = labels.get("le", "+Inf")
    if labels.get("handler") == "reverse_proxy" and bound != "+Inf":
        yield f"latency_le_{float(bound):g}"


def _cpu(labels: Mapping[str, str]) -> Iterable[str]:
    yield "cpu_seconds_total"
    if labels.get("mode") not in {"idle", "iowait"}:
        yield "cpu_busy_seconds_total"


def _container(kind: str) -> Callable[[Mapping[str, str]], Iterable[str]]:
    """Per pod, from its containers: sums over a whole pod and its pause container are exported beside them."""
    return lambda labels: (
        () if labels.get("container") in {"", "POD"} else (f"{kind}:{labels.get('pod', '')}",)
    )


def _disk(kind: str) -> Callable[[Mapping[str, str]], Iterable[str]]:
    """Per mount point, real disks only."""
    return lambda labels: (
        () if labels.get("fstype") in NO_DISK else (f"{kind}:{labels.get('mountpoint', '')}",)
    )


def _waiting(labels: Mapping[str, str]) -> Iterable[str]:
    """What every container goes through while it is made is no trouble."""
    return () if labels.get("reason") in ON_ITS_WAY else ("replicas_waiting",)


def _warnings(labels: Mapping[str, str]) -> Iterable[str]:
    return ("warnings_total",) if labels.get("type") == "Warning" else ()


RULES: Mapping[str, tuple[Rule, ...]] = {
    "gateway": (
        Rule("caddy_http_request_duration_seconds_count", _gateway_count),
        Rule("caddy_http_request_duration_seconds_bucket", _gateway_bucket),
    ),
    "service": (Rule("db_pool_waiting", _always("pool_waiting")),),
    "database": (
        Rule("pg_up", _always("up"), max),
        Rule("pg_stat_activity_count", _always("connections")),
        Rule("pg_settings_max_connections", _always("connections_max"), max),
    ),
    "platform": (
        Rule("kube_deployment_status_replicas_ready", _always("replicas_ready")),
        Rule("kube_pod_container_status_restarts_total", _always("restarts_total")),
        Rule("kube_pod_container_status_waiting_reason", _waiting),
        Rule("kube_events_total", _warnings),
        Rule("container_memory_working_set_bytes", _container("memory_used")),
        Rule("container_spec_memory_limit_bytes", _container("memory_limit")),
    ),
    "host": (
        Rule("node_memory_MemAvailable_bytes", _always("memory_available_bytes")),
        Rule("node_filesystem_avail_bytes", _disk("disk_available"), min),
        Rule("node_filesystem_size_bytes", _disk("disk_size"), max),
        Rule("node_cpu_seconds_total", _cpu),
    ),
}


def series(job: str, texts: Iterable[str]) -> dict[str, float]:
    """The raw series of one job from the exposition texts of all its targets.

    Raises:
        ValueError: a text is not in the Prometheus format.
    """
    found: dict[str, float] = {}
    rules = {rule.sample: rule for rule in RULES.get(job, ())}
    for text in texts:
        for family in text_string_to_metric_families(_only(text, tuple(rules))):
            for sample in family.samples:
                if sample.name in rules and isfinite(sample.value):  # not a number means: no data
                    _take(found, rules[sample.name], sample.labels, sample.value)
    return _ratios(found)


def _take(found: dict[str, float], rule: Rule, labels: Mapping[str, str], value: float) -> None:
    for name in rule.series(labels):
        found[name] = rule.combine(found[name], value) if name in found else value


def _only(text: str, names: tuple[str, ...]) -> str:
    """The lines that matter: a gateway exports hundreds of others, and parsing them costs most of a scrape."""
    return "\n".join(line for line in text.splitlines() if line.startswith(names)) + "\n"


def _ratios(found: Mapping[str, float]) -> dict[str, float]:
    """What is told of several pods or disks becomes one number: the fullest of them."""
    made = {name: value for name, value in found.items() if ":" not in name}
    if "replicas_ready" in made:
        made.setdefault("replicas_waiting", 0.0)  # kube-state-metrics tells only of those that do
    memory = _shares(found, "memory_used:", "memory_limit:")
    disk = _shares(found, "disk_available:", "disk_size:")
    if memory:
        made["memory_ratio"] = max(memory)
    if disk:
        made["disk_used_ratio"] = 1 - min(disk)
    return made


def _shares(found: Mapping[str, float], part: str, whole: str) -> list[float]:
    """The part of each thing that has both, and a whole that is not zero."""
    return [
        value / total
        for name, value in found.items()
        if name.startswith(part) and (total := found.get(whole + name.removeprefix(part)))
    ]
