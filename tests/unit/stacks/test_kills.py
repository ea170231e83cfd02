"""Which replicas are killed."""

from __future__ import annotations

import random

from gameday.model.amounts import amount
from gameday.stacks.platform.kills import choose

NAMES = ["auth-1", "auth-2", "auth-3", "auth-4"]


def test_the_oldest_are_the_first() -> None:
    """In the order in which they were started, whatever the dice say."""
    assert choose(NAMES, amount("50%"), "oldest", random.Random(7)) == ["auth-1", "auth-2"]
    assert choose(NAMES, amount("all"), "oldest", random.Random(7)) == NAMES


def test_a_seed_picks_the_same_ones_again() -> None:
    """The same seed, the same victims; no replica twice; over many seeds, everybody."""
    picks = [choose(NAMES, amount(2), "random", random.Random(seed)) for seed in range(200)]

    assert picks == [choose(NAMES, amount(2), "random", random.Random(seed)) for seed in range(200)]
    assert all(len(set(pick)) == 2 for pick in picks)
    counts = [sum(name in pick for pick in picks) for name in NAMES]
    assert all(70 < count < 130 for count in counts), counts
