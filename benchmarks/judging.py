"""The observer's probes against the card: pure.

A probe is bad as a client's request is: it failed, or was not finished within the load's time-out. Where the
condition of the scenario is about slowness, one that is slower than that is bad as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Probe:
    """One question of the observer, on the run's clock; ``ended`` is None where it never was answered."""

    sent: float
    ended: float | None
    problem: str

    def bad(self, within: float) -> bool:
        """Whether it failed or took longer than this."""
        return bool(self.problem) or self.ended is None or self.ended - self.sent > within


def on_clock(rows: Iterable[Sequence[Any]], base: float) -> list[Probe]:
    """What the observer wrote, as instants of a run whose clock began at ``base``."""
    return [
        Probe(sent - base, None if ended is None else ended - base, problem) for sent, ended, problem in rows
    ]


def first_bad(probes: Sequence[Probe], since: float, within: float) -> float | None:
    """When the first bad probe was sent."""
    return next((probe.sent for probe in probes if probe.sent >= since and probe.bad(within)), None)


def lastingly_good(probes: Sequence[Probe], since: float, until: float, within: float) -> float | None:
    """When the first good answer arrived from which on all that were sent were good; None if the last was bad."""
    asked = [probe for probe in probes if since <= probe.sent < until]
    bad = [number for number, probe in enumerate(asked) if probe.bad(within)]
    good = asked[bad[-1] + 1 :] if bad else asked
    return min((probe.ended for probe in good if probe.ended is not None), default=None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One instant: the observer's, and the bounds that the card gives."""

    observed: float
    earliest: float
    latest: float

    @property
    def width(self) -> float:
        """Of the card's interval, seconds."""
        return self.latest - self.earliest

    @property
    def outside(self) -> float:
        """Seconds by which the observer's instant is before (negative) or after the interval; 0 inside."""
        return min(0.0, self.observed - self.earliest) + max(0.0, self.observed - self.latest)

    def inside(self, slack: float) -> bool:
        """Whether it lies in the interval widened by this at both ends."""
        return abs(self.outside) <= slack + 1e-9


def compare(observed: float | None, instant: dict[str, Any]) -> Comparison | None:
    """An instant of the observer against a milestone of the card; None where either was not seen."""
    if observed is None or instant["state"] != "observed":
        return None
    return Comparison(observed, instant["earliest"], instant["latest"])
