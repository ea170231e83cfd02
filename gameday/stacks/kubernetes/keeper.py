"""The keeper of a database server: ``python -m gameday.stacks.kubernetes.keeper``, in the server's own pod.

Shares the pod's processes and volumes with the server, and answers the platform:

    GET  /state   {"running", "frozen", "standby", "lost", "pid", "started_at"}; lost: it has no data
    GET  /watch   the same, one JSON object a line, at each change and each second
    POST /start /end {"gently"} /freeze /mark {"standby"} /copy     do it, and answer with the state

All need ``Authorization: Bearer TOKEN``, the token of the control API.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

from gameday.stacks.kubernetes.names import KEEPER_PORT
from gameday.stacks.platform.waiting import until

DATA = Path("/var/lib/postgresql/data")
CONTROL = Path("/control")
SECRETS = Path("/run/staging")
_LOOK_SECONDS = 0.05
_GENTLY_SECONDS = 5.0
_END_SECONDS = 5.0
_START_SECONDS = 15.0


class Keeper:
    """One server's processes, data and whether it should run."""

    @property
    def stopped(self) -> Path:
        """While this file is there, the server is not started."""
        return CONTROL / "stopped"

    def family(self) -> list[psutil.Process]:
        """The server's processes, the first one first; empty where none runs."""
        try:
            first = psutil.Process(int((DATA / "postmaster.pid").read_text().split("\n", 1)[0]))
            if first.name() != "postgres" or first.status() == psutil.STATUS_ZOMBIE:
                return []
            return [first, *first.children(recursive=True)]
        except (OSError, ValueError, psutil.NoSuchProcess):
            return []

    def state(self) -> dict[str, Any]:
        """What it does now."""
        family = self.family()
        try:
            first = family[0] if family else None
            frozen = first is not None and first.status() == psutil.STATUS_STOPPED
            started = first.create_time() if first else 0.0
        except psutil.NoSuchProcess:
            first, frozen, started = None, False, 0.0
        return {
            "running": first is not None,
            "frozen": frozen,
            "standby": (DATA / "standby.signal").exists(),
            "lost": not (DATA / "PG_VERSION").exists(),
            "pid": first.pid if first else None,
            "started_at": started,
        }

    async def start(self) -> None:
        """Start it, or let it go on."""
        if self.state()["frozen"]:
            _signal(self.family()[::-1], signal.SIGCONT)
            return
        self.stopped.unlink(missing_ok=True)
        await until(self._runs, _START_SECONDS)

    async def end(self, *, gently: bool = False) -> None:
        """Stop it for good: one that is frozen gets its end before it goes on."""
        self.stopped.touch()
        family, frozen = self.family(), self.state()["frozen"]
        if gently and family and not frozen:
            _signal(family[:1], signal.SIGINT)
            await until(self._ended, _GENTLY_SECONDS)
        _signal(family, signal.SIGQUIT)
        if frozen:
            _signal(family[::-1], signal.SIGCONT)
        if not await until(self._ended, _END_SECONDS):
            _signal(self.family(), signal.SIGKILL)
            await until(self._ended, _END_SECONDS)
        _signal(family[1:], signal.SIGKILL)

    def freeze(self) -> None:
        """Stop every process of it where it stands; the first one makes the others, so there are no new ones."""
        _signal(self.family()[:1], signal.SIGSTOP)
        _signal(self.family(), signal.SIGSTOP)

    def mark(self, *, standby: bool) -> None:
        """Decide as what it starts from now on."""
        if not DATA.exists():
            return  # it can only become a copy
        if standby:
            (DATA / "standby.signal").touch(0o600)
        else:
            (DATA / "standby.signal").unlink(missing_ok=True)

    async def copy(self) -> None:
        """Begin anew as a copy of the other one."""
        await self.end()
        (CONTROL / "copy").touch()
        await asyncio.to_thread(shutil.rmtree, DATA, ignore_errors=True)
        await self.start()

    async def do(self, verb: str, body: Mapping[str, Any]) -> bool:
        """What the platform asks for; False where there is no such verb."""
        match verb:
            case "start":
                await self.start()
            case "end":
                await self.end(gently=bool(body.get("gently")))
            case "freeze":
                self.freeze()
            case "mark":
                self.mark(standby=bool(body.get("standby")))
            case "copy":
                await self.copy()
            case _:
                return False
        return True

    async def _runs(self) -> bool:
        return bool(self.family())

    async def _ended(self) -> bool:
        return not self.family()


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def application(keeper: Keeper, token: str) -> web.Application:
    """The API over one keeper."""
    acting = asyncio.Lock()

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return web.json_response({"error": "the token is wrong"}, status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def state(_request: web.Request) -> web.Response:
        return web.json_response(keeper.state())

    async def watch(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await stream.prepare(request)
        last, due = None, 0.0
        loop = asyncio.get_running_loop()
        while True:
            now = keeper.state()
            if now != last or loop.time() >= due:
                last, due = now, loop.time() + 1.0
                await stream.write(json.dumps(now).encode() + b"\n")
            await asyncio.sleep(_LOOK_SECONDS)

    async def act(request: web.Request) -> web.Response:
        verb, body = request.match_info["verb"], json.loads(await request.text() or "{}")
        async with acting:
            if not await keeper.do(verb, body):
                return web.json_response({"error": "no such verb"}, status=404)
        return web.json_response(keeper.state())

    app = web.Application(middlewares=[guard])
    app.add_routes([web.get("/state", state), web.get("/watch", watch), web.post("/{verb}", act)])
    return app


async def serve() -> None:
    """Until SIGTERM."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    token = (SECRETS / "control-token").read_text(encoding="utf-8").strip()
    runner = web.AppRunner(application(Keeper(), token), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", KEEPER_PORT).start()  # noqa: S104 - in its pod
        await ended.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Run to the end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
