"""A database server taken away: stopped, killed, frozen or unplugged by a stack's platform, or cut off by Toxiproxy."""

from __future__ import annotations

from gameday.faults.actions import toxics
from gameday.faults.actions.control import ask

__all__ = ["is_out", "take_away"]

_STATES = {"stop": "stopped", "kill": "stopped", "freeze": "frozen", "unplug": "unplugged"}


def take_away(how: str, server: str = "database", cut_by: str = "proxy") -> bool:
    """``stop`` it in order, ``kill`` it as a crash would, ``freeze`` every process of it, or ``cut`` the way to it.

    Args:
        how: one of these.
        server: the component.
        cut_by: how the way is cut: by the fault ``proxy``, which ends connections, or by the ``network``, which
            the server is taken off, so that they hang.

    Raises:
        ValueError: there is no such way.
        RuntimeError: it is still there afterwards.
    """
    way = _way(how, cut_by)
    if way == "cut":
        toxics.disable(server)
    else:
        ask("POST", "/outage", {"server": server, "how": way})
    if not is_out(how, server, cut_by):
        raise RuntimeError(f"{server} is not out after '{how}'")
    return True


def is_out(how: str, server: str = "database", cut_by: str = "proxy") -> bool:
    """Whether the server is, now, as this way of taking it away leaves it."""
    way = _way(how, cut_by)
    if way == "cut":
        return not toxics.enabled(server)
    return bool(ask("GET", "/inventory")[server]["server"] == _STATES[way])


def _way(how: str, cut_by: str) -> str:
    """What the platform calls it; ``cut`` is the fault proxy's."""
    if how not in {"stop", "kill", "freeze", "cut"}:
        raise ValueError(f"how: '{how}' is none of stop, kill, freeze, cut")
    if cut_by not in {"proxy", "network"}:
        raise ValueError(f"cut_by: '{cut_by}' is none of proxy, network")
    return "unplug" if how == "cut" and cut_by == "network" else how
