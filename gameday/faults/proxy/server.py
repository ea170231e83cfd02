"""The proxy as a program: its configuration file, its socket, its end."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from gameday.errors import InputError, Place, Problem, Refused
from gameday.faults.proxy.address import Address
from gameday.faults.proxy.api import application
from gameday.faults.proxy.body import Fields, first_value
from gameday.faults.proxy.collection import ProxyCollection, Wanted
from gameday.faults.proxy.errors import ApiError

_SHUTDOWN_TIMEOUT = 1.0


def run(host: str, port: int, config_path: Path | None = None, seed: int | None = None) -> None:
    """``serve`` on uvloop where it is installed, else on asyncio."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(host, port, config_path, seed))


async def serve(host: str, port: int, config_path: Path | None = None, seed: int | None = None) -> None:
    """Print the address and stand until SIGTERM or SIGINT.

    Raises:
        InputError: the configuration file cannot be used; nothing was started.
        Refused: the API or one of the configured proxies cannot listen; nothing stands.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with standing(host, port, config_path, seed) as url:
        print(f"fault proxy on {url}", flush=True)  # noqa: T201 - the line that whoever started this waits for
        await ended.wait()


@asynccontextmanager
async def standing(
    host: str, port: int, config_path: Path | None = None, seed: int | None = None
) -> AsyncIterator[str]:
    """A proxy in this very loop, at the URL that it gives. Raises as ``serve`` does."""
    wanted = read_config(config_path) if config_path is not None else ()
    try:
        listener = await Address.parse(str(Address(host, port))).listen()
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise Refused(f"the fault proxy cannot listen on {Address(host, port)}: {reason}") from problem
    proxies = ProxyCollection(random.Random(seed))  # noqa: S311 - chance that can be repeated, not a secret
    runner = web.AppRunner(application(proxies), access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    try:
        await _populate(proxies, wanted)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield f"http://{Address.of(listener)}"
    finally:
        await runner.cleanup()
        await proxies.close()
        listener.close()


async def _populate(proxies: ProxyCollection, wanted: Sequence[Wanted]) -> None:
    try:
        await proxies.populate(wanted, [])
    except ApiError as problem:
        raise Refused(f"the fault proxy cannot start: {problem}") from problem


def read_config(path: Path) -> Sequence[Wanted]:
    """The proxies of a configuration file: a JSON list as ``POST /populate`` takes it. Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise _unusable(path, f"cannot be read: {problem}") from problem
    try:
        value, rest = first_value(text)
        if rest.strip():
            raise _unusable(path, "something follows the list", text[: -len(rest.lstrip())])
        return Wanted.read_all(Fields.each_of(value))
    except ApiError as problem:
        raise _unusable(path, str(problem)) from problem
    except RecursionError as problem:
        raise _unusable(path, "is nested too deeply") from problem
    except ValueError as problem:
        before = text[: getattr(problem, "pos", 0)]
        raise _unusable(path, f"is not JSON: {getattr(problem, 'msg', problem)}", before) from problem


def _unusable(path: Path, words: str, before: str = "") -> InputError:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return InputError([Problem(Place(str(path), line, column), words)])


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes uvloop's loop where that can be imported, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
