"""Actions and probes on a service's replicas: their end by SIGKILL, once or again and again, and their return."""

from __future__ import annotations

import time
from typing import Any

from gameday.faults.actions import holding
from gameday.faults.actions.control import ask
from gameday.model.quantities import duration

__all__ = ["kill", "kill_once", "killed_are_missing", "stop_killing"]

HOLD = "gameday.faults.holds.replicas:kill_again"
"""What the holder calls for every round after the first."""
_BACK_SECONDS = 40.0
"""Longer than the platform waits before it starts again what dies again and again."""
_EVERY_SECONDS = 0.1
_KILLED: dict[str, list[str]] = {}
"""Service -> every replica that this process had killed, as ``name (pid 123)``."""


def kill(
    service: str,
    *,
    count: int | str = 1,
    pick: str = "random",
    seed: int = 0,
    times: int = 1,
    every: str = "5s",
    lease: str = "10s",
) -> list[str]:
    """Kill replicas of a service, and go on killing in the background where ``times`` says so.

    Args:
        service: whose replicas.
        count: how many of those that run: ``2``, ``50%``, ``all``.
        pick: ``random`` ones, or the ``oldest``.
        seed: the same number picks the same ones again; 0, others each time.
        times: how many rounds; 0, until it is stopped.
        every: from one round to the next.
        lease: how long the killing goes on when nobody watches any more.

    Returns:
        Who was killed in the first round, as ``name (pid 123)``; their end was read back by process id.

    Raises:
        ValueError: a number or a duration is none.
        RuntimeError: nothing was there to kill, the stack refused, or a killed process is still listed.
    """
    seconds = duration(every)
    if times < 0:
        raise ValueError(f"times is {times}; write how often, or 0 for again and again")
    if times != 1 and seconds < 1:
        raise ValueError(f"every is {every}; less than 1s kills what has not started yet")
    killed = kill_once(service, count, pick, seed)
    _KILLED[service] = killed
    if times != 1:
        more = {"rounds": max(times - 1, 0), "every": seconds}
        holding.hold(HOLD, lease, service=service, count=count, pick=pick, seed=seed, **more)
    return killed


def kill_once(
    service: str, count: int | str, pick: str, seed: int, *, nobody_is_fine: bool = False
) -> list[str]:
    """One round; gives who was killed, as ``name (pid 123)``. Raises RuntimeError as ``kill`` does."""
    body = {"service": service, "count": count, "pick": pick, "seed": seed, "nobody_is_fine": nobody_is_fine}
    victims = {int(victim["pid"]): str(victim["name"]) for victim in ask("POST", "/kill", body)}
    if still := sorted(victims.keys() & _running()):
        raise RuntimeError(f"still running after SIGKILL: {', '.join(map(str, still))}")
    return [f"{name} (pid {pid})" for pid, name in victims.items()]


def killed_are_missing(service: str) -> str:
    """Who was killed last, while the killing goes on or not all replicas are ready again; empty once they are.

    Raises:
        LookupError: nothing of this service was killed by this process.
    """
    if service not in _KILLED:
        raise LookupError(f"no replica of '{service}' was killed by this process")
    said = holding.holds(HOLD)
    if said.get("last", True) and ask("GET", "/ready")[service]:
        return ""
    number = said.get("round", 1)
    names = said["killed"] if number > 1 else _KILLED[service]
    return f"killed {', '.join(names) or 'nobody'}{f' in round {number}' if number > 1 else ''}"


def stop_killing(service: str) -> bool:
    """Stop, and wait until the platform has brought all replicas back.

    Raises:
        RuntimeError: it has not, within the time that a revert may take.
    """
    holding.let_go(HOLD)
    deadline = time.monotonic() + _BACK_SECONDS
    while not ask("GET", "/ready")[service]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all replicas of '{service}' are ready again after {_BACK_SECONDS:g} s")
        time.sleep(_EVERY_SECONDS)
    return True


def _running() -> set[int]:
    children: list[dict[str, Any]] = ask("GET", "/children")
    return {child["pid"] for child in children if child["pid"]}
