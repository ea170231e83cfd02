"""Actions and probes of held database connections: taken, read back through the database, let go.

Two URLs come from the stack's environment: ``GAMEDAY_DATABASE_BATCH_URL``, a role of its own that is no
superuser, which takes the connections, and ``GAMEDAY_DATABASE_ADMIN_URL``, which gets in by the reserved slots when
all are taken.
"""

from __future__ import annotations

import os
import re
import select
import tempfile
import time
from typing import Any, LiteralString

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gameday.faults.actions import holding

__all__ = ["connections_held", "hold_connections", "let_connections_go"]

TOO_MANY = "53300"
"""SQLSTATE of ``too_many_connections``."""
HOLD = "gameday.faults.holds.connections:hold_connections"
"""What the holder calls."""
_CONNECT_SECONDS = 2
_LET_GO_SECONDS = 3.0
_MOMENT = 2.0
"""Seconds in which the holder takes what has just become free, on a busy machine as well."""
_STATE = re.compile(r'\tErrorResponse\t.* C "(\w{5})"')


def hold_connections(
    leave_free: int = 0, lease: str = "10s", application: str = "nightly-report"
) -> dict[str, Any]:
    """Take every connection that is not for superusers only, and keep them idle.

    Args:
        leave_free: so many stay free for others.
        lease: how long they are held when nobody watches any more.
        application: the name under which the database lists the sessions.

    Returns:
        ``held``: how many. ``state``: the SQLSTATE with which the next is refused, empty where it is not.

    Raises:
        ValueError: ``leave_free`` is below nothing.
        RuntimeError: none could be taken.
    """
    if leave_free < 0:
        raise ValueError(f"leave_free is {leave_free}; it cannot be less than 0")
    said = holding.hold(HOLD, lease, leave_free=leave_free, application=application)
    return {**said, "state": refusal(application)}


def connections_held(leave_free: int = 0, application: str = "nightly-report") -> bool:
    """Whether the sessions are there, and, where none is left free, whether one more is refused for that.

    Raises:
        psycopg.Error: the database cannot be asked.
    """
    until = time.monotonic() + _MOMENT
    while _sessions(application):
        if leave_free or refusal(application) == TOO_MANY:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)  # somebody has just given some back
    return False


def let_connections_go(application: str = "nightly-report") -> int:
    """End the holder of this process, and any session that another one still holds; gives how many were there.

    Raises:
        RuntimeError: some are left.
    """
    there = _sessions(application)
    holding.let_go(HOLD)
    until = time.monotonic() + _LET_GO_SECONDS
    while left := _sessions(application):
        if time.monotonic() > until:
            raise RuntimeError(f"{left} sessions of {application} are left")
        _ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND application_name = %s",
            application,
        )
        time.sleep(0.05)
    return there


def refusal(application: str) -> str:
    """The SQLSTATE with which one more session of the ordinary role is refused; empty where it is not.

    libpq gives the words of a refused connection, in the server's language, but not its SQLSTATE; in the trace
    of the protocol it stands in every language.
    """
    url = make_conninfo(_batch_url(), application_name=application, connect_timeout=_CONNECT_SECONDS)
    until = time.monotonic() + _CONNECT_SECONDS
    with tempfile.TemporaryFile() as trace:
        connection = pq.PGconn.connect_start(url.encode())
        try:
            connection.trace(trace.fileno())
            status = connection.connect_poll()
            while status in {pq.PollingStatus.READING, pq.PollingStatus.WRITING}:
                reading = status == pq.PollingStatus.READING
                ready = select.poll()
                ready.register(connection.socket, select.POLLIN if reading else select.POLLOUT)
                if not ready.poll(max(0, until - time.monotonic()) * 1000):
                    raise psycopg.OperationalError(f"no answer within {_CONNECT_SECONDS} s")
                status = connection.connect_poll()
            if status == pq.PollingStatus.OK:
                return ""
            words = connection.error_message.decode(errors="replace").strip()
            connection.untrace()
        finally:
            connection.finish()
        trace.seek(0)
        states = _STATE.findall(trace.read().decode(errors="replace"))
    if not states:
        raise psycopg.OperationalError(words)
    return str(states[-1])


def _sessions(application: str) -> int:
    """How many sessions of the ordinary role there are under this name."""
    [(count,)] = _ask(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND application_name = %s", application
    )
    return int(count)


def _ask(query: LiteralString, application: str) -> list[tuple[Any, ...]]:
    role = conninfo_to_dict(_batch_url())["user"]
    with psycopg.connect(
        os.environ["GAMEDAY_DATABASE_ADMIN_URL"], autocommit=True, connect_timeout=_CONNECT_SECONDS
    ) as connection:
        return connection.execute(query, (role, application)).fetchall()


def _batch_url() -> str:
    return os.environ["GAMEDAY_DATABASE_BATCH_URL"]
