"""What gameday relies on in a Toxiproxy, proved on our fault proxy and on a real toxiproxy-server alike.

Sockets are real, and both ends of a connection are in the test's hand: `pair` connects to the proxy and
accepts what the proxy dials. Bounds on time are wide above and tight below: only the lower one is a promise.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

OURS = [sys.executable, "-m", "gameday.faults.proxy"]
OURS_WITHOUT_UVLOOP = [
    sys.executable,
    "-c",
    "import sys; sys.modules['uvloop'] = None; from gameday.faults.proxy.__main__ import main; main()",
]
INSTALL = "go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0, then GAMEDAY_TOXIPROXY=PATH"
DEADLINE = 10.0
HOME = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """One answer of the API."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body, without the `Logger` that the real server lets slip."""
        return json.loads(
            self.body, object_hook=lambda found: {k: v for k, v in found.items() if k != "Logger"}
        )


@dataclass(frozen=True)
class Api:
    """A running server."""

    port: int

    def call(self, method: str, path: str, body: Any = None, agent: str = "gameday") -> Answer:
        """Send JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(HOME, self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, data, {"User-Agent": agent})
            with connection.getresponse() as response:
                return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def create(self, name: str, upstream: str, listen: str = f"{HOME}:0", **more: Any) -> Any:
        """A new proxy as the API shows it."""
        answer = self.call("POST", "/proxies", {"name": name, "upstream": upstream, "listen": listen, **more})
        assert answer.status == 201, answer
        return answer.json


@dataclass(frozen=True)
class Rig:
    """One proxy with an upstream that the test itself is."""

    api: Api
    listener: socket.socket
    address: tuple[str, int]
    stack: ExitStack
    path = "/proxies/rig"

    def toxic(self, kind: str, stream: str = "downstream", toxicity: float = 1, **attributes: int) -> str:
        """Place one and return its path."""
        given = {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        answer = self.api.call("POST", f"{self.path}/toxics", given)
        assert answer.status == 200, answer
        return f"{self.path}/toxics/{answer.json['name']}"

    def client(self) -> socket.socket:
        """A connection to the proxy."""
        return self.stack.enter_context(socket.create_connection(self.address, timeout=DEADLINE))

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection through the proxy: client, upstream."""
        client = self.client()
        upstream = self.stack.enter_context(self.listener.accept()[0])
        upstream.settimeout(DEADLINE)
        return client, upstream

    def ends(self, stream: str) -> tuple[socket.socket, socket.socket]:
        """The same in the order of a stream: who sends, who receives."""
        client, upstream = self.pair()
        return (client, upstream) if stream == "upstream" else (upstream, client)


@contextmanager
def _started(command: list[str]) -> Iterator[Api]:
    with socket.create_server((HOME, 0)) as free:
        port: int = free.getsockname()[1]
    options = (
        ["-host", HOME, "-port", str(port)] if len(command) == 1 else ["--host", HOME, "--port", str(port)]
    )
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        api, deadline = Api(port), time.monotonic() + DEADLINE
        while True:
            try:
                assert api.call("GET", "/version").status == 200
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.02)
        yield api
    finally:
        process.terminate()
        assert process.wait(DEADLINE) == 0


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[list[str]], Api]]:
    """Starts each server once, when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, Api] = {}

        def start(command: list[str]) -> Api:
            key = " ".join(command)
            if key not in running:
                running[key] = stack.enter_context(_started(command))
            return running[key]

        yield start


@pytest.fixture(
    params=["ours", "ours-without-uvloop", pytest.param("toxiproxy-server", marks=pytest.mark.service)]
)
def api(
    request: pytest.FixtureRequest,
    servers: Callable[[list[str]], Api],
    require: Callable[[str, str], NoReturn],
) -> Iterator[Api]:
    """A server without proxies."""
    command = OURS if request.param == "ours" else OURS_WITHOUT_UVLOOP
    if request.param == "toxiproxy-server":
        program = os.environ.get("GAMEDAY_TOXIPROXY") or shutil.which("toxiproxy-server")
        if program is None or not os.access(program, os.X_OK):
            require("toxiproxy", INSTALL)
        command = [program]
    server = servers(command)
    yield server
    for name in server.call("GET", "/proxies").json:
        server.call("DELETE", f"/proxies/{name}")


@pytest.fixture
def rig(api: Api) -> Iterator[Rig]:
    """A proxy called `rig`."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((HOME, 0)))
        listener.settimeout(DEADLINE)
        host, port = api.create("rig", f"{HOME}:{listener.getsockname()[1]}")["listen"].rsplit(":", 1)
        yield Rig(api, listener, (host, int(port)), stack)


