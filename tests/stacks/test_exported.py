"""What the stack exports: the figures that monitors read, under the names that real exporters use."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gameday.stacks.local import limits
from gameday.stacks.local.adapter import LocalStack
from gameday.stacks.local.back_off import BackOff
from gameday.stacks.local.child import Child
from gameday.stacks.platform.waiting import until

Samples = dict[str, float]


async def scrape(stack: LocalStack, job: str) -> Samples:
    """Samples of a job's targets by name and labels, as they stand in the text."""
    samples: Samples = {}
    async with aiohttp.ClientSession() as client:
        for target in await stack.targets():
            if target.job == job:
                async with client.get(target.url) as answer:
                    for family in text_string_to_metric_families(await answer.text()):
                        for sample in family.samples:
                            labels = ",".join(
                                f"{name}={value}" for name, value in sorted(sample.labels.items())
                            )
                            samples[f"{sample.name}{{{labels}}}"] = sample.value
    return samples


@pytest.mark.slow
def test_the_gateway_counts_users_requests_by_status(shared_stack: LocalStack) -> None:
    """Every request shows once in the gateway's histogram, with its status; probes do not."""

    async def ask() -> tuple[Samples, Samples]:
        before = await scrape(shared_stack, "gateway")
        async with aiohttp.ClientSession() as client:
            for user in ("user001", "nobody", "nobody"):
                body = {"user": user, "password": "pw-user001"}
                async with client.post(f"{shared_stack.endpoints().gateway}/login", json=body):
                    pass
        return before, await scrape(shared_stack, "gateway")

    before, after = asyncio.run(ask())

    def counted(code: int) -> float:
        name = "caddy_http_request_duration_seconds_count"
        [key] = [key for key in after if key.startswith(name) and f"code={code}," in key and "=POST" in key]
        assert "handler=reverse_proxy" in key
        return after[key] - before.get(key, 0)

    assert (counted(200), counted(401)) == (1, 2)


@pytest.mark.slow
def test_sessions_are_counted_as_the_server_counts_them(shared_stack: LocalStack) -> None:
    """Five sessions more show as five more in pg_stat_activity_count, beside the server's limit."""

    def total(samples: Samples) -> float:
        return sum(value for name, value in samples.items() if name.startswith("pg_stat_activity_count"))

    before = total(asyncio.run(scrape(shared_stack, "database")))
    opened = [psycopg.connect(shared_stack.environment()["GAMEDAY_DATABASE_URL"]) for _ in range(5)]
    samples = asyncio.run(scrape(shared_stack, "database"))
    for connection in opened:
        connection.close()

    assert total(samples) == before + 5
    assert samples["pg_settings_max_connections{}"] == 150
    assert samples["pg_up{}"] == 1


@pytest.mark.slow
def test_platform_host_and_service_are_exported(shared_stack: LocalStack) -> None:
    """Replicas, memory and its limit, disk, processors and the pool are there, and plausible."""
    platform = asyncio.run(scrape(shared_stack, "platform"))
    host = asyncio.run(scrape(shared_stack, "host"))
    service = asyncio.run(scrape(shared_stack, "service"))

    deployment = "{deployment=auth,namespace=staging}"
    assert platform[f"kube_deployment_status_replicas_ready{deployment}"] == 2
    assert platform[f"kube_deployment_spec_replicas{deployment}"] == 2
    used = [
        value for name, value in platform.items() if name.startswith("container_memory_working_set_bytes")
    ]
    assert len(used) == 2
    assert all(10 * 2**20 < value < limits.MEMORY_LIMIT for value in used)
    assert host["node_memory_MemAvailable_bytes{}"] > 0
    assert any(name.startswith("node_filesystem_avail_bytes") for name in host)
    assert any(name.startswith("node_cpu_seconds_total") and "mode=idle" in name for name in host)
    assert service["db_pool_waiting{}"] == 0
    assert service["db_pool_max{}"] == 10


def test_a_replica_over_its_memory_is_ended_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever uses more than the limit is killed, and started again as anybody who dies is."""
    monkeypatch.setattr(limits, "MEMORY_LIMIT", 40 * 2**20)
    monkeypatch.setattr(limits, "_EVERY_SECONDS", 0.05)

    class OneReplica:
        name = "auth-1"

        def __init__(self) -> None:
            code = "import time; x = bytearray(100 * 2**20); time.sleep(60)"
            self.child = Child(
                "auth-1",
                lambda: [sys.executable, "-c", code],
                tmp_path / "log",
                back_off=BackOff(first=0.05, longest=0.05),
            )
            self.replicas = [self]

    async def watch() -> int:
        service = OneReplica()

        async def twice() -> bool:
            return service.child.restarts >= 2

        await service.child.start()
        keeper = asyncio.create_task(limits.keep_limits(service))  # type: ignore[arg-type]
        try:
            assert await until(twice, 20)
        finally:
            keeper.cancel()
            await service.child.stop(signal.SIGKILL)
        return service.child.restarts

    assert asyncio.run(watch()) >= 2
