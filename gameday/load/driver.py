"""Runs Locust beside the game day: start, listen, stop. Knows nothing of Locust but its command line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LISTENER = Path(__file__).with_name("listener.py")
_LINE_LIMIT = 4 << 20
_STOP_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to run: times in seconds, rates per second."""

    locustfile: Path
    host: str
    users: int
    spawn_rate: float
    period: float
    timeout: float


Listener = Callable[[dict[str, Any]], None]
"""Told of each line of the listener inside Locust: ``ready``, ``steady``, ``tick``."""


class Load:
    """One Locust process."""

    def __init__(
        self, plan: LoadPlan, environment: Mapping[str, str], logs: Path, listener: Listener
    ) -> None:
        self._plan = plan
        self._environment = environment
        self._logs = logs
        self._listener = listener
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.stopping = False

    @property
    def pid(self) -> int | None:
        """Its process id once it was started."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it; what it reports goes to the listener. Its own statistics go to ``logs/load_*.csv``."""
        plan = self._plan
        reading, writing = os.pipe()
        with (self._logs / "load.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "locust", "-f", f"{_LISTENER},{plan.locustfile}", "--headless"),
                *("--host", plan.host, "-u", str(plan.users), "-r", str(plan.spawn_rate)),
                *("--csv", str(self._logs / "load"), "--csv-full-history", "--only-summary"),
                *("--exit-code-on-error", "0", "--stop-timeout", "1", "--loglevel", "WARNING"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **self._environment,
                    "GAMEDAY_LOAD_FD": str(writing),
                    "GAMEDAY_LOAD_PERIOD": str(plan.period),
                    "GAMEDAY_LOAD_TIMEOUT": str(plan.timeout),
                },
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        self._reading = asyncio.create_task(self._read(reading))

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
        """Its exit code once it has ended, however."""
        return self._process.returncode if self._process else None

    async def stop(self) -> int | None:
        """End it: SIGTERM, then SIGKILL to its whole group. Idempotent; gives its exit code."""
        self.stopping = True
        if self._process is None:
            return None
        for ending in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, ending)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_PATIENCE):
                        await self._process.wait()
        if self._reading:
            await asyncio.wait([self._reading])
        return self._process.returncode

    def last_words(self) -> str:
        """The end of what it said, for a message when it died."""
        with contextlib.suppress(OSError):
            lines = (self._logs / "load.log").read_text(errors="replace").strip().splitlines()
            return " | ".join(lines[-3:])
        return ""