def receive(receiver: socket.socket, size: int) -> bytes:
    """Exactly so many bytes."""
    data = b""
    while len(data) < size:
        got = receiver.recv(size - len(data))
        assert got, f"ended after {len(data)} of {size} bytes"
        data += got
    return data


def until_end(receiver: socket.socket) -> bytes:
    """Everything up to the end, be it a FIN or a RST."""
    data = b""
    with suppress(ConnectionResetError):
        while got := receiver.recv(65536):
            data += got
    return data


def silent(receiver: socket.socket, seconds: float) -> bool:
    """Whether nothing comes, not even the end, for this long."""
    receiver.settimeout(seconds)
    try:
        receiver.recv(1)
    except TimeoutError:
        return True
    finally:
        receiver.settimeout(DEADLINE)
    return False


def crossing(sender: socket.socket, receiver: socket.socket, data: bytes = b"ping") -> float:
    """Seconds that these bytes take."""
    start = time.monotonic()
    sender.sendall(data)
    assert receive(receiver, len(data)) == data
    return time.monotonic() - start


@contextmanager
def sending(sender: socket.socket, data: bytes) -> Iterator[None]:
    """Send from a thread."""
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    try:
        yield
    finally:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def error(words: str, status: int) -> bytes:
    """The body of an error, byte for byte."""
    return b'{"error":"%s","status":%d}\n' % (words.encode(), status)


both_streams = pytest.mark.parametrize("stream", ["upstream", "downstream"])


# -- the API


def test_version(api: Api) -> None:
    """The version is JSON that clients find where they look."""
    answer = api.call("GET", "/version")

    assert answer.status == 200
    assert answer.content_type == "application/json;charset=utf-8"
    assert list(answer.json) == ["version"]


def test_browsers_are_refused(api: Api) -> None:
    """A page in a browser cannot reach the API."""
    answer = api.call("GET", "/proxies", agent="Mozilla/5.0")

    assert (answer.status, answer.body) == (403, b"User agent not allowed\n")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nope", 404), ("PUT", "/proxies", 405), ("HEAD", "/version", 405)]
)
def test_unknown_routes(api: Api, method: str, path: str, status: int) -> None:
    """What is no route is no JSON error either."""
    assert api.call(method, path).status == status


def test_create_show_list_delete(api: Api) -> None:
    """A proxy is there from 201 to 204, with its real address."""
    made = api.create("one", "127.0.0.1:9", listen="localhost:0")
    host, port = made.pop("listen").rsplit(":", 1)

    assert made == {"name": "one", "upstream": "127.0.0.1:9", "enabled": True, "toxics": []}
    assert host == HOME
    assert int(port) > 0
    assert api.call("GET", "/proxies").json["one"]["listen"] == f"{HOME}:{port}"
    assert api.call("GET", "/proxies/one").json == api.call("GET", "/proxies").json["one"]
    answer = api.call("DELETE", "/proxies/one")
    assert (answer.status, answer.body) == (204, b"")
    assert api.call("GET", "/proxies").body == b"{}"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("listen", ["", ":0", "0.0.0.0:0", "[::]:0"])
def test_listening_everywhere_is_reported_as_ipv6(api: Api, listen: str) -> None:
    """Any address means both families, and is reported as [::]."""
    assert api.create("wide", "127.0.0.1:9", listen=listen)["listen"].startswith("[::]:")


