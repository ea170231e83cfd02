"""Users and sessions in PostgreSQL: the statements, each on a connection that the caller brings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from psycopg import AsyncConnection

Connection: TypeAlias = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a user sees of themselves."""

    user: str
    name: str
    email: str


async def password_holds(connection: Connection, user: str, password: str) -> bool:
    """Whether this user exists and has this password."""
    rows = await connection.execute("SELECT digest FROM users WHERE name = %s", (user,))
    row = await rows.fetchone()
    return row is not None and secrets.compare_digest(bytes(row[0]), sha256(password.encode()).digest())


async def open_session(connection: Connection, user: str) -> str:
    """Sign the user in; returns the new token."""
    token = secrets.token_urlsafe(24)
    await connection.execute("INSERT INTO sessions (token, user_name) VALUES (%s, %s)", (token, user))
    return token


async def refresh_session(connection: Connection, token: str) -> str | None:
    """Exchange a token for a new one; None where it is unknown or void."""
    new = secrets.token_urlsafe(24)
    statement = "UPDATE sessions SET token = %s, refreshed = now() WHERE token = %s"
    return new if (await connection.execute(statement, (new, token))).rowcount else None


async def read_profile(connection: Connection, token: str) -> Profile | None:
    """The profile of the token's user; None where the token is unknown or void."""
    rows = await connection.execute(
        "SELECT name, full_name, email FROM users JOIN sessions ON user_name = name WHERE token = %s",
        (token,),
    )
    row = await rows.fetchone()
    return Profile(*row) if row else None


async def close_session(connection: Connection, token: str) -> bool:
    """Sign the token's user out; False where the token is unknown or void."""
    return (await connection.execute("DELETE FROM sessions WHERE token = %s", (token,))).rowcount > 0
