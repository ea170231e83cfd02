"""From Prometheus text to the raw series that metrics are computed from (shape: gameday.exported).

One table says which sample of which exporter means what, by the names that Caddy, the community exporters for
PostgreSQL, nodes and Kubernetes, and the sample service use. What the table does not name is not even parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_SERVER_ERROR = "5"


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
    if labels.get("handler") == "reverse_proxy" and labels["le"] != "+Inf":
        yield f"latency_le_{float(labels['le']):g}"


def _cpu(labels: Mapping[str, str]) -> Iterable[str]:
    yield "cpu_seconds_total"
    if labels.get("mode") not in {"idle", "iowait"}:
        yield "cpu_busy_seconds_total"


RULES: Mapping[str, tuple[Rule, ...]] = {
    "gateway": (
        Rule("caddy_http_request_duration_seconds_count", _gateway_count),
        Rule("caddy_http_request_duration_seconds_bucket", _gateway_bucket),
    ),
    "service": (Rule("db_pool_waiting", _always("pool_waiting")),),
    "database": (
        Rule("pg_stat_activity_count", _always("connections")),
        Rule("pg_settings_max_connections", _always("connections_max"), max),
    ),
    "platform": (
        Rule("kube_deployment_status_replicas_ready", _always("replicas_ready")),
        Rule("kube_pod_container_status_restarts_total", _always("restarts_total")),
        Rule("container_memory_working_set_bytes", lambda labels: (f"memory_used:{labels.get('pod', '')}",)),
        Rule("container_spec_memory_limit_bytes", lambda labels: (f"memory_limit:{labels.get('pod', '')}",)),
    ),
    "host": (
        Rule("node_memory_MemAvailable_bytes", _always("memory_available_bytes")),
        Rule("node_filesystem_avail_bytes", _always("disk_available"), min),
        Rule("node_filesystem_size_bytes", _always("disk_size"), max),
        Rule("node_cpu_seconds_total", _cpu),
    ),
}


def series(job: str, texts: Iterable[str]) -> dict[str, float]:
    """The raw series of one job from the exposition texts of all its targets.

    Raises:
        ValueError: a text is not in the Prometheus format.
    """
    found: dict[str, float] = {}
    rules = {rule.sample: rule for rule in RULES[job]}
    for text in texts:
        for family in text_string_to_metric_families(_only(text, tuple(rules))):
            for sample in family.samples:
                rule = rules.get(sample.name)
                for name in rule.series(sample.labels) if rule else ():
                    found[name] = rule.combine(found[name], sample.value) if rule and name in found else sample.value
    return _ratios(found)


def _only(text: str, names: tuple[str, ...]) -> str:
    """The lines that matter: a gateway exports hundreds of others, and parsing them costs most of a scrape."""
    return "\n".join(line for line in text.splitlines() if line.startswith(names)) + "\n"


def _ratios(found: dict[str, float]) -> dict[str, float]:
    memory = [
        used / limit
        for name, used in found.items()
        if name.startswith("memory_used:") and (limit := found.get("memory_limit:" + name.partition(":")[2]))
    ]
    if memory:
        found["memory_ratio"] = max(memory)
    if found.get("disk_size"):
        found["disk_used_ratio"] = 1 - found.get("disk_available", 0.0) / found["disk_size"]
    return {name: value for name, value in found.items() if not name.startswith(("memory_used:", "memory_limit:", "disk_"))
            or name == "disk_used_ratio"}  # fmt: skip