def test_a_disabled_proxy_keeps_its_address_as_written(api: Api) -> None:
    """Nothing is resolved or bound before it is enabled."""
    made = api.create("off", "127.0.0.1:9", listen="0.0.0.0:0", enabled=False)

    assert (made["listen"], made["enabled"]) == ("0.0.0.0:0", False)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "bad request body: EOF"),
        (b"{", 400, "bad request body: "),
        (b"[]", 400, "bad request body: "),
        (b"null", 400, "missing required field: name"),
        (b'{"name": 5}', 400, "bad request body: "),
        (b'{"name": "x", "enabled": "no"}', 400, "bad request body: "),
        (b'{"upstream": "127.0.0.1:9"}', 400, "missing required field: name"),
        (b'{"name": "x"}', 400, "missing required field: upstream"),
        (b'{"name": "x"} and more', 400, "missing required field: upstream"),
        (b'{"name": "x", "upstream": "a:1", "listen": "nowhere"}', 500, "listen tcp"),
        (b'{"name": "x", "upstream": "a:1", "listen": "127.0.0.1:99999"}', 500, "listen tcp"),
    ],
)
def test_bad_proxies(api: Api, body: bytes, status: int, words: str) -> None:
    """What cannot become a proxy is refused, and nothing is left of it."""
    answer = api.call("POST", "/proxies", body)

    assert answer.status == status
    assert answer.json["status"] == status
    assert answer.json["error"].startswith(words)
    assert api.call("GET", "/proxies").json == {}


def test_names_match_in_any_case_and_null_is_the_default(api: Api) -> None:
    """JSON is read as Go reads it: any case, null as missing, unknown names ignored."""
    answer = api.call(
        "POST", "/proxies", b'{"NAME":"x","Upstream":"a:1","enabled":null,"listen":"127.0.0.1:0","z":1}'
    )

    assert answer.status == 201
    assert answer.json["enabled"]


def test_a_taken_name_and_a_taken_port(api: Api) -> None:
    """A second proxy of a name is a conflict, a port in use an error that leaves nothing."""
    listen = api.create("one", "127.0.0.1:9")["listen"]

    answer = api.call("POST", "/proxies", {"name": "one", "upstream": "127.0.0.1:9"})
    assert (answer.status, answer.body) == (409, error("proxy already exists", 409))
    assert answer.content_type.startswith("text/plain")
    answer = api.call("POST", "/proxies", {"name": "two", "upstream": "127.0.0.1:9", "listen": listen})
    assert answer.status == 500
    assert "address already in use" in answer.json["error"]
    assert list(api.call("GET", "/proxies").json) == ["one"]


