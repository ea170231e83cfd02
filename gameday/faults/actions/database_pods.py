"""A database server's pod killed as a whole, with the data that lies in it: what comes back is a copy of the other."""

from __future__ import annotations

from gameday.faults.actions.control import ask
from gameday.faults.actions.pods import kill_once

__all__ = ["is_missing", "kill"]


def kill(server: str = "database", grace: int = 0) -> list[str]:
    """Take the server's pod away by chaosk8s; gives who was killed, as ``name (uid 1234)``.

    Args:
        server: the component.
        grace: seconds that it gets for its farewell; 0: none.

    Raises:
        RuntimeError: there was none, the cluster refused, or it is still there.
    """
    return kill_once(server, "all", "oldest", 0, grace)


def is_missing(server: str = "database") -> bool:
    """Whether nobody does what this server did: lead, or follow."""
    return not ask("GET", "/ready")[server]
