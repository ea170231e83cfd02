"""What the gateway does with a replica that dies: it tries elsewhere only what was never sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gameday.stacks.local.gateway import gateway
from gameday.stacks.local.held_ports import HeldPorts

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"


class Upstream:
    """Answers probes; counts users' requests, and dies without a word at the one it is told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.dies_at = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept open as long as the other side likes."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line = head.splitlines()[0]
                if "/readyz" not in line:
                    self.seen.append(line)
                    if len(self.seen) == self.dies_at:
                        break
                writer.write(ANSWER)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def gateway_before(folder: Path, upstreams: list[Upstream], empty: int) -> AsyncIterator[str]:
    """The real gateway in front of some upstreams and some slots on which nobody listens."""
    with HeldPorts() as held:
        slots = [held.take() for _ in range(len(upstreams) + empty)]
        port = held.take()
        child = gateway(folder, folder, port, held.take(), slots)
        servers = [
            await asyncio.start_server(upstream.serve, "127.0.0.1", slot)
            for upstream, slot in zip(upstreams, slots, strict=False)
        ]
        await child.start()
        url = f"http://127.0.0.1:{port}"
        try:
            async with asyncio.timeout(10), aiohttp.ClientSession() as client:
                while True:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with client.get(f"{url}/healthz") as answer:
                            if answer.status == 200:
                                break
                    await asyncio.sleep(0.05)
            for upstream in upstreams:
                upstream.seen.clear()
            yield url
        finally:
            await child.stop()
            for server in servers:
                server.close()
                await server.wait_closed()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_was_sent_is_never_sent_again(tmp_path: Path, method: str) -> None:
    """Two upstreams die under their fifth request: each request reaches one of them once, and the client is told."""

    async def ask() -> tuple[list[int], int]:
        upstreams = [Upstream(), Upstream()]
        async with gateway_before(tmp_path, upstreams, 2) as url, aiohttp.ClientSession() as client:
            for upstream in upstreams:
                upstream.dies_at = 5
            statuses = []
            for _ in range(10):
                async with client.request(method, f"{url}/profile") as answer:
                    statuses.append(answer.status)
                # Whoever died is out for a moment; its turn comes again.
                await asyncio.sleep(0.6 if answer.status != 200 else 0)
        return statuses, sum(len(upstream.seen) for upstream in upstreams)

    statuses, seen = asyncio.run(ask())

    assert statuses.count(502) == 2
    assert statuses.count(200) == 8
    assert seen == len(statuses)


def test_empty_slots_cost_users_nothing(tmp_path: Path) -> None:
    """With one upstream among twelve slots, every request is answered by it."""

    async def ask() -> list[int]:
        async with gateway_before(tmp_path, [Upstream()], 11) as url, aiohttp.ClientSession() as client:
            statuses = []
            for _ in range(50):
                async with client.get(f"{url}/profile") as answer:
                    statuses.append(answer.status)
        return statuses

    assert asyncio.run(ask()) == [200] * 50
