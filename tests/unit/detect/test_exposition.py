"""From the text of the exporters that people run to the raw series that metrics are computed from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.detect.exposition import RULES, series
from gameday.events import Scraped
from gameday.exported import Exported

CADDY = """
# HELP caddy_admin_http_requests_total Counter of requests made to the Admin API's HTTP endpoints.
# TYPE caddy_admin_http_requests_total counter
caddy_admin_http_requests_total{code="200",handler="metrics",method="GET",path="/metrics"} 9
# HELP caddy_http_request_duration_seconds Histogram of round-trip request durations.
# TYPE caddy_http_request_duration_seconds histogram
caddy_http_request_duration_seconds_bucket{code="200",handler="reverse_proxy",method="POST",server="srv0",le="0.1"} 80
caddy_http_request_duration_seconds_bucket{code="200",handler="reverse_proxy",method="POST",server="srv0",le="0.5"} 90
caddy_http_request_duration_seconds_bucket{code="200",handler="reverse_proxy",method="POST",server="srv0",le="+Inf"} 90
caddy_http_request_duration_seconds_sum{code="200",handler="reverse_proxy",method="POST",server="srv0"} 4.5
caddy_http_request_duration_seconds_count{code="200",handler="reverse_proxy",method="POST",server="srv0"} 90
caddy_http_request_duration_seconds_bucket{code="503",handler="reverse_proxy",method="POST",server="srv0",le="0.1"} 8
caddy_http_request_duration_seconds_bucket{code="503",handler="reverse_proxy",method="POST",server="srv0",le="0.5"} 10
caddy_http_request_duration_seconds_bucket{code="503",handler="reverse_proxy",method="POST",server="srv0",le="+Inf"} 10
caddy_http_request_duration_seconds_count{code="503",handler="reverse_proxy",method="POST",server="srv0"} 10
caddy_http_request_duration_seconds_count{code="401",handler="reverse_proxy",method="GET",server="srv0"} 5
caddy_http_request_duration_seconds_count{code="200",handler="static_response",method="GET",server="srv0"} 700
caddy_http_request_duration_seconds_bucket{code="200",handler="static_response",method="GET",server="srv0",le="0.1"} 700
caddy_http_requests_in_flight{handler="reverse_proxy",server="srv0"} 3
"""
POSTGRES = """
# TYPE pg_settings_max_connections gauge
pg_settings_max_connections{server="localhost:5432"} 100
# TYPE pg_stat_activity_count gauge
pg_stat_activity_count{datname="auth",server="localhost:5432",state="active",usename="auth"} 3
pg_stat_activity_count{datname="auth",server="localhost:5432",state="idle",usename="auth"} 40
pg_stat_activity_count{datname="postgres",server="localhost:5432",state="idle",usename="postgres"} 2
pg_up 1
"""
KUBERNETES = """
kube_deployment_status_replicas_ready{namespace="staging",deployment="auth"} 2
kube_pod_container_status_restarts_total{namespace="staging",pod="auth-1",container="auth",uid="x"} 3
kube_pod_container_status_restarts_total{namespace="staging",pod="auth-2",container="auth",uid="y"} 1
kube_pod_container_status_waiting_reason{namespace="staging",pod="auth-1",container="auth",reason="CrashLoopBackOff"} 1
kube_pod_container_status_waiting_reason{namespace="staging",pod="auth-2",container="auth",reason="ImagePullBackOff"} 1
kube_pod_container_status_waiting_reason{namespace="staging",pod="auth-3",container="auth",reason="ContainerCreating"} 1
kube_events_total{namespace="staging",type="Warning"} 7
kube_events_total{namespace="staging",type="Normal"} 90
container_memory_working_set_bytes{container="",id="/kubepods/pod1",image="",namespace="staging",pod="auth-1"} 9e+08
container_memory_working_set_bytes{container="POD",id="/kubepods/pod1/p",namespace="staging",pod="auth-1"} 1e+06
container_memory_working_set_bytes{container="auth",id="/kubepods/pod1/c",namespace="staging",pod="auth-1"} 2e+08
container_memory_working_set_bytes{container="auth",id="/kubepods/pod2/c",namespace="staging",pod="auth-2"} 1e+08
container_spec_memory_limit_bytes{container="",id="/kubepods/pod1",namespace="staging",pod="auth-1"} 0
container_spec_memory_limit_bytes{container="auth",id="/kubepods/pod1/c",namespace="staging",pod="auth-1"} 4e+08
container_spec_memory_limit_bytes{container="auth",id="/kubepods/pod2/c",namespace="staging",pod="auth-2"} 0
"""
NODE = """
node_cpu_seconds_total{cpu="0",mode="idle"} 800
node_cpu_seconds_total{cpu="0",mode="iowait"} 100
node_cpu_seconds_total{cpu="0",mode="system"} 40
node_cpu_seconds_total{cpu="0",mode="user"} 60
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 6e+10
node_filesystem_avail_bytes{device="/dev/sda2",fstype="vfat",mountpoint="/boot/efi"} 5e+08
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 1e+06
node_filesystem_avail_bytes{device="/dev/loop0",fstype="squashfs",mountpoint="/snap/core"} 0
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1e+11
node_filesystem_size_bytes{device="/dev/sda2",fstype="vfat",mountpoint="/boot/efi"} 6.25e+08
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 8e+08
node_filesystem_size_bytes{device="/dev/loop0",fstype="squashfs",mountpoint="/snap/core"} 6e+07
node_memory_MemAvailable_bytes 4.2e+09
node_memory_MemTotal_bytes 1.6e+10
"""


def test_a_gateway() -> None:
    """Requests that went to the service, those answered by a server error, and the time they took; nothing else."""
    assert series("gateway", [CADDY]) == {
        "requests_total": 105,
        "latency_count": 105,
        "requests_failed_total": 10,
        "latency_le_0.1": 88,
        "latency_le_0.5": 100,
    }


def test_replicas_are_added_up() -> None:
    """Each replica tells its own waiting requests."""
    text = "# TYPE db_pool_waiting gauge\ndb_pool_waiting 3\ndb_pool_waiting_seconds 9\n"

    assert series("service", [text, text.replace("3", "4")]) == {"pool_waiting": 7}


def test_a_database() -> None:
    """Sessions of all databases and states against what the server allows."""
    assert series("database", [POSTGRES]) == {
        "up": 1,
        "connections": 45,
        "connections_max": 100,
    }


def test_a_platform() -> None:
    """Ready replicas, restarts, and the fullest pod by its own containers; one without a limit does not count.

    Of those that wait, not the one that is only being made; of events, warnings.
    """
    assert series("platform", [KUBERNETES]) == {
        "replicas_ready": 2,
        "replicas_waiting": 2,
        "restarts_total": 4,
        "warnings_total": 7,
        "memory_ratio": pytest.approx(0.5),
    }


def test_nobody_waits_where_only_those_that_do_are_told_of() -> None:
    """kube-state-metrics has no sample for a container that runs; without it, nothing is known."""
    assert series("platform", ["kube_deployment_status_replicas_ready 2\n"])["replicas_waiting"] == 0
    assert "replicas_waiting" not in series("platform", ["pg_up 1\n"])


def test_a_host() -> None:
    """Processors, memory, and the fullest of the real disks, each against its own size."""
    assert series("host", [NODE]) == {
        "cpu_seconds_total": 1000,
        "cpu_busy_seconds_total": 100,
        "memory_available_bytes": 4.2e9,
        "disk_used_ratio": pytest.approx(0.4),
    }


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_is_no_data(value: str) -> None:
    """Exporters say NaN where they do not know."""
    text = f"pg_stat_activity_count {value}\npg_settings_max_connections 100\n"

    assert series("database", [text]) == {"connections_max": 100}


@pytest.mark.parametrize("job", [*RULES, "something-else"])
def test_a_page_without_any_of_it(job: str) -> None:
    """An exporter of something else is an answer without data."""
    assert series(job, ["", "# nothing\nup 1\n"]) == {}


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ("database", "pg_stat_activity_count{state=\n"),
        ("database", "pg_stat_activity_count many\n"),
        ("gateway", 'caddy_http_request_duration_seconds_bucket{handler="reverse_proxy",le="x"} 1\n'),
    ],
)
def test_a_page_that_is_not_prometheus(job: str, text: str) -> None:
    """A line of ours that cannot be read is an error, not a zero."""
    with pytest.raises((ValueError, LookupError)):
        series(job, [text])


@given(st.sampled_from([CADDY, POSTGRES, KUBERNETES, NODE]), st.sampled_from([*RULES]), st.data())
def test_a_torn_page_gives_numbers_or_an_error(page: str, job: str, data: st.DataObject) -> None:
    """However a page was cut or garbled, there is no third way."""
    at = data.draw(st.integers(0, len(page)))
    torn = page[:at] + data.draw(st.text(max_size=3))
    try:
        found = series(job, [torn])
    except (ValueError, LookupError):
        return
    assert all(isinstance(value, float | int) for value in found.values())


def test_two_scrapes_make_a_value() -> None:
    """From text to what a monitor sees: the failures of the second between them."""
    later = CADDY.replace('method="POST",server="srv0"} 10\n', 'method="POST",server="srv0"} 30\n')
    pages = [(0.0, CADDY), (1.0, later)]

    exported = Exported(
        (at, Scraped(job="gateway", ok=True, series=series("gateway", [page]))) for at, page in pages
    )

    assert exported.value("error_rate", 1.0) == pytest.approx(1.0)
    assert exported.value("request_rate", 1.0) == pytest.approx(20)
