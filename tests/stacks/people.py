"""People who sign in, look, refresh and sign out at a steady pace, and what came of each request."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

JOURNEY = ("login", "profile", "refresh", "profile", "profile", "logout")
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it was sent, in seconds after the start, how long it took, and what came of it."""

    sent: float
    took: float
    step: str
    ok: bool
    words: str
    body: dict[str, Any] = field(default_factory=dict)


class People:
    """``users`` people with ``pace`` requests a second each, from the start of a ``with`` block to its end."""

    def __init__(self, url: str, users: int = 60, pace: float = 2.0, timeout: float = 2.0) -> None:
        self.requests: list[Request] = []
        self._url = url
        self._users = users
        self._period = 1 / pace
        self._timeout = timeout
        self._stop = False

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=self._timeout)
        )
        self.began = time.monotonic()
        self._tasks = [asyncio.create_task(self._live(number)) for number in range(self._users)]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._stop = True
        await asyncio.gather(*self._tasks)
        await self._client.close()

    @property
    def bad(self) -> list[Request]:
        """Those that failed so far."""
        return [request for request in self.requests if not request.ok]

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    async def _live(self, number: int) -> None:
        # Evenly spread over the period, and over the steps of the journey.
        first = self.began + number * _GOLDEN % 1 * self._period
        wait = number % len(JOURNEY)
        slot, step, token, user = wait, 0, "", f"user{number:03d}"
        while not self._stop:
            await asyncio.sleep(max(first + slot * self._period - time.monotonic(), 0))
            slot = max(slot + 1, int((time.monotonic() - first) / self._period) + 1)
            request = await self._send(JOURNEY[step], user, token)
            self.requests.append(request)
            token = str(request.body.get("token", token))
            failed_login = request.step == "login" and not request.ok
            step = 0 if failed_login else (step + 1) % len(JOURNEY)

    async def _send(self, step: str, user: str, token: str) -> Request:
        body = {"user": user, "password": f"pw-{user}"} if step == "login" else None
        method = "GET" if step == "profile" else "POST"
        headers = {"Authorization": f"Bearer {token}"}
        sent = self.now()
        try:
            async with self._client.request(
                method, f"{self._url}/{step}", json=body, headers=headers
            ) as answer:
                text = await answer.text()
                ok = answer.status == 200
                words = "" if ok else f"{answer.status} {text}"
                found = json.loads(text) if ok else {}
        except (aiohttp.ClientError, TimeoutError) as error:
            ok, words, found = False, repr(error), {}
        return Request(sent, self.now() - sent, step, ok, words, found)
