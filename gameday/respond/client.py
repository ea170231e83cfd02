"""Talks to a running game day's desk from another process. Standard library only: an act must not wait for imports."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from gameday.errors import InputError, Refused

_DEADLINE = 90.0


def ask(url: str, token: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The desk's answer.

    Raises:
        InputError: the desk did not understand, and says why.
        Refused: nobody answers there any more.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=_DEADLINE)
    try:
        connection.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise Refused(f"the run's desk does not answer ({problem}); see: gameday status") from None
    finally:
        connection.close()
    if response.status >= http.client.BAD_REQUEST:
        raise InputError(str(answer.get("error", response.status)))
    return answer
