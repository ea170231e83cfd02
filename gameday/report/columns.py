"""Text in columns of a terminal: what fits, counted in cells, since not every character is one cell wide."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

_BREAK = re.compile(r" (?!(?:s|ms|min|h|%)(?:\W|$))")
"""A number and its unit stay together."""


def wrap(text: str, room: int) -> list[str]:
    """Lines of at most ``room`` cells, broken between words, inside a word only where it must be."""
    lines, line = [], ""
    for word in _BREAK.split(text):
        rest = word
        if line and cell_len(line) + 1 + cell_len(rest) > room:
            lines.append(line)
            line = ""
        while cell_len(rest) > room:
            piece = set_cell_size(rest, room).rstrip(" ")
            lines.append(piece)
            rest = rest[len(piece) :]
        line = f"{line} {rest}" if line else rest
    return [*lines, line]


def pad(text: str, room: int) -> str:
    """The text and spaces up to ``room`` cells; longer text stays as it is."""
    return text + " " * (room - cell_len(text))


def cut(text: str, room: int) -> str:
    """The text in at most ``room`` cells, with an ellipsis where something is left out."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, max(room - 1, 0)).rstrip() + "…"


def hang(head: str, text: str, width: int) -> list[str]:
    """``head`` and then ``text``, wrapped below its own beginning."""
    indent = cell_len(head)
    first, *rest = wrap(text, max(width - indent, 16))
    return [head + first, *(" " * indent + line for line in rest)]
