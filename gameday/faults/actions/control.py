"""Actions and probes through a stack's control API: releases, and whatever else a recipe remembers."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from gameday.faults.actions import memory

_DEADLINE = 60.0
"""Longer than any stack works on one act: what it says of a roll-out that went wrong is to be heard."""

__all__ = ["ask", "deploy", "nothing", "remember", "restore", "version_is"]


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON answer of the control API; urllib raises on every status of 400 and above."""
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        os.environ["GAMEDAY_CONTROL_URL"].rstrip("/") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ.get('GAMEDAY_CONTROL_TOKEN', '')}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:  # noqa: S310 - the stack's own address
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as problem:
        with problem:
            raise RuntimeError(f"{method} {path}: {problem.code} {problem.read().decode()[:300]}") from None


def _inventory() -> dict[str, dict[str, Any]]:
    things: dict[str, dict[str, Any]] = ask("GET", "/inventory")
    return things


def remember(component: str) -> list[str]:
    """Keep the component's present states for ``restore``; gives the aspects kept."""
    memory.keep(component, _inventory()[component])
    return sorted(memory.recall(component))


def restore(component: str) -> bool:
    """Bring the component back to what is remembered, and read it back.

    Raises:
        RuntimeError: an aspect is still different afterwards.
    """
    states = memory.recall(component)
    ask("POST", "/restore", {component: states})
    now = _inventory()[component]
    left = [
        f"{aspect} is {now.get(aspect)!r}, not {state!r}"
        for aspect, state in states.items()
        if now.get(aspect) != state
    ]
    if left:
        raise RuntimeError(f"{component}: {'; '.join(left)}")
    return True


def deploy(service: str, version: str, author: str = "deploy-bot") -> str:
    """Roll a release out to every replica; gives what was done."""
    answer = ask("POST", "/deploy", {"service": service, "version": version, "author": author})
    return str(answer.get("did", "")) if isinstance(answer, dict) else ""


def version_is(service: str, version: str) -> bool:
    """Whether every replica of a service runs a release."""
    return bool(_inventory()[service].get("version") == version)


def nothing() -> bool:
    """Break nothing: the no-fault control."""
    return True
