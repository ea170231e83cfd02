"""Where labels go so that none covers another: rows of flags above a line, each with a pole down to its mark.

    4 SEV1 ──────
    │  5 look: deploys
    │  │  6 look: logs
    ●  ●  ●

Pure geometry in pixels; knows no chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_SPARE = 1.5
"""Letters of space that a label keeps to its right."""


def rows(flags: Sequence[tuple[float, float]], limit: int | None = None) -> list[int | None]:
    """The row of each flag, 0 the lowest. ``flags`` are (left edge, width), ascending by left edge.

    No flag covers another, and no pole (straight down from a flag's left edge) crosses a flag in a lower row.
    None for a flag without width, and for one that would need a row above ``limit``.
    """
    placed: list[int | None] = []
    for crowd in _crowds(flags, limit):
        lowest = max((row for row in crowd if row is not None), default=0)
        placed += [None if row is None else lowest - row for row in crowd]
    return placed


def _crowds(flags: Sequence[tuple[float, float]], limit: int | None) -> Iterator[list[int | None]]:
    """Rows from the top, crowd by crowd: a flag that stands clear of all before it begins a new one."""
    crowd: list[int | None] = []
    ends: list[float] = []
    for left, width in flags:
        if ends and left >= max(ends):
            yield crowd
            crowd, ends = [], []
        if not width:
            crowd.append(None)
            continue
        row = next((number for number in range(len(ends)) if max(ends[number:]) <= left), len(ends))
        if limit is not None and row >= limit:
            crowd.append(None)
            continue
        del ends[row:]  # what stood there and below ended before this pole
        ends.append(left + width)
        crowd.append(row)
    yield crowd


def fit(
    texts: Sequence[tuple[float, Sequence[str]]], *, per_letter: float, limit: int, right: float
) -> list[tuple[int, str]]:
    """Row and text of each flag: (left edge, its texts from the longest to the shortest) in.

    A text that would pass ``right`` is cut. A crowd that needs more than ``limit`` rows takes its next texts;
    a flag that does not fit with its last one has no text. An empty text takes no room.
    """
    level = [0] * len(texts)
    for _ in range(max((len(choice) for _, choice in texts), default=1) - 1):
        number = 0
        for crowd in _crowds(_flags(texts, level, per_letter, right), None):
            if any(row is not None and row >= limit for row in crowd):
                for member in range(number, number + len(crowd)):
                    level[member] = min(level[member] + 1, len(texts[member][1]) - 1)
            number += len(crowd)
    placed = rows(_flags(texts, level, per_letter, right), limit)
    return [
        (0, "") if row is None else (row, _cut(choice[at], (right - left) / per_letter))
        for row, at, (left, choice) in zip(placed, level, texts, strict=True)
    ]


def _flags(
    texts: Sequence[tuple[float, Sequence[str]]], level: Sequence[int], per_letter: float, right: float
) -> list[tuple[float, float]]:
    chosen = [
        (left, _cut(choice[at], (right - left) / per_letter))
        for at, (left, choice) in zip(level, texts, strict=True)
    ]
    return [(left, (len(text) + _SPARE) * per_letter if text else 0.0) for left, text in chosen]


def _cut(text: str, letters: float) -> str:
    room = int(letters - _SPARE)
    return text if len(text) <= room else text[: max(room - 1, 0)].rstrip() + "…"