@pytest.mark.parametrize("path", ["/proxies/no", "/proxies/no/toxics", "/proxies/no/toxics/no"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_route_knows_a_missing_proxy(api: Api, method: str, path: str) -> None:
    """404 comes before any look at the body."""
    if path.endswith("toxics") and method in {"PATCH", "DELETE"}:
        assert api.call(method, path).status == 405
    else:
        answer = api.call(method, path, b"{" if method != "GET" else None)
        assert (answer.status, answer.body) == (404, error("proxy not found", 404))


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_route_knows_a_missing_toxic(rig: Rig, method: str) -> None:
    """The same for toxics."""
    answer = rig.api.call(method, f"{rig.path}/toxics/no", b"{" if method != "GET" else None)

    assert (answer.status, answer.body) == (404, error("toxic not found", 404))


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_updating_a_proxy(rig: Rig, method: str) -> None:
    """New traffic goes to the new upstream, at the same address, and only what was named changes."""
    with socket.create_server((HOME, 0)) as other:
        other.settimeout(DEADLINE)
        upstream = f"{HOME}:{other.getsockname()[1]}"
        answer = rig.api.call(method, rig.path, {"upstream": upstream, "name": "renamed"})

        assert answer.status == 200
        assert answer.json == {
            "name": "rig",
            "listen": f"{HOME}:{rig.address[1]}",
            "upstream": upstream,
            "enabled": True,
            "toxics": [],
        }
        client = rig.client()
        with other.accept()[0] as dialled:
            assert crossing(client, dialled) < DEADLINE


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"enabled": "no"}', b'{"listen": 5}', b'{"upstream": {}}']
)
def test_bad_updates_of_a_proxy_change_nothing(rig: Rig, body: bytes) -> None:
    """A bad body is a 400 and connections stand."""
    client, upstream = rig.pair()
    before = rig.api.call("GET", rig.path).json
    answer = rig.api.call("PATCH", rig.path, body)

    assert answer.status == 400
    assert answer.json["error"].startswith("bad request body: ")
    assert rig.api.call("GET", rig.path).json == before
    assert crossing(client, upstream) < DEADLINE


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", {"latency": 0, "jitter": 0}),
        ("bandwidth", {"rate": 0}),
        ("slow_close", {"delay": 0}),
        ("timeout", {"timeout": 0}),
        ("reset_peer", {"timeout": 0}),
        ("slicer", {"average_size": 0, "size_variation": 0, "delay": 0}),
        ("limit_data", {"bytes": 0}),
        ("noop", {}),
    ],
)
def test_every_type_of_toxic_has_its_attributes_and_defaults(rig: Rig, kind: str, attributes: Any) -> None:
    """A toxic named by its type alone has the defaults of the API."""
    answer = rig.api.call("POST", f"{rig.path}/toxics", {"type": kind})
    placed = {
        "attributes": attributes,
        "name": f"{kind}_downstream",
        "type": kind,
        "stream": "downstream",
        "toxicity": 1,
    }

    assert answer.status == 200
    assert answer.body == json.dumps(placed, separators=(",", ":")).encode()
    assert rig.api.call("GET", f"{rig.path}/toxics").json == [placed]
    assert rig.api.call("GET", f"{rig.path}/toxics/{kind}_downstream").json == placed
    assert rig.api.call("GET", rig.path).json["toxics"] == [placed]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "bad request body: EOF"),
        (b"{", 400, "bad request body: "),
        (b"{}", 400, "invalid toxic type"),
        (b'{"type": "earthquake"}', 400, "invalid toxic type"),
        (
            b'{"type": "latency", "stream": "sideways"}',
            400,
            "stream was invalid, can be either upstream or downstream",
        ),
        (b'{"type": "latency", "name": "there"}', 409, "toxic already exists"),
        (b'{"type": "latency", "toxicity": "high"}', 400, "bad request body: "),
        (b'{"type": "latency", "toxicity": 1e39}', 400, "bad request body: "),
        (b'{"type": "latency", "toxicity": 1e999}', 400, "bad request body: "),
        (b'{"type": "latency", "attributes": "slow"}', 400, "bad request body: "),
        (b'{"type": "latency", "attributes": {"latency": "slow"}}', 400, "bad request body: "),
        (b'{"type": "latency", "attributes": {"latency": 1.5}}', 400, "bad request body: "),
        (b'{"type": "latency", "attributes": {"latency": true}}', 400, "bad request body: "),
        (b'{"type": "latency", "attributes": {"latency": 9223372036854775808}}', 400, "bad request body: "),
    ],
)
def test_bad_toxics(rig: Rig, body: bytes, status: int, words: str) -> None:
    """What cannot become a toxic is refused, and nothing is left of it."""
    rig.api.call("POST", f"{rig.path}/toxics", {"type": "noop", "name": "there"})
    answer = rig.api.call("POST", f"{rig.path}/toxics", body)

    assert answer.status == answer.json["status"] == status
    assert answer.json["error"].startswith(words)
    assert [toxic["name"] for toxic in rig.api.call("GET", f"{rig.path}/toxics").json] == ["there"]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_updating_a_toxic_changes_attributes_and_toxicity_only(rig: Rig, method: str) -> None:
    """Name, type and stream stay; attributes that are not named stay."""
    path = rig.toxic("latency", latency=7)
    changes = {
        "attributes": {"Jitter": 3},
        "toxicity": 0.25,
        "name": "x",
        "type": "noop",
        "stream": "upstream",
    }
    answer = rig.api.call(method, path, changes)

    assert answer.status == 200
    assert answer.json == {
        "attributes": {"latency": 7, "jitter": 3},
        "name": "latency_downstream",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 0.25,
    }
    refused = rig.api.call(method, path, {"attributes": {"latency": "x"}})
    assert refused.status == 400
    assert rig.api.call("GET", path).json == answer.json


