"""A fault proxy in this process, in a thread with a loop of its own, and an upstream that echoes."""

from __future__ import annotations

import asyncio
import json
import socket
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gameday.faults.proxy import standing
from gameday.faults.proxy.server import loop_factory

HOME = "127.0.0.1"


class Server:
    """A running proxy."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON (None for no body) of one request; bytes go out as they are."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def proxy(self, name: str, port: int) -> tuple[str, int]:
        """Make one to a local port; returns where it listens."""
        given = {"name": name, "listen": f"{HOME}:0", "upstream": f"{HOME}:{port}"}
        _, made = self.call("POST", "/proxies", given)
        host, _, listening = made["listen"].rpartition(":")
        return host, int(listening)


@contextmanager
def _serving(
    seed: int | None = None, make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
) -> Iterator[Server]:
    """A proxy for as long as the block lasts."""
    ready: list[str] = []
    started, ended = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def stand() -> None:
        async with standing(HOME, 0, seed=seed) as url:
            loops.append(asyncio.get_running_loop())
            ready.append(url)
            started.set()
            await ended.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            runner.run(stand())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(10)
        yield Server(ready[0])
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def serving() -> Any:
    """Starts one for a `with` block, with the seed that it is called with."""
    return _serving


@pytest.fixture(scope="module", params=[loop_factory(), asyncio.new_event_loop], ids=["installed", "plain"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One proxy for a whole module, on the loop that the program takes and on asyncio's own."""
    with _serving(make_loop=request.param) as running:
        yield running


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while True:
            try:
                data = self.request.recv(65536)
                if not data:
                    return
                self.request.sendall(data)
            except OSError:
                return


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with _Threads((HOME, 0), _Echo) as upstream:
        thread = threading.Thread(target=upstream.serve_forever, args=(0.05,))
        thread.start()
        yield upstream.server_address[1]
        upstream.shutdown()
        thread.join(10)


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a host that answers no SYN: its backlog is full."""
    with socket.socket() as listener:
        listener.bind((HOME, 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((HOME, port))
            waiting.append(one)
        yield port
        for one in waiting:
            one.close()
