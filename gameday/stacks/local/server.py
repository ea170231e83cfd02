"""One PostgreSQL server as processes of ours: started, frozen, ended, made anew from a copy."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import psutil

from gameday.errors import StackError
from gameday.stacks.local.child import Child, run_once
from gameday.stacks.local.programs import give_to_nobody
from gameday.stacks.platform.server import QUERY_SECONDS, START_SECONDS, Server
from gameday.stacks.platform.waiting import until

_GENTLY_SECONDS = 5.0
_END_SECONDS = 5.0


class LocalServer(Server):
    """Listens on a port of the loopback. Its data's folder is named as it is; ``url`` is a superuser's."""

    child: Child

    def __init__(self, data: Path, port: int, url: str, *, programs: Path, log: Path, way: str) -> None:
        super().__init__(data.name, url)
        self.port = port
        self.data = data
        self._log = log
        self._way = way
        self._programs = programs
        # Never started again by itself: a database that died is an incident, and a lever's business.
        self.child = Child(self.name, self._command, log, farewell=signal.SIGQUIT, way=way, comes_back=False)

    def _command(self) -> list[str]:
        return [self.program("postgres"), "-D", str(self.data), "-c", f"port={self.port}"]

    def program(self, name: str) -> str:
        """One of PostgreSQL's programs."""
        return str(self._programs / "bin" / name)

    @property
    def frozen(self) -> bool:
        """Whether its process is stopped by SIGSTOP: it holds its port and answers nobody."""
        try:
            return bool(self.child.pid and psutil.Process(self.child.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    @property
    def standby_on_disk(self) -> bool:
        """Whether it would start as a standby."""
        return (self.data / "standby.signal").exists()

    def mark(self, *, standby: bool) -> None:
        """Decide as what it starts from now on; one that runs stays what it is."""
        note = self.data / "standby.signal"
        if not standby:
            note.unlink(missing_ok=True)
        elif not note.exists():
            note.touch(0o600)
            if self._way == "nobody":
                give_to_nobody(note)

    async def start(self) -> None:
        """Start it, or let it go on, and wait until it answers. Raises StackError."""

        async def settled() -> bool:
            return not self.child.running or await self.answers()

        if self.frozen:
            self._go_on()
        elif not self.child.running:
            await self.child.stop()
            await self.child.start()
        if not await until(settled, START_SECONDS) or not self.child.running:
            raise self.child.failure("ended, or does not answer")

    async def end(self, *, gently: bool = False) -> None:
        """Stop it for good, at once, or ``gently`` after its standby has everything; nothing of it is left.

        One that is frozen gets its end before it goes on, so that it answers nothing in between.
        """
        await self.close_kept()
        family = self._family()
        if gently and family and not self.frozen:
            family[0].send_signal(signal.SIGINT)
            await until(self._ended, _GENTLY_SECONDS)
        if self.frozen:
            _signal(family, signal.SIGQUIT)
            _signal(family[::-1], signal.SIGCONT)
        await self.child.stop(signal.SIGQUIT, within=_END_SECONDS)
        # Children of a server that had to be killed, and who did not notice.
        _signal(family[1:], signal.SIGKILL)

    async def freeze(self) -> None:
        """Stop every process of it where it stands. Raises StackError where that cannot be read back."""
        if not self.child.running:
            await self.start()
        # The first of them makes the others: once it stands still, there are no new ones.
        _signal(self._family()[:1], signal.SIGSTOP)
        _signal(self._family(), signal.SIGSTOP)

        async def stands_still() -> bool:
            return self.frozen

        if not await until(stands_still, QUERY_SECONDS):
            raise StackError(f"{self.name} was not frozen")

    async def copy_of(self, source: LocalServer, conninfo: str) -> None:
        """Begin anew as a standby of another server, from a copy of its data. Raises StackError."""
        await self.end()
        await asyncio.to_thread(shutil.rmtree, self.data, ignore_errors=True)
        command = [
            self.program("pg_basebackup"),
            f"--pgdata={self.data}",
            f"--dbname={conninfo} port={source.port}",
        ]
        how = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        await run_once([*command, *how], self._log, way=self._way)
        await self.start()

    async def _ended(self) -> bool:
        return not self.child.running

    def _go_on(self) -> None:
        _signal(self._family()[::-1], signal.SIGCONT)

    def _family(self) -> list[psutil.Process]:
        """Its processes, the first one first."""
        try:
            first = psutil.Process(self.child.pid) if self.child.pid else None
            return [first, *first.children(recursive=True)] if first else []
        except psutil.NoSuchProcess:
            return []


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
