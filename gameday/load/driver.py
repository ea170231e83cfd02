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
from typing import Any, NamedTuple

_OURS = [Path(__file__).with_name(name) for name in ("lines.py", "listener.py")]
_LINE_LIMIT = 4 << 20
_STOP_PATIENCE = 3.0
_WORKERS_SECONDS = 30
"""For workers to come; Locust's master begins with those that are there then."""


class Address(NamedTuple):
    """Where Locust's master listens."""

    host: str
    port: int


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
    join: Address | None = None
    """Where the workers join that somebody started elsewhere; None: they are started here."""


Listener = Callable[[dict[str, Any]], None]
"""Told of each line of the listener inside Locust: ``steady``, ``tick``, ``worker``."""


class Load:
    """Locust: one process, or a master and its workers, each of a process group of its own.

    Only the first of them talks to the runner: its workers report every request to it.
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
        self._reading: asyncio.Task[None] | None = None
        self._broken = ""
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
        here = plan.workers if plan.workers > 1 and plan.join is None else 0
        master = plan.join or (Address("127.0.0.1", _free_port()) if here else None)
        if master:
            leading += ["--master", "--master-bind-host", master.host, "--master-bind-port", str(master.port)]
            leading += ["--expect-workers-max-wait", str(_WORKERS_SECONDS)]
        reading, writing = os.pipe()
        try:
            self._process = await self._begin("load", leading, writing)
        finally:
            os.close(writing)
        self._reading = asyncio.create_task(self._read(reading))
        for number in range(here):
            under = [
                "--worker",
                "--master-host",
                "127.0.0.1",
                "--master-port",
                str(master.port if master else 0),
            ]
            self._workers.append(await self._begin(f"load-worker-{number + 1}", under, None))

    async def _begin(self, log: str, words: list[str], pipe: int | None) -> asyncio.subprocess.Process:
        plan = self._plan
        with (self._logs / f"{log}.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "locust", "-f", ",".join(map(str, [*_OURS, plan.locustfile]))),
                *("--host", plan.host, "--loglevel", "WARNING", "--expect-workers", str(plan.workers)),
                *("--gameday-period", str(plan.period), "--gameday-timeout", str(plan.timeout), *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **self._environment,
                    "GAMEDAY_LOAD_TIMEOUT": str(plan.timeout),
                    **({} if pipe is None else {"GAMEDAY_LOAD_FD": str(pipe)}),
                },
                pass_fds=() if pipe is None else (pipe,),
                start_new_session=True,
            )

    async def _read(self, descriptor: int) -> None:
        stream = asyncio.StreamReader(limit=_LINE_LIMIT)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            while (line := await stream.readline()).endswith(b"\n"):  # a line that a crash tore is the last
                told = json.loads(line)
                if told["event"] == "broken":
                    self._broken = self._broken or told["problem"]
                else:
                    self._listener(told)
        finally:
            transport.close()

    @property
    def code(self) -> int | None:
        """The exit code of the first of its processes that ended; None while all live."""
        codes = [one.returncode for one in (self._process, *self._workers) if one is not None]
        return next((code for code in codes if code is not None), None)

    @property
    def ended(self) -> bool:
        """Whether one of its processes ended, however, or a worker elsewhere is not there as it should be."""
        return self.code is not None or self._broken != ""

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
            await asyncio.wait([self._reading])
        return self._process.returncode

    def last_words(self) -> str:
        """Who of several died, and the end of what it said, for a message."""
        if self._broken:
            return self._broken
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
