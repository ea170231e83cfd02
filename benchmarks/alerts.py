"""What the receiver of webhooks takes: a thousand new alerts each second, each delivery folded and on disk."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged
from gameday.detect.inbox import Receiver
from gameday.log import Clock, LogWriter
from gameday.model.system import Monitor
from gameday.paging import Listening, Pages, heard, read_delivery

TOKEN = "t0ken"  # noqa: S105 - of this benchmark alone
_ALERTS_A_SECOND = 1000
_IN_ONE = 10
_P99_SECONDS = 0.05


def measure(_kept: Kept, seconds: int) -> list[Row]:
    """So many seconds of it, from a process of its own."""
    with tempfile.TemporaryDirectory(prefix="gameday-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.alerts", folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = server.stdout.readline().strip()
                took, spent = asyncio.run(_send(url, seconds))
            finally:
                server.kill()
        lines = sum(1 for _ in (Path(folder) / "events.jsonl").open())
    p99 = statistics.quantiles(took, n=100)[98]
    return [
        judged(
            f"{_ALERTS_A_SECOND} new alerts a second for {seconds} s, {_IN_ONE} in a delivery: p99 of an answer",
            p99,
            f"{p99 * 1000:.1f} ms (median {statistics.median(took) * 1000:.1f}, largest {max(took) * 1000:.1f})",
            f"at most {_P99_SECONDS * 1000:g} ms",
            limit=_P99_SECONDS,
            why="see the figure",
        ),
        Row("sent within", f"{spent:.1f} s, {lines} records in the log"),
    ]


async def _send(url: str, seconds: int) -> tuple[list[float], float]:
    """Each delivery at its own time, whatever became of those before."""
    took: list[float] = []
    every = _IN_ONE / _ALERTS_A_SECOND
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as client:

        async def one(number: int) -> None:
            began = time.perf_counter()
            async with client.post(url, json=_delivery(number)) as answer:
                assert answer.ok
            took.append(time.perf_counter() - began)

        begin, tasks = time.perf_counter(), []
        for number in range(round(seconds / every)):
            await asyncio.sleep(max(begin + number * every - time.perf_counter(), 0))
            tasks.append(asyncio.create_task(one(number)))
        await asyncio.gather(*tasks)
    return took, time.perf_counter() - begin


def _delivery(number: int) -> dict[str, Any]:
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "errors", "instance": f"{number}-{one}", "system": "auth"},
            "annotations": {"summary": "x" * 100},
            "startsAt": "2026-11-26T14:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"{number:08x}{one:08x}",
        }
        for one in range(_IN_ONE)
    ]
    return {"version": "4", "receiver": "gameday", "status": "firing", "alerts": alerts}


async def _serve(folder: Path) -> None:
    """As a run takes them: folded, and appended to a log on disk."""
    ours = Listening(
        "auth", {"errors": Monitor.model_validate({"when": "error_rate > 5%", "severity": "SEV2"})}
    )
    writer, pages = LogWriter(folder, Clock()), Pages()

    def came(_at: float, body: Any) -> None:
        nonlocal pages
        pages, events = heard(pages, read_delivery(body), ours, 0.0)
        for event in events:
            writer.append(event, source="alertmanager")

    receiver = Receiver("127.0.0.1:0", TOKEN, came)
    await receiver.start()
    print(receiver.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
