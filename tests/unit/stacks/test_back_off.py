"""How long the platform waits before it starts again what died."""

from __future__ import annotations

import pytest

from gameday.stacks.local.back_off import BackOff


def test_the_wait_doubles_to_a_limit() -> None:
    """1, 2, 4, 8, 16 s, then 30 s for good; from the second death on it is a crash loop."""
    waits, loops, now = [], [], BackOff()
    for _ in range(8):
        now = now.died(lived=3.0)
        waits.append(now.delay)
        loops.append(now.looping)

    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert loops == [False, *[True] * 7]


@pytest.mark.parametrize(("lived", "wait"), [(59.9, 8.0), (60.0, 1.0), (3600.0, 1.0)])
def test_who_lived_well_for_long_begins_anew(lived: float, wait: float) -> None:
    """A death after a minute is not part of the loop before it."""
    looped = BackOff().died(3.0).died(3.0).died(3.0)

    assert looped.died(lived).delay == wait


def test_a_thousand_deaths_are_no_overflow() -> None:
    """A loop may go on for as long as a stack stands."""
    assert BackOff(deaths=100_000).died(0.1).delay == 30.0
