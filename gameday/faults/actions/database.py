"""A database server taken away: stopped hard or frozen through a stack's control API, or cut off by Toxiproxy."""

from __future__ import annotations

from gameday.faults.actions import toxics
from gameday.faults.actions.control import ask

__all__ = ["is_out", "take_away"]

_STATES = {"stop": "stopped", "freeze": "frozen"}


def take_away(how: str, server: str = "database") -> bool:
    """``stop`` it as a crash would, ``freeze`` every process of it, or ``cut`` the way to it; and read that back.

    Raises:
        ValueError: there is no such way.
        RuntimeError: it is still there afterwards.
    """
    if how == "cut":
        toxics.disable(server)
    elif how in _STATES:
        ask("POST", "/restore", {server: {"server": _STATES[how]}})
    else:
        raise ValueError(f"how: '{how}' is none of stop, freeze, cut")
    if not is_out(how, server):
        raise RuntimeError(f"{server} is not out after '{how}'")
    return True


def is_out(how: str, server: str = "database") -> bool:
    """Whether the server is, now, as this way of taking it away leaves it."""
    if how == "cut":
        return not toxics.enabled(server)
    return bool(ask("GET", "/inventory")[server]["server"] == _STATES[how])
