"""What responders can ask the embedded stack: one small table for each topic, as it is now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import aiohttp
import psycopg

from gameday.errors import InputError, StackError
from gameday.model.quantities import duration, nearest
from gameday.ports import Answer, Json, Topic
from gameday.stacks.platform.catalog import (
    DATABASE,
    FLAGS,
    IDENTITY,
    MEMORY_LIMIT,
    SERVICE,
    STANDBY,
    known,
    read_value,
)
from gameday.stacks.platform.database import RESERVED
from gameday.stacks.platform.history import Change, utc_now
from gameday.stacks.platform.log_reading import LEVELS, LogLine
from gameday.stacks.platform.parts import Parts
from gameday.stacks.platform.program import Program

Arguments: TypeAlias = Mapping[str, str]

PARAMETERS: Mapping[Topic, Mapping[str, str]] = {
    Topic.DEPLOYS: {"service": "only this service"},
    Topic.CONFIG: {"since": "only changes of the last, for example, 30m"},
    Topic.METRICS: {},
    Topic.LOGS: {
        "service": "only this service",
        "level": "at least this level (INFO)",
        "since": "of the last (2m)",
        "limit": "the newest so many (50)",
    },
    Topic.DEPENDENCIES: {},
    Topic.CONNECTIONS: {},
}
LOG_SERVICES = (SERVICE, IDENTITY, DATABASE, STANDBY, "gateway", "fault-proxy")
_PROBE_SECONDS = 3.0
_MOST_LINES = 500
_GIVING_UP: set[asyncio.Task[str]] = set()
"""Probes that got no answer in time and are not done with that yet."""


def check_look(topic: Topic, arguments: Arguments) -> None:
    """Raises InputError for an argument that this topic does not take, with the nearest that it does."""
    for name in arguments:
        if name not in PARAMETERS[topic]:
            near = nearest(name, list(PARAMETERS[topic]))
            takes = ", ".join(PARAMETERS[topic]) or "no arguments"
            raise InputError(f"look {topic} has no argument '{name}'{near} (it takes {takes})")
    if "service" in arguments:
        known("service", arguments["service"], LOG_SERVICES if topic is Topic.LOGS else [SERVICE])
    if "since" in arguments:
        read_value("since", arguments["since"], duration)
    if "level" in arguments:
        known("level", arguments["level"].upper(), LEVELS)
    if "limit" in arguments and not (arguments["limit"].isascii() and arguments["limit"].isdigit()):
        raise InputError(f"limit: '{arguments['limit']}' is not a whole number")


async def look(parts: Parts, topic: Topic, arguments: Arguments) -> Answer:
    """Answer with what is known now. Raises InputError or StackError."""
    check_look(topic, arguments)
    return await _ANSWERS[topic](parts, arguments)


async def _deploys(parts: Parts, _arguments: Arguments) -> Answer:
    columns = ("time", "ago", "service", "from", "to", "author")
    rows = [_change_row(change) for change in reversed(parts.history.deploys)]
    seen = await parts.auth.observed()
    return Answer(Topic.DEPLOYS, columns, rows, f"{SERVICE} runs {seen.version}")


async def _config(parts: Parts, arguments: Arguments) -> Answer:
    columns = ("time", "ago", "setting", "from", "to", "author")
    changes = list(reversed(parts.history.settings))
    if "since" in arguments:
        oldest = utc_now() - timedelta(seconds=duration(arguments["since"]))
        changes = [change for change in changes if change.time >= oldest]
    return Answer(Topic.CONFIG, columns, [_change_row(change) for change in changes])


async def _metrics(parts: Parts, _arguments: Arguments) -> Answer:
    states = await asyncio.gather(
        *(replica.admin("state") for replica in parts.auth.replicas), return_exceptions=True
    )
    ready = await parts.auth.ready_replicas()
    rows: list[tuple[Json, ...]] = [("replicas ready", f"{ready} of {parts.auth.spec.replicas}")]
    for replica, state in zip(parts.auth.replicas, states, strict=True):
        if isinstance(state, dict):
            flags = ", ".join(flag for flag in FLAGS if state["flags"].get(flag)) or "none"
            words = f"{state['release']}, flags on: {flags}, in flight {state['in_flight']}"
        else:
            words = "does not answer" if replica.child.running else "is down"
        rows.append((f"replica {replica.name}", f"{words}, {await _life(replica.child)}"))
    rows.append(("database connections", await _sessions(parts)))
    return Answer(Topic.METRICS, ("what", "now"), rows)


async def _sessions(parts: Parts) -> str:
    try:
        [(used,)] = await parts.database.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
    except StackError:
        return "the database does not answer"
    return f"{used} of {parts.database.max_connections}"


async def _life(child: Program) -> str:
    """Memory, restarts, how it last ended, and whether it waits to be started again."""
    used, megabyte = await child.memory(), 2**20
    said = [f"memory {used / megabyte:.0f} of {MEMORY_LIMIT / megabyte:.0f} MB"] if used is not None else []
    ended = f" (last end: {child.last_end})" if child.last_end else ""
    said.append(f"restarts {child.restarts}{ended}")
    if child.starts_in is not None:
        said.append(f"{child.waits or 'waiting'}, starts again in {child.starts_in:.0f} s")
    elif child.waits:
        said.append(child.waits)
    return ", ".join(said)


async def _logs(parts: Parts, arguments: Arguments) -> Answer:
    since = utc_now() - timedelta(seconds=duration(arguments.get("since", "2m")))
    limit = min(int(arguments.get("limit", "50")), _MOST_LINES)
    level = arguments.get("level", "INFO").upper()
    lines = await parts.logs(since, level, arguments.get("service"))
    shown = lines[-limit:] if limit else []
    note = f"{len(lines)} lines, the last {len(shown)} shown" if len(lines) > len(shown) else ""
    return Answer(Topic.LOGS, ("time", "level", "who", "message"), [_log_row(line) for line in shown], note)


async def _dependencies(parts: Parts, _arguments: Arguments) -> Answer:
    asks = {IDENTITY: _ask_identity, DATABASE: _ask_database, STANDBY: _ask_database}
    probes = [
        (name, path, ask(url))
        for name, ask in asks.items()
        for path, url in (
            ("as the service reaches it", parts.addresses.ways[name].proxied),
            ("directly", parts.addresses.ways[name].direct),
        )
    ]
    answers = await asyncio.gather(*(probe for _, _, probe in probes))
    rows = [(name, path, *answer) for (name, path, _), answer in zip(probes, answers, strict=True)]
    return Answer(Topic.DEPENDENCIES, ("dependency", "asked", "healthy", "milliseconds", "detail"), rows)


async def _connections(parts: Parts, _arguments: Arguments) -> Answer:
    rows = await parts.database.ask(
        "SELECT usename, application_name, state, count(*),"
        " round(extract(epoch FROM max(now() - state_change)), 1)::float8"
        " FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " GROUP BY usename, application_name, state ORDER BY count(*) DESC, usename, application_name"
    )
    total = sum(row[3] for row in rows)
    limit = parts.database.max_connections
    kept = f"{RESERVED} are reserved for superusers"
    if parts.database.privileged:
        kept += f", {parts.database.privileged} for roles with pg_use_reserved_connections"
    note = f"{total} of {limit} connections in use; {kept}"
    return Answer(
        Topic.CONNECTIONS, ("user", "application", "state", "count", "oldest in state, s"), rows, note
    )


_ANSWERS: dict[Topic, Callable[[Parts, Arguments], Awaitable[Answer]]] = {
    Topic.DEPLOYS: _deploys,
    Topic.CONFIG: _config,
    Topic.METRICS: _metrics,
    Topic.LOGS: _logs,
    Topic.DEPENDENCIES: _dependencies,
    Topic.CONNECTIONS: _connections,
}


async def _ask_identity(url: str) -> tuple[bool, float, str]:
    async def ask() -> str:
        async with aiohttp.ClientSession() as client, client.get(f"{url}/healthz") as answer:
            if not answer.ok:
                raise StackError(f"status {answer.status}")
            return ""

    return await _timed(ask())


async def _ask_database(url: str) -> tuple[bool, float, str]:
    async def ask() -> str:
        # As the service's own role, on a new connection that writes: what a login needs.
        async with await psycopg.AsyncConnection.connect(
            url, application_name="gameday look", connect_timeout=3
        ) as connection:
            [follows] = await (await connection.execute("SELECT pg_is_in_recovery()")).fetchone() or [None]
        return "standby, read-only" if follows else "primary, writable"

    return await _timed(ask())


async def _timed(asking: Coroutine[Any, Any, str], within: float = _PROBE_SECONDS) -> tuple[bool, float, str]:
    """Healthy, milliseconds, what it said or what was wrong. Never longer than ``within`` seconds.

    Who asks and gets no answer may need long to give up as well (a database client asks the server to cancel, by
    the same slow way), and does so behind our back.
    """
    began = time.perf_counter()
    task = asyncio.create_task(asking)
    done, _ = await asyncio.wait({task}, timeout=within)
    taken = round((time.perf_counter() - began) * 1000, 1)
    if not done:
        task.cancel()
        _GIVING_UP.add(task)
        task.add_done_callback(_gave_up)
        return False, taken, f"no answer within {within:g} s"
    problem = task.exception()
    if problem is None:
        return True, taken, task.result()
    if not isinstance(problem, (aiohttp.ClientError, psycopg.Error, StackError, OSError)):
        raise problem
    return False, taken, " ".join(str(problem).split()) or type(problem).__name__


def _gave_up(task: asyncio.Task[str]) -> None:
    """What came of it in the end interests nobody."""
    _GIVING_UP.discard(task)
    if not task.cancelled():
        task.exception()


def _change_row(change: Change) -> tuple[Json, ...]:
    return (_instant(change.time), _ago(change.time), change.what, change.before, change.after, change.author)


def _log_row(line: LogLine) -> tuple[Json, ...]:
    return (_instant(line.time), line.level, line.who, line.message)


def _instant(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def _ago(time: datetime) -> str:
    seconds = round((utc_now() - time).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
