"""Asking the external identity provider at each login, behind a breaker.

Closed, the provider's answer decides, and a provider that cannot be reached fails the login. Open, nobody is
asked. In both, and when the time-out passes, a login that goes on without an answer says so.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from enum import Enum
from typing import Self

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Histogram

_log = logging.getLogger(__name__)
_STATE = re.compile(r"closed|open|timeout=(?P<ms>[1-9]\d*)ms")


class Outcome(Enum):
    """What came of asking."""

    VERIFIED = "verified"
    REFUSED = "refused"
    SKIPPED_OPEN = "skipped_breaker_open"
    SKIPPED_TIMEOUT = "skipped_timeout"
    FAILED = "failed"


class ProviderDown(Exception):  # noqa: N818 - reads as what is the case
    """The identity provider could not be reached, or answered nonsense."""


class IdentityCheck:
    """One per process; ``breaker`` may be set at any time: ``closed``, ``open`` or ``timeout=200ms``."""

    def __init__(self, url: str, limit: float, breaker: str, registry: CollectorRegistry) -> None:
        self._url = url
        self._limit = limit
        self._breaker = "closed"
        self.set_breaker(breaker)
        self._checks = Counter(
            "identity_checks", "Identity checks of logins by outcome", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "identity_check_duration_seconds", "How long the identity provider took", registry=registry
        )
        for outcome in Outcome:
            self._checks.labels(outcome.value)
        self._client: aiohttp.ClientSession | None = None

    @property
    def breaker(self) -> str:
        """The state as it was set."""
        return self._breaker

    def set_breaker(self, state: str) -> None:
        """Raises ValueError for anything that is not a state."""
        if not _STATE.fullmatch(state):
            raise ValueError(f"a breaker is closed, open or timeout=200ms, not {state!r}")
        self._breaker = state

    async def __aenter__(self) -> Self:
        # A connection for each check: one kept idle would fail a login whenever the provider restarts.
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._client:
            await self._client.close()

    async def ask(self, user: str) -> Outcome:
        """Ask about a user; never longer than the time-out. Raises ProviderDown."""
        if self._breaker == "open":
            outcome = Outcome.SKIPPED_OPEN
        else:
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self._seconds_to_wait()):
                    outcome = await self._post(user)
            except TimeoutError:
                outcome = Outcome.SKIPPED_TIMEOUT
                _log.warning(
                    "identity provider silent for %.3g s, going on without it", self._seconds_to_wait()
                )
            except (aiohttp.ClientError, OSError, ValueError) as error:
                self._checks.labels(Outcome.FAILED.value).inc()
                raise ProviderDown(f"identity provider: {error}") from error
            finally:
                self._seconds.observe(time.perf_counter() - began)
        self._checks.labels(outcome.value).inc()
        return outcome

    def _seconds_to_wait(self) -> float:
        match = _STATE.fullmatch(self._breaker)
        return int(match["ms"]) / 1000 if match and match["ms"] else self._limit

    async def _post(self, user: str) -> Outcome:
        assert self._client
        async with self._client.post(
            f"{self._url}/verify", json={"user": user}, raise_for_status=True
        ) as answer:
            body = await answer.json()
        return Outcome.VERIFIED if body["verified"] else Outcome.REFUSED