def test_toxics_are_listed_upstream_first_then_by_creation(rig: Rig) -> None:
    """The list is the order in which bytes meet them; a stream may be written in any case."""
    for name, stream in (("a", "downstream"), ("b", "UPSTREAM"), ("c", "downstream"), ("d", "upstream")):
        given = {"type": "noop", "name": name, "stream": stream}
        assert rig.api.call("POST", f"{rig.path}/toxics", given).status == 200

    listed = rig.api.call("GET", f"{rig.path}/toxics").json
    assert [(toxic["name"], toxic["stream"]) for toxic in listed] == [
        ("b", "UPSTREAM"),
        ("d", "upstream"),
        ("a", "downstream"),
        ("c", "downstream"),
    ]


def test_populate_makes_all_and_leaves_the_same_alone(api: Api) -> None:
    """A second populate keeps what is the same, toxics and all, and replaces what differs."""
    first = api.call(
        "POST", "/populate", [{"name": n, "upstream": "a:1", "listen": f"{HOME}:0"} for n in "xy"]
    )
    assert first.status == 201
    x, y = first.json["proxies"]
    for name in "xy":
        api.call("POST", f"/proxies/{name}/toxics", {"type": "noop"})

    again = api.call(
        "POST", "/populate", [x, {**y, "upstream": "b:2"}, {**x, "name": "z", "listen": "", "enabled": False}]
    )

    assert again.status == 201
    same, other, off = again.json["proxies"]
    assert (same["listen"], len(same["toxics"])) == (x["listen"], 1)
    assert (other["listen"], other["upstream"], other["toxics"]) == (y["listen"], "b:2", [])
    assert (off["name"], off["enabled"]) == ("z", False)


@pytest.mark.parametrize(
    ("body", "status", "words", "made"),
    [
        (b"{}", 400, "bad request body: ", None),
        (b"[5]", 400, "bad request body: ", None),
        (
            b'[{"name":"p","upstream":"a:1"},{"name":"q"}]',
            400,
            "missing required field: upstream at proxy 2",
            None,
        ),
        (b'[{"upstream":"a:1"}]', 400, "missing required field: name at proxy 1", None),
        (
            b'[{"name":"p","upstream":"a:1","listen":"127.0.0.1:0"},{"name":"q","upstream":"a:1","listen":"no"}]',
            500,
            "listen tcp",
            ["p"],
        ),
    ],
)
def test_bad_populates(api: Api, body: bytes, status: int, words: str, made: list[str] | None) -> None:
    """A list with a hole makes nothing; one that fails half way says what it made."""
    answer = api.call("POST", "/populate", body)
    proxies = answer.json["proxies"]

    assert answer.status == answer.json["status"] == status
    assert answer.json["error"].startswith(words)
    assert (proxies and [proxy["name"] for proxy in proxies]) == made
    assert list(api.call("GET", "/proxies").json) == (made or [])


def test_an_empty_populate(api: Api) -> None:
    """Nothing asked for is no error."""
    answer = api.call("POST", "/populate", [])

    assert (answer.status, answer.body) == (201, b'{"proxies":null}')


def test_reset_returns_the_whole_world_to_healthy(rig: Rig) -> None:
    """Disabled proxies listen again, toxics are gone, standing connections flow."""
    client, upstream = rig.pair()
    rig.toxic("latency", latency=5000)
    rig.toxic("bandwidth", "upstream", rate=1)
    rig.api.create("off", "127.0.0.1:9", enabled=False)

    answer = rig.api.call("POST", "/reset")

    assert (answer.status, answer.body) == (204, b"")
    proxies = rig.api.call("GET", "/proxies").json
    assert all(proxy["enabled"] and not proxy["toxics"] for proxy in proxies.values())
    assert crossing(client, upstream) + crossing(upstream, client) < 1


# -- connections


