"""What Prometheus and Alertmanager say when they are asked: their intervals, their clock, what is pending.

Every question has a deadline. An answer that does not come, or is none, raises ``StackError``: it is never taken for
"nothing is wrong".
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import yaml

from gameday.errors import StackError
from gameday.model.quantities import duration

ASK_SECONDS = 2.0
_GROUP_WAIT = 30.0
"""Alertmanager's own default."""
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert that Prometheus lists: pending or firing."""

    labels: Mapping[str, str]
    active_at: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Intervals:
    """What makes the detection floor, as it is configured where alerts come from; seconds."""

    scrape: float
    evaluation: float
    group_wait: float
    holds: Mapping[str, float] = field(default_factory=dict)
    """Alert's name -> its rule's ``for``."""


class Prometheus:
    """One server's API."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._client = client

    async def alerts(self) -> list[Pending]:
        """Those that are pending or fire. Raises StackError."""
        found = await _get(self._client, f"{self._url}/api/v1/alerts")
        return [
            Pending(row["labels"], str(row.get("activeAt", "")), _number(row.get("value")))
            for row in found["data"]["alerts"]
        ]

    async def has_data(self, expression: str) -> bool:
        """Whether an expression has a value now. Raises StackError."""
        found = await _get(self._client, f"{self._url}/api/v1/query", {"query": expression})
        return bool(found["data"]["result"])

    async def skew(self) -> tuple[float, float]:
        """Seconds that its clock is ahead of this machine's, and the width of that. Raises StackError."""
        best = (0.0, float("inf"))
        for _ in range(_SAMPLES):
            sent = time.time()
            found = await _get(self._client, f"{self._url}/api/v1/query", {"query": "time()"})
            answered = time.time()
            if answered - sent < best[1]:
                ahead = float(found["data"]["result"][1]) - (sent + answered) / 2
                best = (ahead, answered - sent)
        return best

    async def rules(self) -> tuple[Mapping[str, float], float | None]:
        """Alert's name -> its ``for``; and the longest interval at which they are evaluated. Raises StackError."""
        found = await _get(self._client, f"{self._url}/api/v1/rules", {"type": "alert"})
        groups: Sequence[Mapping[str, Any]] = found["data"]["groups"]
        holds = {rule["name"]: float(rule["duration"]) for group in groups for rule in group["rules"]}
        return holds, max((float(group["interval"]) for group in groups if group["rules"]), default=None)

    async def scrape_interval(self) -> float:
        """The longest of its jobs. Raises StackError."""
        found = await _get(self._client, f"{self._url}/api/v1/status/config")
        config = _yaml(found["data"]["yaml"])
        usual = config.get("global", {}).get("scrape_interval", "1m")
        return max(
            (duration(job.get("scrape_interval", usual)) for job in config.get("scrape_configs") or ()),
            default=duration(usual),
        )


class Alertmanager:
    """One server's API, for one of its receivers."""

    def __init__(self, url: str, receiver: str, client: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._receiver = receiver
        self._client = client

    async def alerts(self) -> list[dict[str, Any]]:
        """What fires now for this receiver, and is neither silenced nor inhibited. Raises StackError."""
        query = {"silenced": "false", "inhibited": "false", "receiver": f"^{re.escape(self._receiver)}$"}
        found: list[dict[str, Any]] = await _get(self._client, f"{self._url}/api/v2/alerts", query)
        return found

    async def ready(self) -> bool:
        """True, where it is. Raises StackError."""
        await _get(self._client, f"{self._url}/api/v2/status")
        return True

    async def group_wait(self) -> float:
        """The longest of the routes to this receiver; 30 s, Alertmanager's own, where none says. Raises StackError."""
        found = await _get(self._client, f"{self._url}/api/v2/status")
        waits = _waits(_yaml(found["config"]["original"]).get("route", {}), "", _GROUP_WAIT)
        return max((wait for receiver, wait in waits if receiver == self._receiver), default=_GROUP_WAIT)


async def read_intervals(prometheus: Prometheus, alertmanager: Alertmanager) -> Intervals:
    """All that makes the floor. Raises StackError."""
    (holds, evaluation), scrape, wait = await asyncio.gather(
        prometheus.rules(), prometheus.scrape_interval(), alertmanager.group_wait()
    )
    return Intervals(scrape, evaluation or 0.0, wait, holds)


def _waits(route: Mapping[str, Any], receiver: str, wait: float) -> Iterator[tuple[str, float]]:
    """Receiver and group wait of every route; a child has its parent's where it says nothing."""
    receiver = route.get("receiver", receiver)
    wait = duration(route["group_wait"]) if "group_wait" in route else wait
    yield receiver, wait
    for child in route.get("routes") or ():
        yield from _waits(child, receiver, wait)


def _yaml(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    if not isinstance(found, dict):
        raise StackError("a configuration is no mapping")
    return found


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


async def _get(client: aiohttp.ClientSession, url: str, query: Mapping[str, str] | None = None) -> Any:
    try:
        async with asyncio.timeout(ASK_SECONDS), client.get(url, params=query) as answer:
            if not answer.ok:
                raise StackError(f"{url} answered {answer.status}")
            return await answer.json()
    except TimeoutError:
        raise StackError(f"{url} did not answer within {ASK_SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        raise StackError(f"{url} does not answer: {problem}") from problem
