"""Runs Locust beside the game day: start, listen, stop. Knows nothing of Locust but its command line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LISTENER = Path(__file__).with_name("listener.py")
_LINE_LIMIT = 4 << 20
_STOP_PATIENCE = 3.0
_WORKERS_SECONDS = 30
"""For workers to come; Locust's master begins with those that are there then."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to run: times in seconds, rates per second."""

    locustfile: Path
    host: str
    users: int
    spawn_rate: float
    period: float
    timeout: float
    workers: int = 1
    """More than one: so many of Locust's workers, and its master."""


Listener = Callable[[dict[str, Any]], None]
"""Told of each line of the listener inside Locust: ``ready``, ``steady``, ``tick``."""


class Load:
    """Locust: one process, or a master and its workers, each of a process group of its own.

    Every process streams its own records. Locust's workers report to their master every 3 s only, and in sums.
    """

    def __init__(
        self, plan: LoadPlan, environment: Mapping[str, str], logs: Path, listener: Listener
    ) -> None:
        self._plan = plan
        self._environment = environment
        self._logs = logs
        self._listener = listener
        self._process: asyncio.subprocess.Process | None = None
        self._workers: list[asyncio.subprocess.Process] = []
        self._reading: list[asyncio.Task[None]] = []
        self.stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """Its processes by role, once they were started: ``load``, ``load-worker-1``."""
        workers = {f"load-worker-{number}": one.pid for number, one in enumerate(self._workers, 1)}
        return {"load": self._process.pid, **workers} if self._process else {}

    async def start(self) -> None:
        """Start it; what it reports goes to the listener. Its own statistics go to ``logs/load_*.csv``."""
        plan = self._plan
        leading = [
            *("--headless", "-u", str(plan.users), "-r", str(plan.spawn_rate)),
            *("--csv", str(self._logs / "load"), "--csv-full-history", "--only-summary"),
            *("--exit-code-on-error", "0", "--stop-timeout", "1"),
        ]
        if plan.workers == 1:
            self._process = await self._begin("load", leading, 0)
            return
        port = str(_free_port())
        waits = ["--expect-workers", str(plan.workers), "--expect-workers-max-wait", str(_WORKERS_SECONDS)]
        bound = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        self._process = await self._begin("load", [*leading, *bound, *waits], None)
        under = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
        for number in range(plan.workers):
            self._workers.append(await self._begin(f"load-worker-{number + 1}", under, number))

    async def _begin(self, log: str, words: list[str], number: int | None) -> asyncio.subprocess.Process:
        """One process; ``number`` of those that send, None for the master, which sends nothing."""
        plan = self._plan
        reading, writing = os.pipe()
        with (self._logs / f"{log}.log").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "locust", "-f", f"{_LISTENER},{plan.locustfile}"),
                *("--host", plan.host, "--loglevel", "WARNING", *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **self._environment,
                    "GAMEDAY_LOAD_FD": str(writing),
                    "GAMEDAY_LOAD_PERIOD": str(plan.period),
                    "GAMEDAY_LOAD_TIMEOUT": str(plan.timeout),
                    "GAMEDAY_LOAD_WORKERS": str(plan.workers),
                    "GAMEDAY_LOAD_WORKER": "" if number is None else str(number),
                },
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        self._reading.append(asyncio.create_task(self._read(reading)))
        return process

    async def _read(self, descriptor: int) -> None:
        stream = asyncio.StreamReader(limit=_LINE_LIMIT)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            while (line := await stream.readline()).endswith(b"\n"):  # a line that a crash tore is the last
                self._listener(json.loads(line))
        finally:
            transport.close()

    @property
    def ended(self) -> int | None:
        """The exit code of the first of its processes that ended, however; None while all live."""
        codes = [one.returncode for one in (self._process, *self._workers) if one is not None]
        return next((code for code in codes if code is not None), None)

    async def stop(self) -> int | None:
        """End it: SIGTERM, then SIGKILL to its whole group. Idempotent; gives its exit code."""
        self.stopping = True
        if self._process is None:
            return None
        every = [self._process, *self._workers]
        for ending in (signal.SIGTERM, signal.SIGKILL):
            if any(one.returncode is None for one in every):
                for one in every:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(one.pid, ending)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_PATIENCE):
                        await asyncio.gather(*(one.wait() for one in every))
        if self._reading:
            await asyncio.wait(self._reading)
        return self._process.returncode

    def last_words(self) -> str:
        """Who of several died, and the end of what it said, for a message."""
        dead = next((n for n, one in enumerate(self._workers, 1) if one.returncode is not None), None)
        name = "load" if dead is None else f"load-worker-{dead}"
        said = "" if dead is None else f"worker {dead} of {len(self._workers)}"
        with contextlib.suppress(OSError):
            lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
            said = " | ".join([*([said] if said else []), *lines[-3:]])
        return said


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