@both_streams
def test_bytes_arrive_unchanged(rig: Rig, stream: str) -> None:
    """Bulk data crosses whole."""
    sender, receiver = rig.ends(stream)
    data = random.Random(1).randbytes(8_000_000)

    with sending(sender, data):
        assert hashlib.sha256(receive(receiver, len(data))).digest() == hashlib.sha256(data).digest()


@both_streams
def test_the_end_follows_the_last_byte(rig: Rig, stream: str) -> None:
    """A close on one side is seen on the other, after everything that was sent."""
    sender, receiver = rig.ends(stream)
    data = bytes(300_000)
    with sending(sender, data):
        receive(receiver, 100_000)
    sender.close()

    assert len(until_end(receiver)) == 200_000


def test_an_upstream_may_speak_first(rig: Rig) -> None:
    """Servers that greet are heard."""
    client, upstream = rig.pair()

    assert crossing(upstream, client, b"220 ready") < DEADLINE


def test_upstream_down_is_accept_then_close(rig: Rig) -> None:
    """A dead upstream looks like a connection that ends, not like a refused one."""
    rig.listener.close()

    assert until_end(rig.client()) == b""


def test_disable_drops_and_refuses_enable_listens_again(rig: Rig) -> None:
    """Down means: standing connections end on both sides, new ones are refused, at the same address after."""
    client, upstream = rig.pair()
    crossing(client, upstream)

    assert not rig.api.call("PATCH", rig.path, {"enabled": False}).json["enabled"]

    assert until_end(client) == until_end(upstream) == b""
    with pytest.raises(ConnectionRefusedError):
        rig.client()
    assert rig.api.call("PATCH", rig.path, {"enabled": True}).json["listen"] == f"{HOME}:{rig.address[1]}"
    assert crossing(*rig.pair()) < DEADLINE


def test_deleting_a_proxy_drops_its_connections(rig: Rig) -> None:
    """Nothing of it stays."""
    client, upstream = rig.pair()
    assert rig.api.call("DELETE", rig.path).status == 204

    assert until_end(client) == until_end(upstream) == b""
    with pytest.raises(ConnectionRefusedError):
        rig.client()


# -- toxics


@both_streams
def test_latency(rig: Rig, stream: str) -> None:
    """Each crossing of its stream takes that much longer, the other stream none."""
    rig.toxic("latency", stream, latency=150)
    sender, receiver = rig.ends(stream)

    assert 0.14 < crossing(sender, receiver) < 1
    assert 0.14 < crossing(sender, receiver) < 1
    assert crossing(receiver, sender) < 0.1


def test_jitter(rig: Rig) -> None:
    """Jitter spreads the delays on both sides of the latency, and bytes stay in order."""
    rig.toxic("latency", latency=60, jitter=50)
    client, upstream = rig.pair()
    delays = [crossing(upstream, client, bytes([n])) for n in range(10)]

    assert min(delays) > 0.009
    assert max(delays) - min(delays) > 0.01


@both_streams
def test_bandwidth(rig: Rig, stream: str) -> None:
    """100 KB/s carry 50 KB in half a second."""
    rig.toxic("bandwidth", stream, rate=100)
    sender, receiver = rig.ends(stream)

    assert 0.4 < crossing(sender, receiver, bytes(50_000)) < 2


def test_bandwidth_of_nothing(rig: Rig) -> None:
    """Rate 0 lets nothing pass, and what waited arrives when it is raised."""
    path = rig.toxic("bandwidth", "upstream", rate=0)
    client, upstream = rig.pair()
    client.sendall(b"late")

    assert silent(upstream, 0.3)
    rig.api.call("PATCH", path, {"attributes": {"rate": 1000}})
    assert receive(upstream, 4) == b"late"


@both_streams
def test_slow_close(rig: Rig, stream: str) -> None:
    """Bytes pass at once, the end comes late."""
    rig.toxic("slow_close", stream, delay=300)
    sender, receiver = rig.ends(stream)
    assert crossing(sender, receiver) < 0.25
    sender.close()
    start = time.monotonic()

    assert until_end(receiver) == b""
    assert 0.28 < time.monotonic() - start < 2


