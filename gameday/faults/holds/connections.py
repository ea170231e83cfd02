"""Every free connection of a PostgreSQL server, opened as an ordinary role and kept idle, like a batch job gone wrong.

A connection that becomes free while it holds is taken too: a replica that is killed gives some back, and the one
that comes in its place finds none. The job works until somebody ends one of its sessions: then it is a batch job
that died, and opens no others.
"""

from __future__ import annotations

import contextlib
import os
import select
from typing import Any

import psycopg

from gameday.faults.holder import Lease

_EVERY = 0.1
"""Seconds between two looks for free connections; a killed replica is back after about a second."""
_CONNECT_SECONDS = 2

# Ordinary roles see of other roles' sessions only who and where they are: both are there for clients alone.
_FREE = """
SELECT free - CASE WHEN privileged THEN 0 ELSE reserved END, free - reserved FROM (
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - (SELECT count(*)::int FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL) AS free,
           coalesce(current_setting('reserved_connections', true), '0')::int AS reserved,
           coalesce((SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_use_reserved_connections'),
                    false) AS privileged) AS now
"""
"""Connections that the role itself can still have, and those that others can."""


def hold_connections(lease: Lease, leave_free: int, application: str) -> None:
    """Hold all that the role can have, or all but ``leave_free`` of what others can; says ``held``, how many.

    The role and the server are those of the environment's ``GAMEDAY_DATABASE_BATCH_URL``. A role that may use
    reserved connections takes those as well, unless some are to be left free: then what others give back and ask
    for again, as in a restart, is never theirs. Where the server has none to reserve, it is who comes first.

    Raises:
        psycopg.Error: not even the first connection could be opened.
    """
    held = [_connect(application)]
    said = 0
    try:
        while True:
            wanted = _free(held[0], leave_free)
            # In this order: a session that was ended has had its farewell before its place counts as free.
            if any(_ended(connection) for connection in held):
                return
            held += _open(wanted, application, held[0])
            if len(held) != said:
                said = len(held)
                lease.say(held=said)
            if not lease.lasts(_EVERY):
                return
    except psycopg.Error:  # the session that looks was ended, or the server
        return
    finally:
        for connection in held:
            with contextlib.suppress(psycopg.Error):
                connection.close()


def _free(looking: psycopg.Connection[Any], leave_free: int) -> int:
    """How many more to take."""
    row = looking.execute(_FREE).fetchone()
    assert row is not None
    own, others = row
    return int(others) - leave_free if leave_free else int(own)


def _open(wanted: int, application: str, first: psycopg.Connection[Any]) -> list[psycopg.Connection[Any]]:
    """So many more; fewer where others were quicker, or where somebody ends the first one meanwhile."""
    opened: list[psycopg.Connection[Any]] = []
    with contextlib.suppress(psycopg.OperationalError):
        while len(opened) < wanted and not _ended(first):
            opened.append(_connect(application))
    return opened


def _connect(application: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        os.environ["GAMEDAY_DATABASE_BATCH_URL"],
        autocommit=True,
        application_name=application,
        connect_timeout=_CONNECT_SECONDS,
    )


def _ended(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has ended an idle session: its last words make the socket readable."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.pgconn.status != psycopg.pq.ConnStatus.OK
