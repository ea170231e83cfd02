"""Some of several: ``2``, ``50%``, ``all``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gameday.model.base import plain
from gameday.model.quantities import ratio


@dataclass(frozen=True, slots=True)
class Amount:
    """A whole number of them, or a share."""

    number: int | None
    share: float = 1.0
    """Counts where there is no number; 1 for all."""

    def of(self, total: int) -> int:
        """How many of so many: never more than there are; a share is rounded up, so that it is never none of some."""
        if self.number is not None:
            return min(self.number, total)
        # 0.3 of 10 is 3, though the product of the two floats is a little more.
        return min(math.ceil(round(self.share * total, 6)), total)


def amount(value: object) -> Amount:
    """Read ``2``, ``50%`` or ``all``.

    Raises:
        ValueError: it is not written so, or none at all.
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text == "all":
        return Amount(None)
    if text.endswith("%"):
        share = ratio(text)
        if share:
            return Amount(None, share)
    elif text.isascii() and text.isdigit() and int(text):
        return Amount(int(text))
    raise ValueError(f"{plain(value)} is not how many; write 2, 50% or all")
