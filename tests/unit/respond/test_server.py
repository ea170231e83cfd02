"""The desk over real HTTP: who may come in, what a person is told, and the client that people's commands use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import pytest

from gameday.errors import InputError, Refused
from gameday.respond.client import ask
from gameday.respond.server import DeskServer
from tests.unit.respond.test_desk import Bench

TOKEN = "a-token-that-nobody-guesses"


@contextlib.asynccontextmanager
async def serving(bench: Bench) -> AsyncIterator[str]:
    """A desk that listens."""
    server = DeskServer(bench.desk, TOKEN, lambda: {"run": "r", "alerts": []})
    url = await server.start()
    try:
        yield url
    finally:
        await server.stop()
        await server.stop()


def at_a_desk(test: Callable[[Bench, str], Awaitable[None]]) -> Bench:
    """Run a test's body while a desk listens."""
    bench = Bench()

    async def run() -> None:
        async with serving(bench) as url:
            await asyncio.wait_for(test(bench, url), 10)

    asyncio.run(run())
    return bench


def asking(url: str, method: str, path: str, body: dict[str, Any] | None = None, token: str = TOKEN) -> Any:
    """What the command line does, in a thread of its own."""
    return asyncio.to_thread(ask, url, token, method, path, body)


async def raw(
    url: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/acts",
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a request that no client of ours would send."""
    given = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, data=body, headers=given) as answer,
    ):
        return answer.status, json.loads(await answer.text())


def test_an_act_and_a_look_from_another_process() -> None:
    """A sentence, the place in the log and a table come back; the act is in the log under its own name."""

    async def body(bench: Bench, url: str) -> None:
        verified = await asking(url, "POST", "/acts", {"do": "verify", "by": "alice", "words": {}})
        assert (verified["ok"], verified["text"], verified["seq"]) == (True, "recorded", len(bench.events))
        looked = await asking(url, "POST", "/acts", {"do": "look", "by": "bob", "words": {"topic": "logs"}})
        assert looked["columns"] == ["what", "now"]
        assert await asking(url, "GET", "/state") == {"run": "r", "alerts": []}

    assert [event.by for event in at_a_desk(body).events if hasattr(event, "by")] == ["alice", "bob"]


def test_people_cannot_pass_for_a_script() -> None:
    """Whoever comes by HTTP is not marked scripted, whatever they say."""

    async def body(bench: Bench, url: str) -> None:
        with pytest.raises(InputError, match="unknown 'scripted'"):
            await asking(url, "POST", "/acts", {"do": "verify", "by": "a", "words": {"scripted": True}})
        await asking(url, "POST", "/acts", {"do": "verify", "by": "a", "scripted": True, "words": {}})

    assert [event.scripted for event in at_a_desk(body).events if hasattr(event, "scripted")] == [False]


@pytest.mark.parametrize("token", ["", "wrong", "a-token-that-nobody-guesse", "Bearer"])
@pytest.mark.parametrize("path", ["/acts", "/state", "/nothing"])
def test_without_the_token_nobody_gets_in(token: str, path: str) -> None:
    """401 with a sentence, on every path."""

    async def body(_: Bench, url: str) -> None:
        status, answer = await raw(url, b"{}", {"Authorization": f"Bearer {token}"}, path=path)
        assert (status, answer) == (401, {"error": "this desk needs the run's token"})

    at_a_desk(body)


def test_a_token_that_is_no_text_is_a_wrong_one() -> None:
    """Bytes beyond ASCII in the header are no reason to break."""

    async def body(_: Bench, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /state HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 401")

    at_a_desk(body)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not understood"),
        (b"{", "not understood"),
        (b"\xff", "not understood"),
        (b"[" * 60_000, "not understood"),
        (b"[]", "an act is an object with 'do', 'by' and 'words'"),
        (b'{"do": "ack"}', "an act is an object with 'do', 'by' and 'words'"),
        (b'{"do": "ack", "by": "alice", "words": [1]}', "'words' is not an object"),
        (b'{"do": "ack", "by": ""}', "who acts?"),
        (b'{"do": "akc", "by": "alice"}', "unknown act 'akc'"),
        (b'{"do": "declare", "by": "alice", "words": {"severity": {}}}', "'severity' is missing"),
        (b'{"do": "lever", "by": "alice", "words": {"words": 5}}', "'words' is not a list"),
        (b'{"do": "look", "by": "alice", "words": {"topic": ["logs"]}}', "unknown topic"),
    ],
)
def test_what_is_malformed_is_told_and_not_done(body: bytes, told: str) -> None:
    """400 and a sentence; nothing is recorded."""

    async def test(bench: Bench, url: str) -> None:
        before = len(bench.events)
        status, answer = await raw(url, body, {"Content-Type": "application/json"})
        assert status == 400
        assert told in answer["error"]
        assert len(bench.events) == before

    at_a_desk(test)


def test_every_refusal_is_json() -> None:
    """Too much, an unknown path, a wrong method, an unknown encoding: with their own status and an error."""

    async def body(_: Bench, url: str) -> None:
        act = b'{"do": "ack", "by": "alice"}'
        for expected, found in [
            (413, await raw(url, b"x" * 70_000)),
            (404, await raw(url, act, path="/nothing")),
            (405, await raw(url, act, path="/state")),
            (400, await raw(url, act, {"Content-Type": "application/json; charset=none-such"})),
        ]:
            assert found[0] == expected
            assert found[1]["error"]

    at_a_desk(body)


def test_a_full_disk_reaches_who_acted() -> None:
    """An act that could not be recorded is not acknowledged: the sentence says why."""

    async def body(bench: Bench, url: str) -> None:
        bench.full = True
        with pytest.raises(InputError, match="No space left on device"):
            await asking(url, "POST", "/acts", {"do": "verify", "by": "alice", "words": {}})

    at_a_desk(body)


def test_it_listens_on_loopback_only() -> None:
    """Nobody reaches the desk from another machine."""

    async def body(_: Bench, url: str) -> None:
        assert url.startswith("http://127.0.0.1:")

    at_a_desk(body)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_run_that_is_gone_does_not_answer() -> None:
    """The client says that nobody answers and what to ask instead."""
    with pytest.raises(Refused, match=r"the run.s desk does not answer .*; see: gameday status"):
        ask(f"http://127.0.0.1:{free_port()}", TOKEN, "GET", "/state")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{,}", b"nonsense\r\n\r\n"]
)
def test_an_answer_that_is_none(answer: bytes) -> None:
    """Somebody else at that port, or a desk that dies in the middle: the same sentence."""

    async def body() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(Refused, match="the run's desk does not answer"):
                await asking(f"http://127.0.0.1:{port}", "GET", "/state")

    asyncio.run(body())
