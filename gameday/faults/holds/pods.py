"""Pods that are killed again and again, as by a node that reaps them or a probe that is set too tight."""

from __future__ import annotations

import itertools

from gameday.faults.actions.pods import kill_once
from gameday.faults.holder import Lease

_TELLS_SECONDS = 60.0
"""How long it can be asked, after the last round, whom that one killed: the last wait of the platform is over."""


def kill_again(
    lease: Lease,
    service: str,
    *,
    count: int | str,
    pick: str,
    seed: int,
    rounds: int,
    every: float,
    grace: int,
) -> None:
    """So many rounds more (0: without end), each ``every`` seconds after the one before.

    Says ``round``, who was ``killed`` in it, and whether it was the ``last``. A round in which no pod runs kills
    nobody, and counts.
    """
    lease.say(round=1, killed=[], last=False)
    for number in itertools.count(2):
        if not lease.lasts(every):
            return
        # Another seed for each round, or the same one would be picked every time.
        killed = kill_once(service, count, pick, seed + number if seed else 0, grace, nobody_is_fine=True)
        last = 0 < rounds < number
        lease.say(round=number, killed=killed, last=last)
        if last:
            lease.lasts(_TELLS_SECONDS)
            return
