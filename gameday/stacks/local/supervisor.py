"""The process that owns one stack: ``python -m gameday.stacks.local.supervisor STATE_DIR``.

Starts everything, publishes where it is, keeps it running, answers the control API, and at the end stops
every process it started. It removes no files: that is for who made the folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
from pathlib import Path

import aiohttp
from aiohttp import web

from gameday.errors import GamedayError
from gameday.stacks.local.folder import Folder
from gameday.stacks.local.held_ports import HeldPorts
from gameday.stacks.local.limits import keep_limits
from gameday.stacks.local.parts import LocalParts, Ports
from gameday.stacks.platform.control import Control

_log = logging.getLogger(__name__)


async def supervise(folder: Folder) -> None:
    """Hold the stack until somebody asks for the end."""
    with HeldPorts() as held:
        # A connection for each question: a replica that ends must not leave us a dead one to ask through.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as client:
            parts = LocalParts(folder, folder.read_config(), Ports.take(held), client)
            try:
                await _serve(folder, parts)
            finally:
                await parts.stop()


async def _serve(folder: Folder, parts: LocalParts) -> None:
    token = secrets.token_urlsafe(18)
    control = Control(parts, token, lambda: url)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, control.stopped.set)
    runner = web.AppRunner(control.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        if not await _started(parts, control.stopped):
            return
        folder.write_state(parts.state(url, token))
        limits = asyncio.create_task(keep_limits(parts.auth))
        await control.stopped.wait()
        limits.cancel()
    finally:
        await runner.cleanup()


async def _started(parts: LocalParts, stopped: asyncio.Event) -> bool:
    """Start the parts, unless the end is asked for before they stand."""
    starting, ending = asyncio.create_task(parts.start()), asyncio.create_task(stopped.wait())
    await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if starting.done():
        await starting
        return True
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    return False


def main(argument: str) -> int:
    """Run to the end; 1 where the stack could not be started, with the reason in its folder."""
    folder = Folder(Path(argument))
    os.umask(0o077)
    os.chdir(folder.path)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with folder.held() as free:
        if not free:
            folder.write_failure(f"a stack stands already in {folder.path}")
            return 1
        try:
            asyncio.run(supervise(folder))
        except GamedayError as error:
            folder.write_failure(str(error))
            return 1
        except Exception as error:  # noqa: BLE001 - the last resort: whoever waits for us must hear of it
            _log.exception("the supervisor failed")
            folder.write_failure(f"the supervisor failed: {error!r}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
