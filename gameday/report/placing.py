"""Where labels go so that none covers another: rows of flags above a line, each with a pole down to its mark.

    4 SEV1 ──────
    │  5 look: deploys
    │  │  6 look: logs
    ●  ●  ●

Pure geometry in pixels; knows no chart.
"""

from __future__ import annotations

from collections.abc import Sequence


def rows(flags: Sequence[tuple[float, float]]) -> list[int]:
    """The row of each flag, 0 the lowest. ``flags`` are (left edge, width), ascending by left edge.

    No flag covers another, and no pole (straight down from a flag's left edge) crosses a flag in a lower row.
    """
    placed: list[int] = []
    cluster: list[int] = []
    ends: list[float] = []
    for left, width in flags:
        if ends and left >= max(ends):
            placed += _from_below(cluster)
            cluster, ends = [], []
        row = next((number for number in range(len(ends)) if max(ends[number:]) <= left), len(ends))
        del ends[row:]  # rows below are free again, and what stood there ended before this pole
        ends.append(left + width)
        cluster.append(row)
    return placed + _from_below(cluster)


def _from_below(cluster: Sequence[int]) -> list[int]:
    lowest = max(cluster, default=0)
    return [lowest - row for row in cluster]


def fit(
    texts: Sequence[tuple[float, str, str]], *, per_letter: float, limit: int, right: float
) -> list[tuple[int, str]]:
    """Row and text of each flag: (left edge, long text, short text) in, at most ``limit`` rows out.

    A text that would pass ``right`` is cut; where a crowd needs more rows than there are, short texts stand
    in, and where even these do not fit, no text.
    """
    chosen = [_cut(long, (right - left) / per_letter) for left, long, _ in texts]
    lefts = [left for left, _, _ in texts]
    for replacement in ([short for _, _, short in texts], [""] * len(texts)):
        found = rows([(left, _width(text, per_letter)) for left, text in zip(lefts, chosen, strict=True)])
        if max(found, default=0) < limit:
            return list(zip(found, chosen, strict=True))
        crowded = _crowded(lefts, chosen, found, per_letter, limit)
        chosen = [replacement[n] if n in crowded else text for n, text in enumerate(chosen)]
    found = rows([(left, _width(text, per_letter)) for left, text in zip(lefts, chosen, strict=True)])
    return [(min(row, limit - 1), text) for row, text in zip(found, chosen, strict=True)]


def _width(text: str, per_letter: float) -> float:
    return (len(text) + 1.5) * per_letter if text else 0.0


def _crowded(
    lefts: Sequence[float], texts: Sequence[str], found: Sequence[int], per_letter: float, limit: int
) -> set[int]:
    """Every flag of a cluster that needs more rows than there are."""
    crowded: set[int] = set()
    cluster: list[int] = []
    end = 0.0
    for number, (left, text) in enumerate(zip(lefts, texts, strict=True)):
        if cluster and left >= end:
            crowded |= _too_high(cluster, found, limit)
            cluster = []
        cluster.append(number)
        end = (
            max(end, left + _width(text, per_letter)) if len(cluster) > 1 else left + _width(text, per_letter)
        )
    return crowded | _too_high(cluster, found, limit)


def _too_high(cluster: Sequence[int], found: Sequence[int], limit: int) -> set[int]:
    return set(cluster) if max((found[number] for number in cluster), default=0) >= limit else set()


def _cut(text: str, letters: float) -> str:
    room = int(letters - 1.5)
    return text if len(text) <= room else text[: max(room - 1, 0)].rstrip() + "…"
