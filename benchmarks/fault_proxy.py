"""gameday's fault proxy against a real toxiproxy-server, in turn in one run: latency, throughput, exactness of a delay.

The real one is $GAMEDAY_TOXIPROXY, or toxiproxy-server on PATH; without one, what is a comparison is not measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.kept import Kept
from benchmarks.rows import Row, spread

PEER = Path(__file__).with_name("peer.py")
_PINGS = 2000
_DELAYED_PINGS = 40
_BULK = 512 * 2**20
_CHUNK = bytes(2**18)
_DELAY = 0.050
_ADDED = 0.8
_RATE = 2.0
_MISSING = "there is no toxiproxy-server here: name one in GAMEDAY_TOXIPROXY or put it on PATH"


@dataclass
class Figures:
    """What was measured through one proxy, or without: one value a round, every delay."""

    trips: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    @property
    def trip(self) -> float:
        """Median seconds of a round trip."""
        return statistics.median(self.trips)

    @property
    def rate(self) -> float:
        """Median bytes a second."""
        return statistics.median(self.rates)


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` rounds; in each, every proxy once."""
    del kept
    real = os.environ.get("GAMEDAY_TOXIPROXY") or shutil.which("toxiproxy-server")
    with contextlib.ExitStack() as stack:
        upstream = int(_first_line(stack.enter_context(_process(sys.executable, str(PEER)))))
        urls = {"ours": stack.enter_context(_ours())}
        if real:
            urls["theirs"] = stack.enter_context(_theirs(real))
        ports = {name: _proxied(url, upstream) for name, url in urls.items()}
        found = {name: Figures() for name in ("direct", *urls)}
        for _ in range(count):
            for name, port in {"direct": upstream, **ports}.items():
                found[name].trips.append(statistics.median(_pings(port, _PINGS)))
                found[name].rates.append(_throughput(port))
        for name, url in urls.items():
            _delay(url)
            usual = found[name].trip + _DELAY
            found[name].delays = [taken - usual for taken in _pings(ports[name], _DELAYED_PINGS * count)]
    return _rows(found)


def _rows(found: dict[str, Figures]) -> list[Row]:
    direct, ours, theirs = found["direct"], found["ours"], found.get("theirs")
    mine = ours.trip - direct.trip
    rows = [Row("without a proxy", f"round trip {direct.trip * 1e6:.0f} us, {direct.rate / 1e9:.2f} GB/s")]
    if theirs is None:
        rows += [
            Row(
                "round-trip latency that it adds",
                f"{mine * 1e6:.0f} us",
                f"at most {_ADDED} x",
                None,
                _MISSING,
            ),
            Row("its throughput", f"{ours.rate / 1e9:.2f} GB/s", f"at least {_RATE:g} x", None, _MISSING),
        ]
    else:
        peer = theirs.trip - direct.trip
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
                ours.rate / theirs.rate,
                f"{ours.rate / 1e9:.2f} GB/s against {theirs.rate / 1e9:.2f} GB/s",
                f"at least {_RATE:g} x",
                met=ours.rate / theirs.rate >= _RATE,
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
    why = "" if met else "of what each read and write costs in its one event loop"
    return Row(what, f"{ratio:.2f} x ({figures})", goal, met, why)


# The proxies


@contextlib.contextmanager
def _process(*command: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextlib.contextmanager
def _ours() -> Iterator[str]:
    with _process(sys.executable, "-m", "gameday.faults.proxy", "--port", "0") as process:
        yield _first_line(process).split()[-1]


@contextlib.contextmanager
def _theirs(program: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _process(program, "-host", "127.0.0.1", "-port", str(port)):
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the proxy's own address
        url, method="POST", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
        found: dict[str, Any] = json.loads(answer.read())
        return found


def _proxied(url: str, upstream: int) -> int:
    body = {"name": "bench", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"}
    return int(_post(f"{url}/proxies", body)["listen"].rsplit(":", 1)[1])


def _delay(url: str) -> None:
    attributes = {"latency": round(_DELAY * 1000), "jitter": 0}
    _post(f"{url}/proxies/bench/toxics", {"type": "latency", "attributes": attributes})


# What goes through them


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _pings(port: int, count: int) -> Sequence[float]:
    """Seconds of each of some 100-byte round trips on one connection."""
    taken = []
    with _connected(port) as connection:
        connection.sendall(b"E")
        for _ in range(count):
            begin = time.perf_counter()
            connection.sendall(_CHUNK[:100])
            connection.recv(100, socket.MSG_WAITALL)
            taken.append(time.perf_counter() - begin)
    return taken


def _throughput(port: int) -> float:
    """Bytes a second of one long stream, from its first byte to the word that the last has come."""
    with _connected(port) as connection:
        begin = time.perf_counter()
        connection.sendall(b"S" + _BULK.to_bytes(8))
        for _ in range(_BULK // len(_CHUNK)):
            connection.sendall(_CHUNK)
        connection.recv(1)
        return _BULK / (time.perf_counter() - begin)
