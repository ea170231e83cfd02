"""The platform of a compose project: ``python -m gameday.stacks.compose.platform``, in a container of its own.

Follows the project's containers through the engine's socket, deploys, scales and heals, keeps the history, exports
what nobody else does, answers the control API, and hands on what Alertmanager sends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

import aiohttp
from aiodocker import Docker
from aiohttp import web

from gameday.errors import StackError
from gameday.stacks.compose.fleet import Fleet
from gameday.stacks.compose.names import MARKER_LABEL, PROJECT
from gameday.stacks.compose.parts import ContainerParts, Folders
from gameday.stacks.compose.secrets_folder import drawn
from gameday.stacks.platform.catalog import Spec, known
from gameday.stacks.platform.control import Control
from gameday.stacks.platform.inbox import Inbox

PORT = 8400
FIRST_AUTHOR = "deploy-bot"
_log = logging.getLogger(__name__)


async def serve() -> None:
    """Until SIGTERM."""
    folders = Folders()
    secrets = drawn(folders.secrets)
    async with Docker() as engine:
        me = await engine.containers.container(socket.gethostname()).show()
        labels = me["Config"]["Labels"]
        fleet = Fleet(engine, labels[PROJECT])
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as client:
            initial = Spec.initial(os.environ.get("RELEASE", "v1.2.3"), int(os.environ.get("REPLICAS", "2")))
            parts = ContainerParts(
                fleet,
                secrets,
                client,
                initial=initial,
                marker=labels.get(MARKER_LABEL, ""),
                folders=folders,
            )
            parts.database.find_leader()
            if not parts.history.deploys:
                parts.auth.begin(FIRST_AUTHOR)
            await fleet.start()
            try:
                await _answer(parts, secrets["control-token"], Inbox(secrets["alerts-token"]))
            finally:
                await fleet.stop()


async def _answer(parts: ContainerParts, token: str, inbox: Inbox) -> None:
    control = Control(parts, token, parts.own_url)
    control.open_paths = ("/metrics", "/healthz", "/alerts/in")
    app = control.application()

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def of_replica(request: web.Request) -> web.Response:
        by_name = {replica.name: replica for replica in parts.auth.replicas}
        replica = by_name[known("replica", request.match_info["name"], by_name)]
        try:
            async with asyncio.timeout(1), parts.client.get(f"{replica.url}/metrics") as answer:
                return web.Response(body=await answer.read(), content_type="text/plain", charset="utf-8")
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise StackError(
                f"{replica.name} does not answer: {str(problem) or 'no answer in time'}"
            ) from problem

    app.router.add_get("/healthz", healthz)
    app.router.add_post("/alerts/in", inbox.take)
    app.router.add_get("/alerts/stream", inbox.stream)
    app.router.add_get("/metrics/service/{name}", of_replica)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, control.stopped.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", PORT).start()  # noqa: S104 - in its container
        _log.info("the platform answers")
        await control.stopped.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Run to the end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
