"""Actions and probes on a service's replicas: their end by SIGKILL, and whether they are back."""

from __future__ import annotations

import time
from typing import Any

from gameday.faults.actions.control import ask

__all__ = ["kill", "killed_are_missing", "replicas_are_back"]

_BACK_SECONDS = 20.0
_EVERY_SECONDS = 0.1
_KILLED: dict[str, dict[int, str]] = {}
"""Service -> process id -> name of every replica that this process had killed."""


def kill(service: str, count: int | str = 1, pick: str = "random", seed: int = 0) -> list[str]:
    """Kill replicas of a service: ``2``, ``50%`` or ``all`` of them, ``random`` ones or the ``oldest``.

    Gives who was killed, as ``name (pid 123)``. Their end is read back by process id.

    Raises:
        RuntimeError: nothing was there to kill, the stack refused, or a killed process is still listed.
    """
    victims = ask("POST", "/kill", {"service": service, "count": count, "pick": pick, "seed": seed})
    names = {int(victim["pid"]): str(victim["name"]) for victim in victims}
    if still := sorted(names.keys() & _running()):
        raise RuntimeError(f"still running after SIGKILL: {', '.join(map(str, still))}")
    _KILLED.setdefault(service, {}).update(names)
    return [f"{name} (pid {pid})" for pid, name in names.items()]


def killed_are_missing(service: str) -> bool:
    """Whether the killed processes are gone and the service has not all of its replicas ready again.

    Raises:
        LookupError: nothing of this service was killed by this process.
    """
    if service not in _KILLED:
        raise LookupError(f"no replica of '{service}' was killed by this process")
    return not _KILLED[service].keys() & _running() and not _ready(service)


def replicas_are_back(service: str) -> bool:
    """Wait until the platform has brought all replicas of a service back.

    Raises:
        RuntimeError: it has not, within the time that a revert may take.
    """
    deadline = time.monotonic() + _BACK_SECONDS
    while not _ready(service):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all replicas of '{service}' are ready again after {_BACK_SECONDS:g} s")
        time.sleep(_EVERY_SECONDS)
    return True


def _ready(service: str) -> bool:
    return bool(ask("GET", "/ready")[service])


def _running() -> set[int]:
    children: list[dict[str, Any]] = ask("GET", "/children")
    return {child["pid"] for child in children if child["pid"]}
