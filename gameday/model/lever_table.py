"""The table in a scenario's header: what each lever does alone, as it was measured.

    # levers, alone (`make prove` measures them):
    #   rollback auth        mends
    #   restart auth         relapses after 9 s   (estimate)

A row is a lever with its arguments, two spaces or more, and one of ``mends``, ``nothing``, ``worse``,
``relapses after N s``; ``(estimate)`` marks what nobody has measured yet. The table ends with the first line
that is not a comment, or an empty comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gameday.errors import Place, Problem
from gameday.model.base import nearest, wrong
from gameday.model.vocabulary import LEVERS

_HEADER = re.compile(r"#\s*levers, alone\b", re.IGNORECASE)
_ROW = re.compile(r"#\s+(?P<words>\S+(?: \S+)*)\s{2,}(?P<effect>\S.*?)\s*(?P<estimate>\(estimate\))?\s*")
_RELAPSE = re.compile(r"relapses after (\d+(?:\.\d+)?) s")

Effect = Literal["mends", "nothing", "worse", "relapses"]


@dataclass(frozen=True, slots=True)
class Row:
    """What one pull of one lever does when nothing else is done."""

    words: tuple[str, ...]
    """The lever and its arguments, as the desk takes them."""
    effect: Effect
    relapse: float | None
    """Seconds of good service before it was bad again."""
    estimate: bool
    line: int

    @property
    def lever(self) -> str:
        """The lever's name."""
        return self.words[0]


def read_table(text: str, file: str) -> tuple[list[Row] | None, list[Problem]]:
    """The rows of a scenario's table, None where it has none, and what is wrong with it."""
    lines = enumerate(text.splitlines(), 1)
    if not any(_HEADER.match(line) for _, line in lines):
        return None, []
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in lines:
        if not line.startswith("#") or not line.strip("# \t"):
            break
        found = _ROW.fullmatch(line)
        row = _row(found, number) if found else None
        if row is None:
            message = "a row is: lever, two spaces or more, mends | nothing | worse | relapses after N s"
            problems.append(wrong(Place(file, number), message))
        elif row.lever not in LEVERS:
            column = line.index(row.lever) + 1
            hint = nearest(row.lever, LEVERS)
            problems.append(wrong(Place(file, number, column), f"unknown lever '{row.lever}'{hint}"))
        else:
            rows.append(row)
    return rows, problems


def _row(found: re.Match[str], number: int) -> Row | None:
    words, effect, estimate = tuple(found["words"].split()), found["effect"], found["estimate"] is not None
    match effect:
        case "mends" | "nothing" | "worse":
            return Row(words, effect, None, estimate, number)
        case _:
            relapse = _RELAPSE.fullmatch(effect)
            return Row(words, "relapses", float(relapse[1]), estimate, number) if relapse else None
