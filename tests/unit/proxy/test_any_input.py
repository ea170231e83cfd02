"""Whatever is sent through it arrives, and whatever is sent to its API is answered."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

chunks = st.lists(st.binary(min_size=1, max_size=4000), min_size=1, max_size=12)
relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def chain(server: Any, echo: int) -> tuple[str, int]:
    """A proxy with three toxics on each stream."""
    address: tuple[str, int] = server.proxy("chain", echo)
    for stream in ("upstream", "downstream"):
        for kind, attributes in (
            ("slicer", {"average_size": 700, "size_variation": 600, "delay": 1}),
            ("latency", {"latency": 1, "jitter": 1}),
            ("bandwidth", {"rate": 100_000}),
        ):
            status, _ = server.call(
                "POST", "/proxies/chain/toxics", {"type": kind, "stream": stream, "attributes": attributes}
            )
            assert status == 200
    return address


@relaxed
@given(chunks=chunks)
def test_any_bytes_in_any_chunks_arrive_unchanged(chain: tuple[str, int], chunks: list[bytes]) -> None:
    """Through slicer, latency and bandwidth, there and back."""
    data = b"".join(chunks)
    with socket.create_connection(chain, timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for chunk in chunks:
            client.sendall(chunk)
        got = b""
        while len(got) < len(data):
            more = client.recv(65536)
            assert more
            got += more

    assert got == data


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
toxic_like = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("fuzz") | json_values,
        "type": st.sampled_from(["latency", "bandwidth", "slicer", "timeout", "limit_data"]) | json_values,
        "stream": st.sampled_from(["upstream", "downstream"]) | json_values,
        "toxicity": st.floats() | json_values,
        "attributes": st.dictionaries(st.sampled_from(["latency", "jitter", "rate", "bytes"]), json_values)
        | json_values,
    },
)
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    toxic_like.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"9" * 5000,
            b'{"name":"\\ud800","type":"noop"}',
            b"\xef\xbb\xbf{}",
        ]
    ),
)


@relaxed
@given(
    body=bodies,
    route=st.sampled_from(
        [
            ("POST", "/proxies"),
            ("POST", "/populate"),
            ("PATCH", "/proxies/there"),
            ("POST", "/proxies/there/toxics"),
            ("PATCH", "/proxies/there/toxics/noop_downstream"),
        ]
    ),
)
def test_no_body_breaks_the_api(server: Any, body: bytes, route: tuple[str, str]) -> None:
    """Malformed bodies are 4xx with a reason, never a bug, and the server stays."""
    there = {"name": "there", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "enabled": False}
    server.call("POST", "/proxies", there)
    server.call("POST", "/proxies/there/toxics", {"type": "noop"})
    try:
        status, answer = server.call(*route, body)

        if status >= 400:
            assert answer["status"] == status
            assert status < 500 or answer["error"].startswith("listen tcp")
        assert server.call("GET", "/proxies")[0] == 200
    finally:
        server.call("DELETE", "/proxies/there")
