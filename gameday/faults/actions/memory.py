"""States to return to, for the rollbacks of the experiment that this process plays.

Under gameday they come from the run's recipes, handed over before a revert. Under plain ``chaos run`` the
experiment's first activity remembers them, and its rollbacks run in the same process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STATES: dict[str, dict[str, Any]] = {}


def hand_over(things: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace what is remembered: component -> aspect -> state."""
    _STATES.clear()
    _STATES.update({component: dict(aspects) for component, aspects in things.items()})


def keep(component: str, aspects: Mapping[str, Any]) -> None:
    """Remember a component's states, unless it is remembered already: the oldest state is the one to return to."""
    _STATES.setdefault(component, dict(aspects))


def recall(component: str) -> dict[str, Any]:
    """The remembered states of a component.

    Raises:
        LookupError: nothing is remembered of it.
    """
    try:
        return _STATES[component]
    except KeyError:
        raise LookupError(f"no state of '{component}' is remembered; nothing was put back") from None
