"""What gameday costs, each figure as a ratio against a peer in the same run where there is one.

    python -m benchmarks.bench

Prints a table. Figures of one machine and one moment: read the ratios.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp

from benchmarks.big_log import big_history
from gameday.score import grade

ROOT = Path(__file__).resolve().parent.parent
_REAL = os.environ.get("GAMEDAY_TOXIPROXY") or shutil.which("toxiproxy-server")
_PINGS = 2000
_BULK = 256 * 2**20
Row = tuple[str, str, str]


def seconds(command: list[str], runs: int = 7) -> float:
    """Median wall time of a whole process."""
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def start_up() -> Row:
    """The help of the command line against an interpreter that does nothing."""
    bare = seconds([sys.executable, "-c", "pass"])
    ours = seconds([sys.executable, "-m", "gameday", "--help"])
    return "gameday --help", f"{ours * 1000:.0f} ms", f"{ours / bare:.1f} x python -c pass"


def validating(count: int = 1000) -> Row:
    """Many scenarios at once, all referring to the same small files."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("experiments", "scenarios", "scorecards"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        text = (ROOT / "scenarios" / "auth-connection-leak.yaml").read_text()
        for number in range(count):
            (Path(folder) / "scenarios" / f"copy-{number}.yaml").write_text(text)
        taken = seconds(
            [sys.executable, "-m", "gameday", "validate", str(Path(folder) / "scenarios")], runs=1
        )
    return f"gameday validate, {count:,} scenarios", f"{taken:.2f} s", ""


def scoring() -> list[Row]:
    """A log of a tenth and of the whole of a million requests, in memory."""
    rows: list[Row] = []
    spent = []
    for requests in (100_000, 1_000_000):
        history = big_history(requests)
        begin = time.perf_counter()
        grade(history)
        spent.append(time.perf_counter() - begin)
        rows.append((f"scoring {requests:,} requests", f"{spent[-1]:.2f} s", ""))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows[-1] = (
        rows[-1][0],
        rows[-1][1],
        f"{spent[1] / spent[0]:.1f} x the time of a tenth; peak {peak:.0f} MB",
    )
    return rows


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(2**18):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def _process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def _our_proxy() -> AsyncIterator[str]:
    async with _process(sys.executable, "-m", "gameday.faults.proxy", "--port", "0") as process:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().split()[-1]


@contextlib.asynccontextmanager
async def _real_proxy() -> AsyncIterator[str]:
    assert _REAL is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with _process(_REAL, "-host", "127.0.0.1", "-port", str(port)):
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


async def _round_trips(port: int) -> float:
    """Median seconds of a 100-byte ping-pong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(_PINGS):
        begin = time.perf_counter()
        writer.write(b"x" * 100)
        await reader.readexactly(100)
        taken.append(time.perf_counter() - begin)
    writer.close()
    return statistics.median(taken)


async def _throughput(port: int) -> float:
    """Bytes a second, there and back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.perf_counter()

    async def send() -> None:
        for _ in range(_BULK // 2**18):
            writer.write(b"x" * 2**18)
            await writer.drain()

    sending = asyncio.create_task(send())
    got = 0
    while got < _BULK:
        got += len(await reader.read(2**18))
    await sending
    writer.close()
    return _BULK / (time.perf_counter() - begin)


async def _through(
    proxy: Callable[[], contextlib.AbstractAsyncContextManager[str]], upstream: int
) -> tuple[float, float]:
    async with proxy() as url, aiohttp.ClientSession() as session:
        body = {"name": "bench", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"}
        async with session.post(f"{url}/proxies", json=body) as answer:
            port = int((await answer.json())["listen"].rsplit(":", 1)[1])
        return await _round_trips(port), await _throughput(port)


async def proxying() -> list[Row]:
    """Our fault proxy without toxics against a real toxiproxy-server, where there is one."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    direct = await _round_trips(upstream)
    ours = await _through(_our_proxy, upstream)
    rows: list[Row] = [("round trip without a proxy", f"{direct * 1e6:.0f} us", "")]
    peer = await _through(_real_proxy, upstream) if _REAL else None
    added, rate = ours[0] - direct, ours[1]
    against = (
        f"{added / (peer[0] - direct):.2f} x toxiproxy-server" if peer else "no toxiproxy-server on PATH"
    )
    rows.append(("latency that the fault proxy adds", f"{added * 1e6:.0f} us", against))
    rows.append(
        (
            "its throughput",
            f"{rate / 1e9:.2f} GB/s",
            f"{rate / peer[1]:.1f} x toxiproxy-server" if peer else "",
        )
    )
    server.close()
    return rows


def main() -> int:
    """Print the table."""
    rows = [start_up(), validating(), *scoring(), *asyncio.run(proxying())]
    width = max(len(row[0]) for row in rows)
    for name, figure, ratio in rows:
        print(f"{name.ljust(width)}  {figure:>10}  {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
