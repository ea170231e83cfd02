"""Our metrics as PromQL: one expression each, over the samples that ``exposition`` reads.

Counters are taken over a window of four scrapes at least, since ``rate`` needs two samples and one may be missed.
Whatever has never failed exports no sample of a failure; that is a rate of zero where requests are counted at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gameday.detect.exposition import NO_DISK
from gameday.metrics import METRICS, ON_ITS_WAY
from gameday.model.quantities import Condition

SCRAPES = 4
_REQUESTS = "caddy_http_request_duration_seconds_count"
_BUCKETS = "caddy_http_request_duration_seconds_bucket"
_PROXIED = 'handler="reverse_proxy"'
_POD = '{container!="",container!="POD"}'
_DISKS = f'{{fstype!~"{"|".join(sorted(NO_DISK))}"}}'


def _quantile(share: float) -> Callable[[str], str]:
    return lambda window: (
        f"histogram_quantile({share}, sum by (le) (rate({_BUCKETS}{{{_PROXIED}}}[{window}])))"
    )


def _error_rate(window: str) -> str:
    every = f"sum(rate({_REQUESTS}{{{_PROXIED}}}[{window}]))"
    failed = f'sum(rate({_REQUESTS}{{{_PROXIED},code=~"5.."}}[{window}]))'
    return f"({failed} or 0 * {every}) / ({every} > 0)"


EXPRESSIONS: Mapping[str, Callable[[str], str]] = {
    "error_rate": _error_rate,
    "latency_p50": _quantile(0.5),
    "latency_p95": _quantile(0.95),
    "latency_p99": _quantile(0.99),
    "request_rate": lambda window: f"sum(rate({_REQUESTS}{{{_PROXIED}}}[{window}]))",
    "database_connections": lambda _: "sum(pg_stat_activity_count) / max(pg_settings_max_connections)",
    "database_up": lambda _: "max(pg_up)",
    "database_pool_waiting": lambda _: "sum(db_pool_waiting)",
    "replicas_ready": lambda _: "sum(kube_deployment_status_replicas_ready)",
    "restarts": lambda window: (  # not increase(): that extrapolates, and two restarts would be more than two
        f"sum(max_over_time(kube_pod_container_status_restarts_total[{window}]) "
        f"- min_over_time(kube_pod_container_status_restarts_total[{window}]))"
    ),
    "replicas_waiting": lambda _: (  # kube-state-metrics tells only of those that do
        f'sum(kube_pod_container_status_waiting_reason{{reason!~"{"|".join(ON_ITS_WAY)}"}}) '
        "or 0 * sum(kube_deployment_status_replicas_ready)"
    ),
    "warnings": lambda window: (
        f'sum(max_over_time(kube_events_total{{type="Warning"}}[{window}]) '
        f'- min_over_time(kube_events_total{{type="Warning"}}[{window}]))'
    ),
    "memory_usage": lambda _: (
        f"max(sum by (pod) (container_memory_working_set_bytes{_POD}) "
        f"/ (sum by (pod) (container_spec_memory_limit_bytes{_POD}) > 0))"
    ),
    "cpu_usage": lambda window: (
        f'sum(rate(node_cpu_seconds_total{{mode!~"idle|iowait"}}[{window}])) '
        f"/ sum(rate(node_cpu_seconds_total[{window}]))"
    ),
    "disk_space": lambda _: (
        f"1 - min(min by (mountpoint) (node_filesystem_avail_bytes{_DISKS}) "
        f"/ max by (mountpoint) (node_filesystem_size_bytes{_DISKS}))"
    ),
    "host_memory_available": lambda _: "sum(node_memory_MemAvailable_bytes)",
}
"""Metric -> its expression; takes the window as PromQL writes it."""


def expression(condition: Condition, scrape: float) -> str:
    """A condition as PromQL that has a value while it holds; ``scrape`` is the interval in seconds."""
    return f"({metric(condition.metric, scrape)}) {condition.op} {condition.threshold:.15g}"


def metric(name: str, scrape: float) -> str:
    """A metric's value as PromQL, over a window that a scrape each so many seconds fills."""
    return EXPRESSIONS[name](written(max(METRICS[name].window, SCRAPES * scrape)))


def written(seconds: float) -> str:
    """A duration as Prometheus writes it, to the millisecond."""
    millis = round(seconds * 1000)
    return f"{millis // 1000}s" if millis % 1000 == 0 else f"{millis}ms"
