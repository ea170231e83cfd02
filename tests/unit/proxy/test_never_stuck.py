"""Where the real server is known to hang or to stop half way, ours does not."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any
from unittest.mock import Mock

import pytest

from gameday.faults.proxy import connection
from gameday.faults.proxy.link import Link
from gameday.faults.proxy.placed import Direction, PlacedToxic
from gameday.faults.proxy.toxics import TYPES, Latency

HOME = "127.0.0.1"


def test_an_upstream_that_does_not_answer_holds_nobody_else_up(
    serving: Any, deaf: int, echo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dialling has a time-out, and clients of one proxy are dialled for side by side."""
    monkeypatch.setattr(connection, "DIAL_TIMEOUT", 0.5)
    with serving() as server, ExitStack() as stack:
        address = server.proxy("deaf", deaf)
        start = time.monotonic()
        clients = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(5)]
        assert server.call("PATCH", "/proxies/deaf", {"name": "deaf"})[0] == 200

        assert [client.recv(1) for client in clients] == [b""] * 5
        assert 0.45 < time.monotonic() - start < 2


def test_a_proxy_that_is_dialling_can_be_stopped(server: Any, deaf: int) -> None:
    """Clients that wait for a dead upstream are dropped with the proxy, at once."""
    with socket.create_connection(server.proxy("waiting", deaf), timeout=5) as client:
        start = time.monotonic()
        assert server.call("DELETE", "/proxies/waiting")[0] == 204

        assert client.recv(1) == b""
        assert time.monotonic() - start < 1


def test_toxics_come_and_go_under_traffic(server: Any, echo: int) -> None:
    """Each call answers in no time, and every byte of every connection arrives in order."""
    address = server.proxy("busy", echo)
    data = bytes(range(256)) * 2000
    wrong: list[int] = []

    def pump(number: int) -> None:
        with socket.create_connection(address, timeout=20) as client:
            sender = threading.Thread(target=client.sendall, args=(data,))
            sender.start()
            got = b""
            while len(got) < len(data) and (more := client.recv(65536)):
                got += more
            sender.join()
            if got != data:
                wrong.append(number)

    pumps = [threading.Thread(target=pump, args=(number,)) for number in range(6)]
    for thread in pumps:
        thread.start()
    slowest = 0.0
    for stream in ["upstream", "downstream"] * 8:
        for kind, attributes in (
            ("latency", {"latency": 20, "jitter": 10}),
            ("slicer", {"average_size": 3000, "size_variation": 1000, "delay": 50}),
            ("bandwidth", {"rate": 400}),
        ):
            given = {"type": kind, "name": kind, "stream": stream, "attributes": attributes}
            assert server.call("POST", "/proxies/busy/toxics", given)[0] == 200
        time.sleep(0.02)
        for kind in ("slicer", "latency", "bandwidth"):
            start = time.monotonic()
            assert server.call("DELETE", f"/proxies/busy/toxics/{kind}")[0] == 204
            slowest = max(slowest, time.monotonic() - start)
    for thread in pumps:
        thread.join(20)

    assert wrong == []
    assert slowest < 1


@pytest.mark.parametrize(
    "toxics", [[], [{"type": "noop"}], [{"type": "slicer", "attributes": {"average_size": 900}}]]
)
def test_a_reader_that_stops_stops_the_sender(server: Any, toxics: list[Any]) -> None:
    """The proxy does not take in what it cannot send on."""
    with socket.create_server((HOME, 0)) as listener:
        address = server.proxy("slow", listener.getsockname()[1])
        for toxic in toxics:
            server.call("POST", "/proxies/slow/toxics", toxic)
        with socket.create_connection(address, timeout=5), listener.accept()[0] as upstream:
            upstream.settimeout(0.5)
            taken = 0
            with suppress(TimeoutError):
                while taken < 100_000_000:
                    taken += upstream.send(bytes(100_000))
        server.call("DELETE", "/proxies/slow")

    assert taken < 40_000_000  # what the kernel's own buffers hold, at most


def test_reset_goes_on_after_a_proxy_that_cannot_listen(server: Any, echo: int) -> None:
    """One proxy's lost port leaves no other one toxic, and is reported."""
    with socket.create_server((HOME, 0)) as taken:
        listen = f"{HOME}:{taken.getsockname()[1]}"
        server.call("POST", "/proxies", {"name": "a", "upstream": "x:1", "listen": listen, "enabled": False})
        server.call("POST", "/proxies/a/toxics", {"type": "noop"})
        server.proxy("b", echo)
        server.call("POST", "/proxies/b/toxics", {"type": "timeout"})
        server.call("PATCH", "/proxies/b", {"enabled": False})
        status, answer = server.call("POST", "/reset")
    _, proxies = server.call("GET", "/proxies")

    assert status == 500
    assert "address already in use" in answer["error"]
    assert (proxies["a"]["enabled"], proxies["b"]["enabled"]) == (False, True)
    assert proxies["a"]["toxics"] == proxies["b"]["toxics"] == []


