"""The stack's HTTP API on the loopback: what the adapter, experiments and people by hand ask of it.

    GET  /identity /ready /inventory /targets /children      POST /restore     things
    GET  /looks/TOPIC?NAME=VALUE                             POST /levers      {name, arguments}
    GET  /metrics /metrics/{database,platform,host}          POST /deploy      {service, version, author}
                                                             POST /kill        {service, count, pick, ...}
                                                             POST /settings    {service, settings, author}
                                                             POST /scale       {service, replicas, author}
                                                             POST /outage      {server, how}
                                                             POST /claim       {run, claim, seconds}
    DELETE /claim?run=RUN                                    POST /stop

All but ``/metrics`` need ``Authorization: Bearer TOKEN``. An input error answers 400, a stack that could not
do it 409, each with ``{"error": ...}``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Any, TypeAlias

from aiohttp import web

from gameday.errors import InputError, StackError
from gameday.ports import LeverCall, Topic
from gameday.stacks.platform.catalog import (
    DATABASE,
    IDENTITY,
    RELEASES,
    SERVICE,
    STANDBY,
    known,
    read_replicas,
)
from gameday.stacks.platform.claim import Claims
from gameday.stacks.platform.exporter import SOURCES, export
from gameday.stacks.platform.failover import take_out
from gameday.stacks.platform.inventory import read_inventory, restore_things
from gameday.stacks.platform.kills import kill_replicas
from gameday.stacks.platform.lever_acts import configure, deploy, pull, scale
from gameday.stacks.platform.lever_table import read_settings
from gameday.stacks.platform.looks import look
from gameday.stacks.platform.parts import Parts

_MOST_BYTES = 64 * 2**20
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """The API over one stack's parts; ``stopped`` is set when somebody asks for the end."""

    def __init__(self, parts: Parts, token: str, url: Callable[[], str]) -> None:
        self._parts = parts
        self._token = token
        self._url = url
        self._claims = Claims()
        self.stopped = asyncio.Event()
        self.open_paths: tuple[str, ...] = ("/metrics",)
        """Beginnings of paths that need no token."""

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_MOST_BYTES, middlewares=[self._guard, _say_errors])
        app.add_routes(
            [
                web.get("/identity", self._identity),
                web.get("/ready", self._ready),
                web.get("/inventory", self._inventory),
                web.get("/targets", self._targets),
                web.get("/children", self._children),
                web.get("/looks/{topic}", self._look),
                web.get("/metrics", self._metrics),
                web.get("/metrics/{source}", self._metrics),
                web.post("/claim", self._claim),
                web.delete("/claim", self._release),
                web.post("/restore", self._restore),
                web.post("/levers", self._pull),
                web.post("/deploy", self._deploy),
                web.post("/kill", self._kill),
                web.post("/settings", self._configure),
                web.post("/scale", self._scale),
                web.post("/outage", self._take_out),
                web.post("/stop", self._stop),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not request.path.startswith(self.open_paths) and not secrets.compare_digest(
            given.encode(), f"Bearer {self._token}".encode()
        ):
            return web.json_response({"error": "the token is wrong"}, status=403)
        return await handler(request)

    async def _identity(self, _request: web.Request) -> web.Response:
        return web.json_response(dataclasses.asdict(self._parts.name))

    async def _ready(self, _request: web.Request) -> web.Response:
        parts = self._parts
        auth, gateway, identity, primary, replica, proxy = await asyncio.gather(
            parts.auth.ready_replicas(),
            parts.answers(f"{parts.addresses.gateway}/healthz"),
            parts.answers(f"{parts.addresses.ways[IDENTITY].direct}/healthz"),
            parts.database.leads(),
            parts.database.streams(),
            parts.toxiproxy.populated(),
        )
        ready = {
            "auth": auth == parts.auth.spec.replicas,
            "gateway": gateway,
            "identity-provider": identity,
            DATABASE: primary,
            STANDBY: replica,
            "fault-proxy": proxy,
        }
        return web.json_response(ready)

    async def _inventory(self, _request: web.Request) -> web.Response:
        return web.json_response(await read_inventory(self._parts))

    async def _targets(self, _request: web.Request) -> web.Response:
        rows = [("gateway", self._parts.gateway_metrics(), "gateway")]
        rows += [("service", self._parts.metrics_of(one), one.name) for one in self._parts.auth.replicas]
        rows += [(source, f"{self._url()}/metrics/{source}", source) for source in SOURCES]
        return web.json_response([{"job": job, "url": url, "instance": name} for job, url, name in rows])

    async def _children(self, _request: web.Request) -> web.Response:
        rows = [
            {"name": child.name, "pid": child.pid, "restarts": child.restarts}
            for child in self._parts.children()
        ]
        return web.json_response(rows)

    async def _look(self, request: web.Request) -> web.Response:
        topic = Topic(known("look", request.match_info["topic"], [topic.value for topic in Topic]))
        answer = await look(self._parts, topic, dict(request.query))
        return web.json_response(dataclasses.asdict(answer))

    async def _metrics(self, request: web.Request) -> web.Response:
        source = request.match_info.get("source")
        sources = [known("source", source, SOURCES)] if source else SOURCES
        return web.Response(
            body=await export(self._parts, sources), content_type="text/plain", charset="utf-8"
        )

    async def _claim(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        run, seconds = str(body.get("run") or ""), body.get("seconds")
        if not run or not isinstance(seconds, int | float):
            raise InputError("a claim is {run, claim, seconds}: a run's name, the claim's own and a number")
        return web.json_response({"by": self._claims.take(run, str(body.get("claim")), seconds)})

    async def _release(self, request: web.Request) -> web.Response:
        self._claims.release(request.query.get("run", ""))
        return web.json_response({})

    async def _restore(self, request: web.Request) -> web.Response:
        await restore_things(self._parts, await json_body(request))
        return web.json_response({"restored": True})

    async def _pull(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        result = await pull(self._parts, LeverCall(str(body.get("name", "")), body.get("arguments", {})))
        return web.json_response(dataclasses.asdict(result))

    async def _deploy(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        known("service", str(body.get("service", "")), [SERVICE])
        version = known("release", str(body.get("version", "")), RELEASES)
        result = await deploy(self._parts, version, str(body.get("author") or "deploy-bot"))
        return web.json_response(dataclasses.asdict(result))

    async def _kill(self, request: web.Request) -> web.Response:
        victims = await kill_replicas(self._parts.auth, await json_body(request))
        return web.json_response([dataclasses.asdict(victim) for victim in victims])

    async def _configure(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        known("service", str(body.get("service", "")), [SERVICE])
        settings = read_settings(body.get("settings"))
        result = await configure(self._parts, settings, str(body.get("author") or "config-bot"))
        return web.json_response(dataclasses.asdict(result))

    async def _scale(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        known("service", str(body.get("service", "")), [SERVICE])
        replicas = read_replicas(str(body.get("replicas", "")))
        result = await scale(self._parts, replicas, str(body.get("author") or "autoscaler"))
        return web.json_response(dataclasses.asdict(result))

    async def _take_out(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        server = known("server", str(body.get("server", "")), [DATABASE, STANDBY])
        await take_out(self._parts.database, server, str(body.get("how", "")))
        return web.json_response({"out": server})

    async def _stop(self, _request: web.Request) -> web.Response:
        self.stopped.set()
        return web.json_response({"stopping": True})


@web.middleware
async def _say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InputError as error:
        return web.json_response({"error": str(error)}, status=400)
    except StackError as error:
        return web.json_response({"error": str(error)}, status=409)


async def json_body(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises InputError."""
    try:
        body = await request.json()
    except JSONDecodeError as error:
        raise InputError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InputError("the body is not a JSON object")
    return body