@both_streams
def test_timeout_closes(rig: Rig, stream: str) -> None:
    """Nothing passes, and after the time-out the connection is over."""
    rig.toxic("timeout", stream, timeout=300)
    start = time.monotonic()
    sender, receiver = rig.ends(stream)
    sender.sendall(b"lost")

    assert until_end(receiver) == b""
    assert 0.28 < time.monotonic() - start < 2
    assert until_end(sender) == b""


@both_streams
def test_timeout_of_zero_is_a_black_hole_until_removed(rig: Rig, stream: str) -> None:
    """Silence while it is there; taking it away closes the connections that it held."""
    path = rig.toxic("timeout", stream, timeout=0)
    sender, receiver = rig.ends(stream)
    sender.sendall(b"lost")

    assert silent(receiver, 0.4)
    assert rig.api.call("DELETE", path).status == 204
    assert until_end(receiver) == b""
    assert crossing(*rig.ends(stream)) < DEADLINE


@both_streams
def test_reset_peer(rig: Rig, stream: str) -> None:
    """The receiver gets a RST, so long after the first byte."""
    rig.toxic("reset_peer", stream, timeout=200)
    sender, receiver = rig.ends(stream)
    start = time.monotonic()
    sender.sendall(b"lost")

    with pytest.raises(ConnectionResetError):
        receiver.recv(1)
    assert 0.18 < time.monotonic() - start < 2


@both_streams
def test_slicer(rig: Rig, stream: str) -> None:
    """What was sent together arrives in pieces, with time between them, and whole."""
    rig.toxic("slicer", stream, average_size=16, size_variation=4, delay=20_000)
    sender, receiver = rig.ends(stream)
    data = random.Random(2).randbytes(160)
    sender.sendall(data)
    pieces: list[bytes] = []
    while len(b"".join(pieces)) < len(data):
        pieces.append(receiver.recv(len(data)))

    assert b"".join(pieces) == data
    assert len(pieces) >= 6
    assert max(map(len, pieces)) <= 60


@both_streams
def test_limit_data(rig: Rig, stream: str) -> None:
    """So many bytes arrive, then the connection is over."""
    rig.toxic("limit_data", stream, bytes=100)
    sender, receiver = rig.ends(stream)
    crossing(sender, receiver, bytes(60))
    sender.sendall(bytes(60))

    assert len(until_end(receiver)) == 40
    assert until_end(sender) == b""


def test_a_chain_adds_up(rig: Rig) -> None:
    """Several toxics on one stream all work."""
    rig.toxic("latency", latency=200)
    rig.toxic("bandwidth", rate=100)
    rig.toxic("slicer", average_size=5000, delay=10)
    client, upstream = rig.pair()

    assert 0.48 < crossing(upstream, client, bytes(30_000)) < 2


@pytest.mark.parametrize(("toxicity", "struck"), [(0, 0), (1, 6)])
def test_toxicity_is_all_or_nothing_at_its_ends(rig: Rig, toxicity: int, struck: int) -> None:
    """0 spares every connection, 1 none."""
    rig.toxic("latency", toxicity=toxicity, latency=100)

    assert (
        sum(crossing(upstream, client) > 0.09 for client, upstream in (rig.pair() for _ in range(6)))
        == struck
    )


def test_toxicity_is_drawn_for_each_connection(rig: Rig) -> None:
    """At one half some connections are slow and others are not, each for good."""
    rig.toxic("latency", toxicity=0.5, latency=30)
    pairs = [rig.pair() for _ in range(30)]
    first = [crossing(upstream, client) > 0.029 for client, upstream in pairs]
    second = [crossing(upstream, client) > 0.029 for client, upstream in pairs]

    assert 0 < sum(first) < len(pairs)
    assert (
        sum(a != b for a, b in zip(first, second, strict=True)) <= 3
    )  # a busy machine may slow a healthy one


