"""Plain tables for terminals and pipes."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

_WIDEST = 90
_LONGEST_WORD = 40
"""A column is not made narrower than its longest word, so that a path can be copied, or than this."""
_GAP = "  "


def terminal_width() -> int | None:
    """Columns of the terminal that results go to; None where they go to a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, width: int | None = None) -> str:
    """Columns aligned, long cells cut; one line a row, or as many as the widest columns need to fit ``width``."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(column), *(len(row[index]) for row in cells), 0) for index, column in enumerate(columns)
    ]
    least = [_longest_word([column, *(row[index] for row in cells)]) for index, column in enumerate(columns)]
    while width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        slack, place = max(
            (has - needs, place) for place, (has, needs) in enumerate(zip(widths, least, strict=True))
        )
        if slack <= 0:
            break
        widths[place] -= 1
    heads = [column.upper() for column in columns]
    return "\n".join(line for row in [heads, *cells] for line in _lines(row, widths))


def _longest_word(texts: Sequence[str]) -> int:
    return min(max((len(word) for text in texts for word in text.split()), default=0), _LONGEST_WORD)


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """One row, each cell wrapped below itself where its column is too narrow for it."""
    parts = [
        [cell] if len(cell) <= width else textwrap.wrap(cell, width, break_on_hyphens=False)
        for cell, width in zip(row, widths, strict=True)
    ]
    return [
        _GAP.join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in zip_longest(*parts, fillvalue="")
    ]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).replace("\n", " ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
