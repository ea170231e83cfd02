"""Whether all replicas of the system are ready, and since when: from what the platform exports."""

from __future__ import annotations

from gameday.exported import Values
from gameday.model.system import System

_STEP = 0.1
"""Seconds between two looks."""


def ready_since(exported: Values, system: System, since: float, until: float) -> float | None:
    """From when on all replicas were ready; ``since`` if one was never seen missing; None if one still is.

    As many are wanted as were ready at ``since``; where nobody knows, as many as the system says.
    """
    wanted = exported.value("replicas_ready", since)
    if wanted is None:
        wanted = sum(service.replicas or 0 for service in system.services.values())
    steps = int((until - since) / _STEP)
    for number in range(steps, -1, -1):
        value = exported.value("replicas_ready", since + number * _STEP)
        if value is not None and value < wanted:
            return None if number >= steps - 1 else since + (number + 1) * _STEP
    return since