def test_removing_a_full_toxic_wakes_the_one_before_it(server: Any) -> None:
    """What had piled up behind a blocked toxic flows when it is gone."""
    with socket.create_server((HOME, 0)) as listener:
        address = server.proxy("jam", listener.getsockname()[1])
        for given in ({"type": "noop"}, {"type": "bandwidth", "attributes": {"rate": 0}}):
            server.call("POST", "/proxies/jam/toxics", given)
        with socket.create_connection(address, timeout=5) as client, listener.accept()[0] as upstream:
            sender = threading.Thread(target=upstream.sendall, args=(bytes(2_000_000),))
            sender.start()
            time.sleep(0.2)
            server.call("DELETE", "/proxies/jam/toxics/bandwidth_downstream")
            left = 2_000_000
            while left:
                left -= len(client.recv(left))
            sender.join(5)


def test_a_client_that_is_gone_does_not_block_its_upstream(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """While the upstream does not know yet, what it sends is lost in silence."""
    with socket.create_server((HOME, 0)) as listener:
        address = server.proxy("gone", listener.getsockname()[1])
        given = {"type": "slow_close", "stream": "upstream", "attributes": {"delay": 60_000}}
        server.call("POST", "/proxies/gone/toxics", given)
        with socket.create_connection(address, timeout=5) as client, listener.accept()[0] as upstream:
            upstream.settimeout(0.3)
            with suppress(TimeoutError):
                while True:
                    upstream.send(bytes(100_000))
            client.close()
            upstream.settimeout(5)
            for _ in range(400):
                upstream.sendall(bytes(100_000))
        server.call("DELETE", "/proxies/gone")

    assert caplog.records == []


def test_many_small_pieces_are_as_full_as_a_few_large_ones() -> None:
    """Pieces cost memory beyond their bytes, so their number is bounded too."""

    async def pieces_until_full() -> int:
        link = Link(Mock(), random.Random(1))
        link.add(PlacedToxic("late", "upstream", Direction.UPSTREAM, 1, Latency(latency=60_000)))
        source = Mock(**{"is_closing.return_value": False})
        link.attach(source)
        taken = 0
        while not source.pause_reading.called:
            link.feed(b"x")
            taken += 1
        link.stop()
        return taken

    assert asyncio.run(pieces_until_full()) <= 2000


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_the_largest_settings_break_nothing(
    server: Any, echo: int, kind: str, value: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A delay of ages is waited for without an error, and ends with the toxic."""
    address = server.proxy("huge", echo)
    try:
        given = {"type": kind, "name": "huge", "attributes": dict.fromkeys(TYPES[kind]().settings(), value)}
        assert server.call("POST", "/proxies/huge/toxics", given)[0] == 200
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(b"?")
            time.sleep(0.05)
            assert server.call("DELETE", "/proxies/huge/toxics/huge")[0] == 204
            with suppress(ConnectionResetError):
                assert client.recv(1) in {b"?", b""}
    finally:
        server.call("DELETE", "/proxies/huge")

    assert caplog.records == []


def test_a_slicer_without_a_size_cuts_single_bytes(server: Any, echo: int) -> None:
    """Settings that kill the real server work."""
    address = server.proxy("bytewise", echo)
    server.call("POST", "/proxies/bytewise/toxics", {"type": "slicer"})
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(b"one by one")
        got = b""
        while len(got) < 10:
            got += client.recv(10)

    assert got == b"one by one"


def test_the_removal_of_a_black_hole_spares_whom_its_toxicity_spared(server: Any, echo: int) -> None:
    """Only connections that the toxic worked on are closed with it."""
    address = server.proxy("spared", echo)
    with socket.create_connection(address, timeout=5) as client:
        server.call("POST", "/proxies/spared/toxics", {"type": "timeout", "name": "hole", "toxicity": 0})
        server.call("DELETE", "/proxies/spared/toxics/hole")
        client.sendall(b"on")

        assert client.recv(2) == b"on"


def test_a_standing_connection_is_reset_with_a_real_rst(server: Any, echo: int) -> None:
    """Unlike on the real one, also where the toxic came after the connection."""
    address = server.proxy("rst", echo)
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(b"on")
        assert client.recv(2) == b"on"
        server.call("POST", "/proxies/rst/toxics", {"type": "reset_peer"})
        client.sendall(b"off")

        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_seed_repeats_whom_toxicity_strikes(serving: Any, echo: int) -> None:
    """The same seed and the same order of connections: the same victims."""

    def victims(seed: int) -> list[bool]:
        struck = []
        with serving(seed) as server:
            address = server.proxy("dice", echo)
            server.call("POST", "/proxies/dice/toxics", {"type": "limit_data", "toxicity": 0.5})
            for _ in range(24):
                with socket.create_connection(address, timeout=5) as client:
                    client.sendall(b"?")
                    struck.append(client.recv(1) == b"")
        return struck

    assert victims(1) == victims(1) != victims(2)
