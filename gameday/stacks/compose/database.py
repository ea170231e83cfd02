"""The two PostgreSQL servers in containers, their data in volumes that the platform sees too."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gameday.errors import StackError
from gameday.stacks.compose.container import Container
from gameday.stacks.platform.database import Database
from gameday.stacks.platform.server import QUERY_SECONDS, START_SECONDS, Server
from gameday.stacks.platform.waiting import until

_GENTLY_SECONDS = 5.0
_STREAM_SECONDS = 20.0


class ContainerServer(Server):
    """One of them; an empty folder of data and a note make it begin as a copy of the other."""

    child: Container

    def __init__(self, child: Container, url: str, data: Path, note: Path, network: str) -> None:
        super().__init__(child.name, url)
        self._network = network
        self.child = child
        self._data = data
        self._note = note

    @property
    def frozen(self) -> bool:
        """Whether its container is paused."""
        return self.child.state.paused

    @property
    def standby_on_disk(self) -> bool:
        """Whether it would start as a standby."""
        return (self._data / "standby.signal").exists()

    def mark(self, *, standby: bool) -> None:
        """Decide as what it starts from now on; one that runs stays what it is."""
        signal = self._data / "standby.signal"
        if not standby:
            signal.unlink(missing_ok=True)
        elif not signal.exists():
            owner = (self._data / "PG_VERSION").stat()
            signal.touch(0o600)
            os.chown(signal, owner.st_uid, owner.st_gid)

    async def start(self) -> None:
        """Start it, or let it go on, and wait until it answers. Raises StackError."""

        async def settled() -> bool:
            return not self.child.running or await self.answers()

        await self.child.join(self._network)
        await self.child.start()
        if not await until(settled, START_SECONDS) or not self.child.running:
            raise self.child.failure("ended, or does not answer")

    async def end(self, *, gently: bool = False) -> None:
        """Stop it; one that is paused gets its end before it goes on."""
        await self.close_kept()
        if gently and not self.frozen:
            await self.child.stop_gently(_GENTLY_SECONDS)
        await self.child.stop()

    @property
    def unplugged(self) -> bool:
        """Whether it is off the project's network for requests."""
        return self._network not in self.child.state.networks

    async def unplug(self) -> None:
        """Take it off that network. Who has a connection hangs; who wants one finds no such name."""
        if not self.child.running or self.frozen:
            await self.start()
        await self.child.leave(self._network)
        if not self.unplugged:
            raise StackError(f"{self.name} is still on the network {self._network}")

    async def freeze(self) -> None:
        """Pause its container. Raises StackError where that cannot be read back."""
        if not self.child.running:
            await self.start()
        if not self.frozen:
            await self.child.freeze()

        async def stands_still() -> bool:
            return self.frozen

        if not await until(stands_still, QUERY_SECONDS):
            raise StackError(f"{self.name} was not frozen")

    async def copy(self) -> None:
        """Begin anew as a copy of the other one, which must lead. Raises StackError."""
        await self.end()
        for item in self._data.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item, ignore_errors=True)
            else:
                item.unlink(missing_ok=True)
        self._note.touch(0o644)
        try:
            await self.start()
        finally:
            self._note.unlink(missing_ok=True)


class ContainerDatabase(Database[ContainerServer]):
    """Both; who leads is told by what is on their disks."""

    def find_leader(self) -> None:
        """For a platform that starts while they are there already."""
        first, second = self.servers.values()
        self.leader = second if first.standby_on_disk and not second.standby_on_disk else first

    async def follow(self) -> None:
        """Make the follower anew from a copy of the leader and wait until it streams. Raises StackError."""
        await self.follower.copy()
        if not await until(self.streams, _STREAM_SECONDS):
            raise self.follower.child.failure(f"does not stream from {self.leader.name}")
