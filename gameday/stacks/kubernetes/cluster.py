"""One namespace of a cluster through the official API, asynchronous: pods and Deployments, listed and followed.

The library has no types; what comes back is read as plain dictionaries, as the API writes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from gameday.errors import StackError

GONE, CONFLICT = 404, 409
_ASK_SECONDS = 5.0
_WATCH_SECONDS = 240
_AGAIN_SECONDS = 0.2
_MERGE = "application/strategic-merge-patch+json"
_log = logging.getLogger(__name__)

Object = dict[str, Any]
Heard = Callable[[Object, bool], Awaitable[None]]
"""An object of the API, and whether it is there."""


class Cluster:
    """Asks about one namespace; every question has a deadline, and what goes wrong is a StackError."""

    def __init__(self, client: Any, namespace: str) -> None:
        self.namespace = namespace
        self._client = client

    async def ask(self, method: str, path: str, body: Any = None, kind: str = "", **query: Any) -> Any:
        """One call of the API below ``/api/v1`` or ``/apis/...``: JSON as a dictionary, a log as text.

        Raises:
            Gone: what is asked for is not there. There: what was to be made is.
            Denied: the cluster refuses. StackError: it does not answer.
        """
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                answer = await self._call(method, path, body, kind, query)
                text = await answer.text(errors="replace")
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise StackError(
                f"the cluster does not answer: {str(problem) or 'no answer in time'}"
            ) from problem
        if not answer.ok:
            raise _denied(method, path, answer.status, text)
        return json.loads(text) if "json" in answer.content_type else text

    async def _call(
        self, method: str, path: str, body: Any, kind: str, query: Mapping[str, Any], **how: Any
    ) -> aiohttp.ClientResponse:
        """The raw answer: the library knows addresses, certificates and tokens; JSON is all that we read."""
        headers = {"Accept": "application/json", "Content-Type": kind or "application/json"}
        found: aiohttp.ClientResponse = await self._client.call_api(
            path, method, query_params=list(query.items()), header_params=headers, body=body,
            auth_settings=["BearerToken"], _preload_content=False, _return_http_data_only=True, **how,
        )  # fmt: skip
        return found

    def path(self, kind: str, name: str = "", *, group: str = "api/v1", sub: str = "") -> str:
        """Where a kind of this namespace, or one of it, is asked for."""
        found = f"/{group}/namespaces/{self.namespace}/{kind}"
        return found + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")

    async def listed(self, kind: str, *, group: str = "api/v1", **query: Any) -> list[Object]:
        """All of a kind."""
        items: list[Object] = (await self.ask("GET", self.path(kind, group=group), **query))["items"]
        return items

    async def read(self, kind: str, name: str, *, group: str = "api/v1") -> Object | None:
        """One by its name; None where it is not there."""
        try:
            found: Object = await self.ask("GET", self.path(kind, name, group=group))
        except Gone:
            return None
        return found

    async def patch(
        self, kind: str, name: str, change: Object, *, manager: str, group: str = "api/v1"
    ) -> Object:
        """Change one; lists of named things are merged by their names."""
        found: Object = await self.ask(
            "PATCH", self.path(kind, name, group=group), change, _MERGE, fieldManager=manager
        )
        return found

    async def delete(self, kind: str, name: str, *, group: str = "api/v1", grace: int | None = None) -> None:
        """Take one away; one that is not there is well. ``grace`` in seconds."""
        body = {} if grace is None else {"gracePeriodSeconds": grace}
        with contextlib.suppress(Gone):
            await self.ask("DELETE", self.path(kind, name, group=group), body)

    async def follow(
        self, kind: str, heard: Heard, *, group: str = "api/v1", ready: asyncio.Event | None = None
    ) -> None:
        """Hear of every one of a kind, first those that are there and then each change, for ever."""
        known: dict[str, Object] = {}
        while True:
            try:
                listed = await self.ask("GET", self.path(kind, group=group))
                now = {item["metadata"]["name"]: item for item in listed["items"]}
                for name in known.keys() - now.keys():
                    await heard(known[name], False)
                for item in now.values():
                    await heard(item, True)
                known = now
                if ready is not None:
                    ready.set()
                await self._watch(kind, group, listed["metadata"]["resourceVersion"], known, heard)
            except StackError as problem:
                _log.warning("%s: %s", kind, problem)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
                _log.warning("the watch of %s ended: %s", kind, problem)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _watch(
        self, kind: str, group: str, version: str, known: dict[str, Object], heard: Heard
    ) -> None:
        path = self.path(kind, group=group)
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH_SECONDS)}
        answer = await self._call("GET", path, None, "", query, _request_timeout=_WATCH_SECONDS + 10)
        if not answer.ok:
            raise _denied("WATCH", path, answer.status, await answer.text())
        try:
            async for line in answer.content:
                event = json.loads(line)
                item = event["object"]
                if event["type"] == "ERROR":
                    return  # too old: listed anew
                name = item["metadata"]["name"]
                there = event["type"] != "DELETED"
                if there:
                    known[name] = item
                else:
                    known.pop(name, None)
                await heard(item, there)
        finally:
            answer.close()


class Denied(StackError):  # noqa: N818 - as Refused is
    """The cluster answered, and did not do it."""


class Gone(Denied):
    """What was asked for is not there."""


class There(Denied):
    """What was to be made is there already."""


def _denied(method: str, path: str, status: int, text: str) -> Denied:
    try:
        said = str(json.loads(text)["message"])
    except (KeyError, TypeError, ValueError):
        said = text[:200]
    return {GONE: Gone, CONFLICT: There}.get(status, Denied)(f"{method} {path}: {status} {said}")


def labels_of(item: Mapping[str, Any]) -> Mapping[str, str]:
    """An object's labels."""
    found: Mapping[str, str] = item["metadata"].get("labels") or {}
    return found
