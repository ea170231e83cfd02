"""All containers of one project: listed once, then followed by the engine's events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiodocker import Docker, DockerError

from gameday.errors import StackError
from gameday.stacks.compose.container import GONE, Container
from gameday.stacks.compose.names import NUMBER, PROJECT, SERVICE

_AGAIN_SECONDS = 0.5
_LOOK_SECONDS = 5.0
_log = logging.getLogger(__name__)

Heard = Callable[[str, int, Mapping[str, Any] | None], Awaitable[None]]
"""Service, number, and the container's description; None where it was taken away."""


class Fleet:
    """The containers by service and number; whoever asks for one that is not there gets one that does not run."""

    def __init__(self, engine: Docker, project: str) -> None:
        self.engine = engine
        self.project = project
        self._containers: dict[tuple[str, int], Container] = {}
        self._task: asyncio.Task[None] | None = None
        self.heard: Heard | None = None

    def container(self, service: str, number: int = 1) -> Container:
        """The container of a service; people call it by the service, the first of several with its number."""
        key = (service, number)
        if key not in self._containers:
            name = service if number == 1 and service != "auth" else f"{service}-{number}"
            self._containers[key] = Container(self.engine, f"{self.project}-{service}-{number}", name)
        return self._containers[key]

    def all(self) -> list[Container]:
        """Those that are there."""
        return [container for _, container in sorted(self._containers.items()) if container.there]

    async def start(self) -> None:
        """Begin to follow; what is there is known when this returns. Raises StackError."""
        await self._list()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _list(self) -> None:
        try:
            found = await self.engine.containers.list(
                all=True, filters=json.dumps({"label": [f"{PROJECT}={self.project}"]})
            )
            ids = {container.id for container in found}
        except (DockerError, OSError) as problem:
            raise StackError(f"the engine does not list the project's containers: {problem}") from problem
        for known in list(self._containers.values()):
            if known.there:
                await known.refresh()
        for one in ids:
            await self._look(one)

    async def _follow(self) -> None:
        """Events come at once; the list is asked again now and then, since a stream may break unheard."""
        while True:
            try:
                await self._listen()
            except (DockerError, OSError, StackError, ValueError) as problem:
                _log.warning("the engine's events ended: %s", problem)
            await asyncio.sleep(_AGAIN_SECONDS)
            with contextlib.suppress(StackError):
                await self._list()

    async def _listen(self) -> None:
        filters = {"type": ["container"], "label": [f"{PROJECT}={self.project}"]}
        events = self.engine.events
        subscriber = events.subscribe(create_task=False)  # type: ignore[no-untyped-call]
        running = asyncio.create_task(events.run(filters=json.dumps(filters)))
        try:
            while (event := await subscriber.get()) is not None:
                if not str(event.get("Action", "")).startswith("exec_"):
                    await self._heard(event)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError, DockerError, OSError):
                await running

    async def _heard(self, event: Mapping[str, Any]) -> None:
        labels = event["Actor"]["Attributes"]
        if event["Action"] == "destroy":
            service, number = labels.get(SERVICE, ""), int(labels.get(NUMBER, 0))
            self.container(service, number).told(None)
            if self.heard:
                await self.heard(service, number, None)
        else:
            await self._look(event["Actor"]["ID"])

    async def _look(self, one: str) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                shown = await self.engine.containers.container(one).show()
        except DockerError as problem:
            if problem.status == GONE:
                return
            raise
        labels = shown["Config"]["Labels"]
        service, number = labels.get(SERVICE, ""), int(labels.get(NUMBER, 0))
        self.container(service, number).told(shown)
        if self.heard:
            await self.heard(service, number, shown)
