"""An observer beside a game day: asks one thing at a constant pace and writes down what it got. Knows no gameday.

    python benchmarks/observer.py GATEWAY_URL FILE [--journey profile|login] [--every 0.02] [--timeout 2]

The token for the profile is obtained once, before the first probe. Probes are an open loop: each leaves at its own
instant, whether or not earlier ones were answered. Instants are those of CLOCK_MONOTONIC. It runs until SIGTERM,
waits for what is under way, and writes one JSON line a probe: [sent, ended, problem].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

_USER = "user290"
"""An account that no user of the load has."""
_MARGIN = 0.5
"""Seconds beyond the time-out after which a probe is given up; it is bad by then."""


class Observer:
    """Probes of one journey, and what became of them."""

    def __init__(self, client: aiohttp.ClientSession, journey: str, timeout: float) -> None:
        self.probes: list[list[Any]] = []
        self._client = client
        self._journey = journey
        self._timeout = aiohttp.ClientTimeout(total=timeout + _MARGIN)
        self._token = ""

    async def sign_in(self) -> None:
        """Obtain the token, once."""
        async with self._client.post("/login", json=_credentials(_USER), timeout=self._timeout) as answer:
            self._token = (await answer.json())["token"]

    async def probe(self, number: int) -> None:
        """Ask once."""
        row: list[Any] = [time.monotonic(), None, "unfinished"]
        self.probes.append(row)
        try:
            row[2] = await (self._profile() if self._journey == "profile" else self._login(number))
        except TimeoutError:
            row[2] = "timeout"
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            row[2] = type(problem).__name__
        row[1] = time.monotonic()

    async def _profile(self) -> str:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._client.get("/profile", headers=headers, timeout=self._timeout) as answer:
            return await _problem(answer, "user", _USER)

    async def _login(self, number: int) -> str:
        body = _credentials(f"user{200 + number % 100:03d}")
        async with self._client.post("/login", json=body, timeout=self._timeout) as answer:
            return await _problem(answer, "token", None)


async def _problem(answer: aiohttp.ClientResponse, key: str, wanted: str | None) -> str:
    """What is wrong with an answer; empty for a good one."""
    found = await answer.json(content_type=None)
    if answer.status != 200:
        return str(answer.status)
    value = found.get(key) if isinstance(found, dict) else None
    return "" if value and wanted in {None, value} else "wrong"


def _credentials(user: str) -> dict[str, str]:
    return {"user": user, "password": f"pw-{user}"}


async def observe(given: argparse.Namespace) -> list[list[Any]]:
    """Probe until SIGTERM; gives the probes in the order of their sending."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)  # no probe meets what another left behind
    async with aiohttp.ClientSession(given.url, connector=connector) as client, asyncio.TaskGroup() as group:
        observer = Observer(client, given.journey, given.timeout)
        await observer.sign_in()
        due, number = time.monotonic(), 0
        while not ended.is_set():
            group.create_task(observer.probe(number))
            due, number = due + given.every, number + 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    return observer.probes


def main() -> int:
    """Read the command line, observe, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--journey", choices=["profile", "login"], default="profile")
    parser.add_argument("--every", type=float, default=0.02, help="seconds between two probes (%(default)s)")
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds until one is bad (%(default)s)")
    given = parser.parse_args()
    probes = asyncio.run(observe(given))
    given.file.write_text("".join(json.dumps(probe) + "\n" for probe in probes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
