"""The stack port over a platform's HTTP API: what every stack that is the sample system has in common.

Knows an address and a token; where they come from, and how such a system is brought up, its adapter knows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import aiohttp

from gameday.errors import InputError, StackError
from gameday.ports import (
    Alerting,
    Answer,
    Capabilities,
    Identity,
    LeverCall,
    LeverResult,
    LeverSpec,
    Target,
    Things,
    Topic,
    Witness,
)
from gameday.stacks.platform.catalog import COMPONENTS
from gameday.stacks.platform.lever_table import LEVERS, read_arguments, touched
from gameday.stacks.platform.looks import check_look

ASK_SECONDS = 5.0
CHANGE_SECONDS = 60.0
"""A rolling change of ten replicas, each with requests that hang, ends within this."""


class PlatformClient(ABC):
    """Asks the platform of one standing system."""

    kind: ClassVar[str]

    @abstractmethod
    def _control(self) -> tuple[str, str]:
        """The API's address and its token. Raises StackError where no system stands."""

    async def identity(self) -> Identity:
        """Asked of the platform."""
        return Identity(**await self._get("/identity"))

    async def claim(self, run: str, claim: str, seconds: float) -> str:
        """Kept by the platform."""
        body = {"run": run, "claim": claim, "seconds": seconds}
        found: str = (await self._ask("POST", "/claim", body, ASK_SECONDS))["by"]
        return found

    async def release(self, run: str) -> None:
        """Kept by the platform."""
        await self._ask("DELETE", "/claim", None, ASK_SECONDS, {"run": run})

    async def ready(self) -> Mapping[str, bool]:
        """Asked of the parts by the platform."""
        ready: dict[str, bool] = await self._get("/ready")
        return ready

    def alerting(self) -> Alerting | None:
        """Nobody but the run itself."""
        return None

    def witness(self) -> Witness | None:
        """Nobody."""
        return None

    def capabilities(self) -> Capabilities:
        """Every lever of the table, on every component."""
        return Capabilities(frozenset(spec.name for spec in LEVERS), frozenset(COMPONENTS))

    async def targets(self) -> Sequence[Target]:
        """Gateway, each replica, and what the platform exports for database, platform and host."""
        return [Target(**row) for row in await self._get("/targets")]

    async def inventory(self) -> Things:
        """Asked of the parts by the platform."""
        things: Things = await self._get("/inventory")
        return things

    async def restore(self, things: Things) -> None:
        """Bring these things to these states."""
        await self._ask("POST", "/restore", things, CHANGE_SECONDS)

    async def deploy(self, service: str, version: str, author: str) -> LeverResult:
        """Bring a release out, as the pipeline of this system does."""
        body = {"service": service, "version": version, "author": author}
        return LeverResult(**await self._ask("POST", "/deploy", body, CHANGE_SECONDS))

    def levers(self) -> Sequence[LeverSpec]:
        """The table."""
        return LEVERS

    def touches(self, call: LeverCall) -> Mapping[str, Sequence[str]]:
        """From the table; raises InputError."""
        return touched(call)

    async def pull(self, call: LeverCall) -> LeverResult:
        """Checked here first, done by the platform."""
        read_arguments(call)
        body = {"name": call.name, "arguments": dict(call.arguments)}
        return LeverResult(**await self._ask("POST", "/levers", body, CHANGE_SECONDS))

    async def look(self, topic: Topic, arguments: Mapping[str, str]) -> Answer:
        """Checked here first, answered by the platform."""
        check_look(topic, arguments)
        found = await self._ask("GET", f"/looks/{topic}", None, ASK_SECONDS, arguments)
        return Answer(Topic(found["topic"]), found["columns"], found["rows"], found["note"])

    async def _get(self, path: str) -> Any:
        return await self._ask("GET", path, None, ASK_SECONDS)

    async def _ask(
        self,
        method: str,
        path: str,
        body: object,
        seconds: float,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """One request to the platform, within a deadline. Raises InputError and StackError as it does."""
        control, token = self._control()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as client,
                client.request(
                    method,
                    control + path,
                    json=body,
                    params=query,
                    headers={"Authorization": f"Bearer {token}"},
                ) as answer,
            ):
                found = await answer.json()
        except TimeoutError as error:
            raise StackError(
                f"the {self.kind} stack did not answer {method} {path} within {seconds:g} s"
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise StackError(f"the {self.kind} stack does not answer {method} {path}: {error}") from error
        if answer.ok:
            return found
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise InputError(found["error"])
        raise StackError(found["error"])
