"""One program of the stack: started, watched, started again a moment after it died, stopped.

Like a pod under its controller: whoever dies unasked is counted and comes back, later each time that it dies
soon again. What the program does, and whether it is ready, is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from signal import Signals

import psutil

from gameday.errors import StackError
from gameday.stacks.local.back_off import BackOff
from gameday.stacks.local.programs import bound_to_us
from gameday.stacks.platform.program import CRASH_LOOP

_LAST_LINES = 12


def end_of(log: Path) -> str:
    """The last lines of a log, for an error message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(f"  {log.name}: {line}" for line in lines[-_LAST_LINES:])


class Child:
    """A program under our care. ``command`` and ``environment`` are asked anew at each start."""

    def __init__(
        self,
        name: str,
        command: Callable[[], list[str]],
        log: Path,
        *,
        environment: Callable[[], Mapping[str, str]] = lambda: os.environ,
        farewell: Signals = signal.SIGKILL,
        way: str = "self",
        comes_back: bool = True,
        after_restart: Callable[[], Awaitable[None]] | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.restarts = 0
        self.started_at = 0.0
        """When the process that runs, or ran last, was started; of the monotonic clock."""
        self.last_end = ""
        """How it ended when it last died unasked: ``OOMKilled``, ``SIGKILL``, ``exit 1``."""
        self._back_off = back_off or BackOff()
        self._starts_at: float | None = None
        self._killed_for = ""
        self._command = command
        self._environment = environment
        self._farewell = farewell
        self._way = way
        self._comes_back = comes_back
        self._after_restart = after_restart
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def running(self) -> bool:
        """Whether the process runs now."""
        return self.pid is not None

    @property
    def wanted(self) -> bool:
        """Whether it is under care: started and not stopped."""
        return self._keeper is not None

    @property
    def starts_in(self) -> float | None:
        """Seconds until it is started again; None while it runs or is not under care."""
        return None if self._starts_at is None else max(self._starts_at - time.monotonic(), 0.0)

    @property
    def waits(self) -> str:
        """That it died again soon after it had been started again, and now waits longer."""
        return CRASH_LOOP if self._starts_at is not None and self._back_off.looping else ""

    async def start(self) -> None:
        """Start it and keep it running. Does nothing where it is under care already."""
        if self.wanted:
            return
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self, how: Signals = signal.SIGKILL, within: float = 1.0) -> None:
        """End it for good; SIGKILL where it has not ended in time."""
        keeper, self._keeper = self._keeper, None
        self._starts_at = None
        if keeper:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        for signal_now in (how, signal.SIGKILL):
            if not self._process or not self.running:
                return
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal_now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), within)

    async def memory(self) -> int | None:
        """Bytes in use now; None where it does not run."""
        try:
            return psutil.Process(self.pid).memory_info().rss if self.pid else None
        except psutil.NoSuchProcess:
            return None

    async def kill(self, why: str = "") -> None:
        """End the process where it stands; whoever is under care comes back. ``why`` is told as its end."""
        if self._process and self.running:
            self._killed_for = why
            self._process.kill()

    async def gone(self, pid: int, within: float) -> bool:
        """Whether a process of this program, by its id, has ended within so many seconds."""
        process = self._process
        if process is None or process.pid != pid:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), within)
        return process.returncode is not None

    def failure(self, what: str) -> StackError:
        """What went wrong with it, and the end of its log."""
        return StackError(f"{self.name} {what}\n{end_of(self.log)}".rstrip())

    async def _spawn(self) -> None:
        with self.log.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *bound_to_us(self._command(), farewell=self._farewell, way=self._way),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=dict(self._environment()),
                )
            except OSError as error:
                raise StackError(f"{self.name} could not be started: {error}") from error
        self.started_at = time.monotonic()

    async def _keep(self) -> None:
        while True:
            assert self._process
            code = await self._process.wait()
            self.last_end, self._killed_for = self._killed_for or _said(code), ""
            if not self._comes_back:
                return
            self._back_off = self._back_off.died(time.monotonic() - self.started_at)
            self._starts_at = time.monotonic() + self._back_off.delay
            await asyncio.sleep(self._back_off.delay)
            self.restarts += 1
            await self._spawn()
            self._starts_at = None
            if self._after_restart:
                with contextlib.suppress(StackError):
                    await self._after_restart()


def _said(code: int) -> str:
    """An exit code as people say it."""
    if code >= 0:
        return f"exit {code}"
    return Signals(-code).name if -code in set(Signals) else f"signal {-code}"


async def run_once(
    command: list[str], log: Path, *, way: str, environment: Mapping[str, str] | None = None
) -> None:
    """Run a program to its end. Raises StackError with the end of the log where it fails."""
    child = Child(
        Path(command[0]).name,
        lambda: command,
        log,
        way=way,
        environment=lambda: {**os.environ, **(environment or {})},
        comes_back=False,
    )
    await child.start()
    try:
        assert child._process  # noqa: SLF001 - same module
        if await child._process.wait() != 0:  # noqa: SLF001 - same module
            raise child.failure("failed")
    finally:
        await child.stop()
