"""The platform of a namespace: ``python -m gameday.stacks.kubernetes.platform``, in a pod of its own.

Draws the system's passwords and tokens where there are none, follows its pods and Deployments, deploys and scales,
keeps the history, exports what nobody else does, answers the control API, and hands on what Alertmanager sends.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import signal
import sys

import aiohttp
from aiohttp import web
from kubernetes_asyncio import client as library
from kubernetes_asyncio import config

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster, There
from gameday.stacks.kubernetes.names import MARKER_ANNOTATION, PLATFORM_PORT, SECRET
from gameday.stacks.kubernetes.parts import PodParts
from gameday.stacks.platform.broadcast import Broadcast
from gameday.stacks.platform.catalog import SERVICE, known
from gameday.stacks.platform.control import Control, json_body
from gameday.stacks.platform.inbox import Inbox
from gameday.stacks.platform.passwords import fresh_passwords

FIRST_AUTHOR = "deploy-bot"
_log = logging.getLogger(__name__)


async def serve() -> None:
    """Until SIGTERM."""
    config.load_incluster_config()  # type: ignore[no-untyped-call]
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with library.ApiClient() as api, aiohttp.ClientSession(connector=connector) as client:
        cluster = Cluster(api, os.environ["NAMESPACE"])
        secrets = await secrets_of(cluster)
        namespace = await cluster.ask("GET", f"/api/v1/namespaces/{cluster.namespace}")
        marker = (namespace["metadata"].get("annotations") or {}).get(MARKER_ANNOTATION, "")
        parts = PodParts(cluster, secrets, client, marker)
        try:
            parts.database.watch()
            await parts.start(FIRST_AUTHOR)
            await _answer(parts, secrets["control-token"], Inbox(secrets["alerts-token"]), stopped)
        finally:
            await parts.stop()


async def secrets_of(cluster: Cluster) -> dict[str, str]:
    """The system's passwords and tokens; drawn where nobody has."""
    found = await cluster.read("secrets", SECRET)
    if found is None:
        fresh = fresh_passwords()
        body = {"metadata": {"name": SECRET}, "stringData": fresh}
        try:
            await cluster.ask("POST", cluster.path("secrets"), body)
        except There:
            return await secrets_of(cluster)
        return fresh
    return {name: base64.b64decode(value).decode() for name, value in found["data"].items()}


async def _answer(parts: PodParts, token: str, inbox: Inbox, stopped: asyncio.Event) -> None:
    control = Control(parts, token, lambda: "")
    control.stopped = stopped
    control.open_paths = ("/metrics", "/healthz", "/alerts/in")
    app = control.application()

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def passed_on(url: str, who: str) -> web.Response:
        try:
            async with asyncio.timeout(1), parts.client.get(url) as answer:
                return web.Response(body=await answer.read(), content_type="text/plain", charset="utf-8")
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise StackError(f"{who} does not answer: {str(problem) or 'no answer in time'}") from problem

    async def of_replica(request: web.Request) -> web.Response:
        by_name = {replica.name: replica for replica in parts.auth.replicas}
        replica = by_name[known("replica", request.match_info["name"], by_name)]
        return await passed_on(f"{replica.url}/metrics", replica.name)

    async def of_gateway(_request: web.Request) -> web.Response:
        return await passed_on("http://gateway:2020/metrics", "gateway")

    acts = Broadcast()
    parts.auth.told = lambda act: acts.tell(json.dumps(act))

    async def held(_request: web.Request) -> web.Response:
        return web.json_response({"held": parts.auth.held()})

    async def stick(request: web.Request) -> web.Response:
        body = await json_body(request)
        known("service", str(body.get("service", "")), [SERVICE])
        author = str(body.get("author") or FIRST_AUTHOR)
        return web.json_response({"held": await parts.auth.stick(str(body.get("how", "")), author)})

    async def announce(request: web.Request) -> web.Response:
        parts.deletions.announce(map(str, (await json_body(request)).get("uids", ())))
        return web.json_response({})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/rollout", held)
    app.router.add_post("/rollout", stick)
    app.router.add_post("/deletions", announce)
    app.router.add_get("/acts/stream", acts.stream)
    app.router.add_post("/alerts/in", inbox.take)
    app.router.add_get("/alerts/stream", inbox.stream)
    app.router.add_get("/metrics/service/{name}", of_replica)
    app.router.add_get("/metrics/gateway/", of_gateway)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", PLATFORM_PORT).start()  # noqa: S104 - in its pod
        _log.info("the platform answers")
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Run to the end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
