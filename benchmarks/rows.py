"""What a benchmark found, as rows; and the table of them, for a terminal and for docs/performance.md.

This module knows rows. It measures nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_HEAD = ("what", "measured", "goal", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``met`` is None where there is no goal, or where nothing could be measured (``why`` says it)."""

    what: str
    figure: str
    goal: str = ""
    met: bool | None = None
    why: str = ""
    """Why a goal is not met or was not measured; else what the figure rests on."""

    @property
    def verdict(self) -> str:
        """``met``, ``not met, because ...``, ``not measured, because ...``, or a remark where there is no goal."""
        if not self.goal:
            return self.why
        if self.met is None:
            return f"not measured, because {self.why}"
        if self.met:
            return f"met; {self.why}" if self.why else "met"
        return f"not met, because {self.why}"

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the file of results."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Row:
        """The row that ``as_json`` gave."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one benchmark, and how they were made."""

    name: str
    title: str
    command: str
    when: str
    rows: tuple[Row, ...]
    load: str = ""
    """What else the machine did meanwhile."""


def judged(what: str, value: float, shown: str, goal: str, *, limit: float, why: str) -> Row:
    """A row whose goal is an upper limit; ``why`` is said where it is exceeded."""
    met = value <= limit
    return Row(what, shown, goal, met, "" if met else why)


def spread(values: Sequence[float], unit: str = "ms", scale: float = 1000.0, digits: int = 1) -> str:
    """Minimum, median, maximum and standard deviation of some seconds, in words."""
    if not values:
        return "none"
    figures = (min(values), statistics.median(values), max(values), statistics.pstdev(values))
    low, middle, high, sd = (f"{figure * scale:.{digits}f}" for figure in figures)
    return f"min {low}, median {middle}, max {high}, sd {sd} {unit}"


def as_text(groups: Sequence[Group]) -> str:
    """The table for a terminal."""
    lines: list[str] = []
    for group in groups:
        lines += [group.title, f"  {group.command}  ({group.when})"]
        width = max(len(row.what) for row in group.rows)
        for row in group.rows:
            goal = f"  [{row.goal}]" if row.goal else ""
            verdict = f"  {row.verdict}" if row.verdict else ""
            lines.append(f"  {row.what.ljust(width)}  {row.figure}{goal}{verdict}")
        lines.append("")
    return "\n".join(lines)


def as_markdown(
    groups: Sequence[Group], machine: str, when: str, titles: Sequence[str], before: str = ""
) -> str:
    """docs/performance.md: a section for each title; of what was not measured, the one that stood there before."""
    lines = [
        "# Performance: what was measured",
        "",
        "Written by `make bench`. Every figure was measured by the command above its table; a goal that is not met",
        "has its reason beside it. Figures of one machine: read ratios first.",
        "",
        f"Machine: {machine}. Last measured {when}.",
    ]
    sections = {part.partition("\n")[0]: part for part in before.split("\n## ")[1:]}
    sections |= {group.title: _section(group) for group in groups}
    whole = [f"\n## {sections[title].rstrip()}" for title in titles if title in sections]
    return "\n".join([*lines, *whole]) + "\n"


def _section(group: Group) -> str:
    rested = f"{group.when}; {group.load}" if group.load else group.when
    lines = [group.title, "", f"`{group.command}` ({rested})", "", _line(_HEAD), "|---|---|---|---|"]
    lines += [_line((row.what, row.figure, row.goal, row.verdict)) for row in group.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