@both_streams
def test_standing_connections_feel_every_change(rig: Rig, stream: str) -> None:
    """A toxic placed, changed and removed works at once on connections that stand."""
    sender, receiver = rig.ends(stream)
    assert crossing(sender, receiver) < 0.1

    path = rig.toxic("latency", stream, latency=150)
    assert 0.14 < crossing(sender, receiver) < 1
    rig.api.call("PATCH", path, {"attributes": {"latency": 300}})
    assert 0.29 < crossing(sender, receiver) < 2
    rig.api.call("PATCH", path, {"toxicity": 0})
    assert crossing(sender, receiver) < 0.1
    rig.api.call("DELETE", path)
    assert crossing(sender, receiver) < 0.1


@both_streams
def test_a_reset_strikes_standing_connections(rig: Rig, stream: str) -> None:
    """The next byte ends them."""
    sender, receiver = rig.ends(stream)
    crossing(sender, receiver)
    rig.toxic("reset_peer", stream)
    sender.sendall(b"lost")

    assert until_end(receiver) == b""


@both_streams
def test_removal_restores_the_flow_without_losing_a_byte(rig: Rig, stream: str) -> None:
    """Bytes held back by toxics arrive in order when these are removed in the middle of a transfer."""
    sender, receiver = rig.ends(stream)
    data = random.Random(3).randbytes(2_000_000)

    with sending(sender, data):
        arrived = receive(receiver, 100_000)
        slow = rig.toxic("bandwidth", stream, rate=500)
        late = rig.toxic("latency", stream, latency=50)
        cut = rig.toxic("slicer", stream, average_size=1000, size_variation=100, delay=100)
        arrived += receive(receiver, 100_000)
        for path in (late, slow, cut):
            assert rig.api.call("DELETE", path).status == 204
        start = time.monotonic()
        arrived += receive(receiver, len(data) - len(arrived))

    assert hashlib.sha256(arrived).digest() == hashlib.sha256(data).digest()
    assert time.monotonic() - start < 2


# -- a client library

LIBRARY = """
import json, sys, toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

def refused(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind:
        return True

server = toxiproxy.Toxiproxy()
server.update_api_consumer("127.0.0.1", int(sys.argv[1]))
seen = {"running": server.running(), "version": "version" in json.loads(server.version())}
proxy = server.create("127.0.0.1:9", "lib")
seen["created"] = server.get_proxy("lib").listen == proxy.listen and proxy.enabled
seen["exists"] = refused(ProxyExists, server.create, "127.0.0.1:9", "lib")
proxy.add_toxic(type="latency", attributes={"latency": 500})
toxic = proxy.get_toxic("latency_downstream")
seen["toxic"] = (toxic.stream, toxic.toxicity, toxic.attributes)
seen["invalid"] = refused(InvalidToxic, proxy.add_toxic, type="earthquake")
seen["duplicate"] = refused(ProxyExists, proxy.add_toxic, type="latency")
seen["destroyed"] = proxy.destroy_toxic("latency_downstream") and proxy.toxics() == {}
seen["missing"] = refused(NotFound, proxy.destroy_toxic, "latency_downstream")
proxy.disable()
seen["disabled"] = not server.get_proxy("lib").enabled
proxy.enable()
seen["enabled"] = server.get_proxy("lib").enabled
with proxy.down():
    proxy.add_toxic(type="timeout", name="hole", stream="upstream", toxicity=0.5, attributes={"timeout": 0})
seen["reset"] = server.reset() and proxy.toxics() == {}
made = server.populate([{"name": "more", "upstream": "127.0.0.1:9", "listen": "127.0.0.1:0"}])
seen["populated"] = [one.name for one in made]
server.destroy_all()
seen["left"] = list(server.proxies())
print(json.dumps(seen))
"""


def test_toxiproxy_python_works_on_it(api: Api) -> None:
    """The library that experiments use works (in a process of its own: its state is a class's)."""
    done = subprocess.run(
        [sys.executable, "-c", LIBRARY, str(api.port)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen.pop("toxic") == ["downstream", 1, {"latency": 500, "jitter": 0}]
    assert seen.pop("populated") == ["more"]
    assert seen.pop("left") == []
    assert all(seen.values()), seen
