"""gameday's fault proxy against a real toxiproxy-server, in turn in one run: latency, throughput, exactness of a delay.

The real one is $GAMEDAY_TOXIPROXY, or toxiproxy-server on PATH; without one, what is a comparison is not measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.kept import Kept
from benchmarks.rows import Row, spread

_PINGS = 1500
_DELAYED_PINGS = 40
_BULK = 192 * 2**20
_CHUNK = 2**18
_DELAY = 0.050
_ADDED = 0.8
_RATE = 2.0
_MISSING = "there is no toxiproxy-server here: name one in GAMEDAY_TOXIPROXY or put it on PATH"
Standing = Callable[[], contextlib.AbstractAsyncContextManager[str]]


@dataclass
class Figures:
    """What was measured through one proxy, or without: one value a round, every delay."""

    trips: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` rounds; in each, every proxy once."""
    del kept
    return asyncio.run(_measure(count))


async def _measure(rounds: int) -> list[Row]:
    proxies: dict[str, Standing] = {"ours": _ours}
    if real := os.environ.get("GAMEDAY_TOXIPROXY") or shutil.which("toxiproxy-server"):
        proxies["theirs"] = lambda: _theirs(real)
    found = {name: Figures() for name in ("direct", *proxies)}
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    async with contextlib.AsyncExitStack() as stack, aiohttp.ClientSession() as client:
        urls = {name: await stack.enter_async_context(proxy()) for name, proxy in proxies.items()}
        ports = {name: await _proxied(client, url, upstream) for name, url in urls.items()}
        for _ in range(rounds):
            for name, port in {"direct": upstream, **ports}.items():
                found[name].trips.append(await _round_trips(port, _PINGS))
                found[name].rates.append(await _throughput(port))
        for name, url in urls.items():
            await _delay(client, url)
            found[name].delays = await _delays(ports[name], found[name], _DELAYED_PINGS * rounds)
    server.close()
    return _rows(found)


def _rows(found: dict[str, Figures]) -> list[Row]:
    direct = statistics.median(found["direct"].trips)
    ours, theirs = found["ours"], found.get("theirs")
    mine = statistics.median(ours.trips) - direct
    rate = statistics.median(ours.rates)
    rows = [Row("round trip of 100 bytes without a proxy", f"{direct * 1e6:.0f} us")]
    if theirs is None:
        rows += [
            Row(
                "round-trip latency that it adds",
                f"{mine * 1e6:.0f} us",
                f"at most {_ADDED} x",
                None,
                _MISSING,
            ),
            Row("its throughput", f"{rate / 1e9:.2f} GB/s", f"at least {_RATE:g} x", None, _MISSING),
        ]
    else:
        peer = statistics.median(theirs.trips) - direct
        rows += [
            _against(
                "round-trip latency that it adds, against toxiproxy-server",
                mine / peer,
                f"{mine * 1e6:.0f} us against {peer * 1e6:.0f} us",
                f"at most {_ADDED} x",
                met=mine / peer <= _ADDED,
            ),
            _against(
                "its throughput, against toxiproxy-server",
                rate / statistics.median(theirs.rates),
                f"{rate / 1e9:.2f} GB/s against {statistics.median(theirs.rates) / 1e9:.2f} GB/s",
                f"at least {_RATE:g} x",
                met=rate / statistics.median(theirs.rates) >= _RATE,
            ),
        ]
    for name, figures in found.items():
        if figures.delays:
            whose = "the fault proxy" if name == "ours" else "toxiproxy-server"
            rows.append(
                Row(
                    f"{whose}, latency toxic of {_DELAY * 1000:.0f} ms: longer than that by",
                    spread(figures.delays),
                )
            )
    return rows


def _against(what: str, ratio: float, figures: str, goal: str, *, met: bool) -> Row:
    why = "" if met else "it runs in one Python process, whose cost for each read and write is what it is"
    return Row(what, f"{ratio:.2f} x ({figures})", goal, met, why)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
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
async def _ours() -> AsyncIterator[str]:
    async with _process(sys.executable, "-m", "gameday.faults.proxy", "--port", "0") as process:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().split()[-1]


@contextlib.asynccontextmanager
async def _theirs(program: str) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with _process(program, "-host", "127.0.0.1", "-port", str(port)):
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


async def _post(client: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    async with client.post(url, json=body, raise_for_status=True) as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def _proxied(client: aiohttp.ClientSession, url: str, upstream: int) -> int:
    body = {"name": "bench", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"}
    return int((await _post(client, f"{url}/proxies", body))["listen"].rsplit(":", 1)[1])


async def _delay(client: aiohttp.ClientSession, url: str) -> None:
    body = {"type": "latency", "attributes": {"latency": round(_DELAY * 1000), "jitter": 0}}
    await _post(client, f"{url}/proxies/bench/toxics", body)


async def _round_trips(port: int, count: int) -> float:
    """Median seconds of a 100-byte ping-pong."""
    return statistics.median(await _pings(port, count))


async def _pings(port: int, count: int) -> Sequence[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        writer.write(b"x" * 100)
        await reader.readexactly(100)
        taken.append(time.perf_counter() - begin)
    writer.close()
    return taken


async def _delays(port: int, figures: Figures, count: int) -> list[float]:
    """Seconds by which each delayed round trip took longer than one without the toxic, and its delay."""
    usual = statistics.median(figures.trips)
    return [taken - usual - _DELAY for taken in await _pings(port, count)]


async def _throughput(port: int) -> float:
    """Bytes a second, there and back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.perf_counter()

    async def send() -> None:
        for _ in range(_BULK // _CHUNK):
            writer.write(b"x" * _CHUNK)
            await writer.drain()

    sending = asyncio.create_task(send())
    got = 0
    while got < _BULK:
        got += len(await reader.read(_CHUNK))
    await sending
    writer.close()
    return _BULK / (time.perf_counter() - begin)
