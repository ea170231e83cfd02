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
    None for a flag that would need a row above ``limit``.
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
        row = next((number for number in range(len(ends)) if max(ends[number:]) <= left), len(ends))
        if limit is not None and row >= limit:
            crowd.append(None)
            continue
        del ends[row:]  # what stood there and below ended before this pole
        ends.append(left + width)
        crowd.append(row)
    yield crowd


def fit(
    texts: Sequence[tuple[float, str, str]], *, per_letter: float, limit: int, right: float
) -> list[tuple[int, str]]:
    """Row and text of each flag: (left edge, long text, short text) in, at most ``limit`` rows out.

    A text that would pass ``right`` is cut. In a crowd that needs more rows than there are, short texts stand
    in; one that still does not fit has no text.
    """
    chosen: list[str] = []
    flags = [(left, _width(_cut(text, (right - left) / per_letter), per_letter)) for left, text, _ in texts]
    for crowd in _crowds(flags, None):
        high = any(row is not None and row >= limit for row in crowd)
        for left, long, short in texts[len(chosen) : len(chosen) + len(crowd)]:
            chosen.append(short if high else _cut(long, (right - left) / per_letter))
    flags = [(left, _width(text, per_letter)) for (left, _, _), text in zip(texts, chosen, strict=True)]
    placed = rows(flags, limit)
    return [(0, "") if row is None else (row, text) for row, text in zip(placed, chosen, strict=True)]


def _width(text: str, per_letter: float) -> float:
    return (len(text) + _SPARE) * per_letter


def _cut(text: str, letters: float) -> str:
    room = int(letters - _SPARE)
    return text if len(text) <= room else text[: max(room - 1, 0)].rstrip() + "…"
