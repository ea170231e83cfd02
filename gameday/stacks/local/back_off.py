"""How long a program that died waits before it is started again: longer each time, as Kubernetes has it.

Kubernetes waits 10 s, doubles to 5 minutes, and forgets after 10 minutes of a good life. A rehearsal is shorter:
a tenth of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
WELL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class BackOff:
    """Deaths in a row, and what follows from them."""

    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    well: float = WELL_SECONDS
    deaths: int = 0

    def died(self, lived: float) -> BackOff:
        """After one more death; whoever had lived well for long begins anew."""
        return replace(self, deaths=1 if lived >= self.well else self.deaths + 1)

    @property
    def delay(self) -> float:
        """Seconds until the next start."""
        return min(self.first * 2.0 ** min(self.deaths - 1, 30), self.longest)

    @property
    def looping(self) -> bool:
        """Whether it died again soon after it was started again."""
        return self.deaths > 1
