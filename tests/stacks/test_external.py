"""Somebody's own system, described by one file: commands, calls, a fault proxy; what is refused and put back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from gameday.errors import InputError, Refused, StackError
from gameday.levers import read_call
from gameday.model.external import External
from gameday.ports import LeverCall, Topic
from gameday.stacks.external.adapter import ExternalStack
from gameday.stacks.local.held_ports import HeldPorts
from gameday.stacks.local.programs import fault_proxy_command

VERSION = """#!/bin/sh
cat "$(dirname "$0")/$1.version"
"""
DEPLOY = """#!/bin/sh
echo "$2" > "$(dirname "$0")/$1.version"
echo "$1 is at $2"
"""


@contextlib.asynccontextmanager
async def system(folder: Path, **changes: Any) -> AsyncIterator[ExternalStack]:
    """A shop: one service with a version, a gateway that says who it is, and a fault proxy."""
    (folder / "ops").mkdir()
    for name, text in (("version", VERSION), ("deploy", DEPLOY)):
        (folder / "ops" / name).write_text(text)
        (folder / "ops" / name).chmod(0o755)
    (folder / "ops" / "shop.version").write_text("v2\n")

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer s3cret":
            return web.json_response({"error": "who are you?"}, status=403)
        if request.method == "POST":
            return web.json_response({"asked": await request.json()})
        return web.json_response({"env": {"name": "staging"}, "list": [{"a": 1}, {"b": [2]}]})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with HeldPorts() as held:
        ports = [held.take() for _ in range(3)]
    command = fault_proxy_command(ports[0])
    proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    toxiproxy = f"http://127.0.0.1:{ports[0]}"
    try:
        await make_proxy(toxiproxy, "shop-db", ports[1], ports[2])
        data = {
            "identity": {
                "http": f"{url}/who",
                "at": "env.name",
                "equals": "staging",
                "token_env": "SHOP_TOKEN",
            },
            "gateway": url,
            "toxiproxy": {"url": toxiproxy, "proxies": {"database": "shop-db"}},
            "levers": {
                "rollback": {
                    "services": ["shop"],
                    "state": "version",
                    "run": ["./ops/deploy", "{service}", "v1"],
                    "read": ["./ops/version", "{service}"],
                    "undo": ["./ops/deploy", "{service}", "{version}"],
                },
                "tell": {
                    "services": ["shop"],
                    "parameters": {"what": "what to tell"},
                    "run": {
                        "http": f"POST {url}/tell",
                        "json": {"say": ["{what}"]},
                        "token_env": "SHOP_TOKEN",
                    },
                },
                "break": {"services": ["shop"], "run": ["sh", "-c", "echo it is stuck >&2; exit 3"]},
                "hang": {"services": ["shop"], "run": {"run": ["sleep", "60"], "within": "200ms"}},
            },
            "looks": {
                "deploys": {"http": f"{url}/x", "at": "list", "token_env": "SHOP_TOKEN"},
                "logs": ["printf", "one\ntwo\n"],
            },
            "environment": {"GAMEDAY_DATABASE_URL": "SHOP_DB"},
            **changes,
        }
        (folder / "shop.yaml").write_text(yaml.safe_dump(data))
        yield ExternalStack(folder / "shop.yaml", External.model_validate(data))
    finally:
        proxy.kill()
        proxy.wait()
        await runner.cleanup()


async def make_proxy(url: str, name: str, listen: int, upstream: int) -> None:
    """One proxy, once the server answers."""
    body = {
        "name": name,
        "listen": f"127.0.0.1:{listen}",
        "upstream": f"127.0.0.1:{upstream}",
        "enabled": True,
    }
    async with asyncio.timeout(10), aiohttp.ClientSession() as client:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.post(f"{url}/proxies", json=body) as answer:
                    assert answer.status == 201
                    return
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has exported."""
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    monkeypatch.setenv("SHOP_DB", "postgresql://u:p@db/x")


def on(folder: Path, use: Callable[[ExternalStack], Awaitable[Any]], **changes: Any) -> Any:
    """Do something with the system, attached to."""

    async def attached() -> Any:
        async with system(folder, **changes) as stack:
            await stack.attach()
            return await use(stack)

    return asyncio.run(attached())


def test_it_is_what_its_file_says(tmp_path: Path) -> None:
    """Identity, components, levers, looks, environment and inventory; secrets come from the user's variables."""

    async def use(stack: ExternalStack) -> None:
        identity, can = await stack.identity(), stack.capabilities()
        assert (identity.stack, identity.marker, identity.name) == ("external", "staging", "shop")
        assert can.components == {"database", "shop"}
        assert can.levers == {"rollback", "tell", "break", "hang"}
        assert can.reason("fail-over") == "shop.yaml does not name it"
        environment = stack.environment()
        assert environment["GAMEDAY_DATABASE_URL"] == "postgresql://u:p@db/x"
        assert environment["GAMEDAY_PROXY_DATABASE"] == "shop-db"
        assert await stack.inventory() == {
            "database": {"proxy.enabled": True, "proxy.toxics": {}},
            "shop": {"version": "v2"},
        }
        assert await stack.ready() == {
            f"gateway at {stack.endpoints().gateway}": True,
            "fault-proxy": True,
        }

    on(tmp_path, use)


def test_a_lever_is_read_back_and_put_back(tmp_path: Path) -> None:
    """What it did is what its state is afterwards; once more it changed nothing; restoring brings the state back."""

    async def use(stack: ExternalStack) -> None:
        before = await stack.inventory()
        call = read_call(["rollback", "shop"], stack.levers())
        assert stack.touches(call) == {"shop": ("version",)}
        first, second = await stack.pull(call), await stack.pull(call)
        assert (first.did, first.changed) == ("shop: version v2 -> v1", True)
        assert (second.did, second.changed) == ("shop: version is v1, as before", False)
        await stack.restore(before)
        assert await stack.inventory() == before
        [line] = stack.by_hand({"shop": {"version": "v2"}})
        assert line == f"cd {tmp_path} && ./ops/deploy shop v2"

    on(tmp_path, use)


def test_toxics_are_put_back_too(tmp_path: Path) -> None:
    """By the proxy's own name, which is not the component's."""
    slow = {
        "slow": {
            "type": "latency",
            "stream": "downstream",
            "toxicity": 1.0,
            "attributes": {"latency": 9, "jitter": 0},
        }
    }

    async def use(stack: ExternalStack) -> None:
        before = await stack.inventory()
        await stack.restore({"database": {"proxy.toxics": slow, "proxy.enabled": False}})
        assert (await stack.inventory())["database"] == {"proxy.enabled": False, "proxy.toxics": slow}
        await stack.restore(before)
        assert await stack.inventory() == before

    on(tmp_path, use)


def test_what_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    """A command's exit and last words, one that takes too long, a call that is refused."""

    async def use(stack: ExternalStack) -> None:
        with pytest.raises(StackError, match="ended with 3: it is stuck"):
            await stack.pull(LeverCall("break", {"service": "shop"}))
        with pytest.raises(StackError, match=r"sleep 60 took longer than 0\.2 s"):
            await stack.pull(LeverCall("hang", {"service": "shop"}))
        told = await stack.pull(LeverCall("tell", {"service": "shop", "what": "hello"}))
        assert json.loads(told.did.removeprefix("shop: ")) == {"asked": {"say": ["hello"]}}
        with pytest.raises(InputError, match="what is missing"):
            await stack.pull(LeverCall("tell", {"service": "shop"}))
        with pytest.raises(InputError, match="there is no service 'shoop'"):
            await stack.pull(LeverCall("rollback", {"service": "shoop"}))

    on(tmp_path, use)


def test_looks_become_tables(tmp_path: Path) -> None:
    """Rows of JSON by their keys, text by its lines; a topic that the file does not name is said."""

    async def use(stack: ExternalStack) -> None:
        deploys = await stack.look(Topic.DEPLOYS, {})
        assert (list(deploys.columns), [list(row) for row in deploys.rows]) == (
            ["a", "b"],
            [[1, None], [None, "[2]"]],
        )
        logs = await stack.look(Topic.LOGS, {})
        assert [list(row) for row in logs.rows] == [["one"], ["two"]]
        with pytest.raises(StackError, match=r"nobody answers look config: shop\.yaml does not name it"):
            await stack.look(Topic.CONFIG, {})

    on(tmp_path, use)


def test_who_does_not_prove_to_be_staging_is_not_touched(tmp_path: Path) -> None:
    """Another answer than the one expected, a wrong token, nobody at all."""

    def refused(error: type[Exception], words: str, **identity: str) -> None:
        async def use(_stack: ExternalStack) -> None:
            raise AssertionError("it was attached to")

        folder = tmp_path / words.replace(" ", "-")
        folder.mkdir()
        with pytest.raises(error, match=words):
            on(folder, use, identity={"equals": "staging", **identity})

    refused(Refused, "says 'production', not 'staging'", run=["echo", "production"])  # type: ignore[arg-type]
    refused(StackError, "could not be started", run=["./nothing-like-it"])  # type: ignore[arg-type]


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is done."""
    monkeypatch.delenv("SHOP_TOKEN")

    async def use(_stack: ExternalStack) -> None:
        raise AssertionError("it was attached to")

    with pytest.raises(InputError, match="the variable SHOP_TOKEN is not set"):
        on(tmp_path, use)
