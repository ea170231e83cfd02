"""Panels over one time axis as Vega-Lite.

Lengths along time are seconds, lengths across it are pixels from a panel's top. Nothing here depends on the
fonts of the machine: ticks are given, and the size of the whole follows from the panels. This module knows
Vega-Lite, and nothing of incidents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_MINUTES_FROM = 600
_MINUTES = (
    "(datum.value < 0 ? '-' : '') + floor(abs(datum.value) / 60) + ':' + format(abs(datum.value) % 60, '02')"
)
_NICE = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
GAP = 10
"""Pixels between two panels."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all panels of a chart share: its span of time in seconds, and its widths in pixels."""

    begin: float
    end: float
    plot: int
    left: int
    right: int
    font: int

    def x(self, t: float) -> float:
        """Pixels from the plot's left edge."""
        return round((t - self.begin) / (self.end - self.begin) * self.plot, 2)


@dataclass(slots=True)
class Panel:
    """One panel; its methods add marks, drawn with the tints first, then curves, bars, lines, dots and words."""

    frame: Frame
    height: int
    y_axis: dict[str, Any] | None = None
    y_top: float = 1.0
    _groups: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = field(default_factory=dict)
    _curves: list[dict[str, Any]] = field(default_factory=list)

    def values(self, title: str, top: float, label: str) -> None:
        """Give the panel an axis of values from 0 to ``top``; ``label`` is a Vega expression."""
        step = next(nice for nice in _steps() if nice >= top / 4)
        ticks = [round(step * number, 9) for number in range(int(top / step + 1e-9) + 1)]
        self.y_top = top
        self.y_axis = {
            "values": ticks,
            "labelExpr": label,
            "domain": False,
            "ticks": False,
            "labelPadding": 8,
            "grid": True,
        }
        self.title(title, 8)

    def title(self, text: str, y: float) -> None:
        """A heading at the far left."""
        self._add(
            "title",
            {"type": "text", "align": "left", "fontWeight": 600},
            {"x": -self.frame.left, "y": y, "text": text},
        )

    def row_title(self, text: str, y: float) -> None:
        """The name of one row, beside the plot."""
        self._add("row", {"type": "text", "align": "right", "dx": -8}, {"x": 0, "y": y, "text": text})

    def text(
        self,
        t: float,
        y: float,
        text: str,
        *,
        dx: int = 0,
        align: str = "left",
        href: int | None = None,
        bold: bool = False,
        colour: str = "var(--ink)",
    ) -> None:
        """Words at an instant."""
        mark = {"type": "text", "align": align, "dx": dx, "fontWeight": 600 if bold else 400}
        self._add(f"text {align} {dx} {bold}", mark, self._datum(t, y, colour, href) | {"text": text})

    def bar(
        self,
        begin: float,
        end: float,
        y: float,
        y2: float,
        colour: str,
        *,
        href: int | None = None,
        least: float = 1,
    ) -> None:
        """A filled span of time, ``least`` pixels wide at least."""
        x, x2 = self.frame.x(begin), self.frame.x(end)
        self._add(
            f"bar {colour}",
            {"type": "rect"},
            self._datum(begin, y, colour, href) | {"x2": max(x2, x + least), "y2": y2},
        )

    def whisker(self, earliest: float, latest: float, y: float) -> None:
        """From the earliest to the latest an instant can have been."""
        x, x2 = self.frame.x(earliest), self.frame.x(latest)
        for edge in ((x, y, x2, y), (x, y - 4, x, y + 4), (x2, y - 4, x2, y + 4)):
            self._rule(edge, "var(--ink)", None, dashed=False)

    def line(
        self, t: float, y: float, y2: float, colour: str, *, dashed: bool = False, href: int | None = None
    ) -> None:
        """An instant, from top to bottom."""
        x = self.frame.x(t)
        self._rule((x, y, x, y2), colour, href, dashed=dashed)

    def threshold(self, value: float, label: str, *, inside: bool) -> None:
        """A value that means something, with its name at the right."""
        y = round(self.height * (1 - value / self.y_top), 2)
        self._rule((0, y, self.frame.plot, y), "var(--quiet)", None, dashed=True)
        end = {
            "type": "text",
            "align": "right" if inside else "left",
            "dx": -2 if inside else 6,
            "dy": -7 if inside else 0,
        }
        self._add("threshold", end, {"x": self.frame.plot, "y": y, "text": label, "colour": "var(--soft)"})

    def dot(self, t: float, y: float, colour: str, *, href: int | None = None) -> None:
        """A round mark."""
        self._add(
            "dot",
            {"type": "point", "filled": True, "size": 42, "opacity": 1},
            self._datum(t, y, colour, href),
        )

    def curve(
        self,
        bins: Sequence[tuple[float, float, float | None]],
        colour: str,
        *,
        filled: bool = False,
        dashed: bool = False,
    ) -> None:
        """Bins (begin, end, value) as steps; a bin without a value leaves a gap."""
        if all(value is None for _, _, value in bins):
            return
        points = [{"t": round(begin, 4), "v": value} for begin, _, value in bins]
        points.append({"t": round(bins[-1][1], 4), "v": bins[-1][2]})
        mark: dict[str, Any] = {
            "type": "line",
            "interpolate": "step-after",
            "color": colour,
            "strokeWidth": 1.5,
            "clip": True,
        }
        if dashed:
            mark |= {"strokeWidth": 1.25, "strokeDash": [5, 3]}
        if filled:
            mark |= {"type": "area", "line": {"color": colour, "strokeWidth": 1.5}, "fillOpacity": 0.22}
        encoding = {"x": self._time(shown=False), "y": self._value()}
        self._curves.append({"data": {"values": points}, "mark": mark, "encoding": encoding})

    def view(self, *, shows_time: bool) -> dict[str, Any]:
        """This panel as a Vega-Lite view."""
        base = {
            "data": {"values": [{"t": self.frame.begin, "v": 0}, {"t": self.frame.end, "v": 0}]},
            "mark": {"type": "point", "opacity": 0, "size": 1},
            "encoding": {"x": self._time(shown=shows_time), "y": self._value()},
        }
        layers = [base]
        layers += [_layer(*self._groups[name], self.frame.font) for name in self._groups if _is_behind(name)]
        layers += self._curves
        front = sorted((name for name in self._groups if not _is_behind(name)), key=_depth)
        layers += [_layer(*self._groups[name], self.frame.font) for name in front]
        return {"width": self.frame.plot, "height": self.height, "layer": layers}

    def _datum(self, t: float, y: float, colour: str, href: int | None) -> dict[str, Any]:
        datum = {"x": self.frame.x(t), "y": y, "colour": colour}
        return datum | ({"href": f"#seq-{href}"} if href is not None else {})

    def _rule(
        self, edge: tuple[float, float, float, float], colour: str, href: int | None, *, dashed: bool
    ) -> None:
        mark = {"type": "rule", "strokeWidth": 1} | ({"strokeDash": [3, 3]} if dashed else {})
        datum = dict(zip(("x", "y", "x2", "y2"), edge, strict=True)) | {"colour": colour}
        self._add(f"rule {dashed}", mark, datum | ({"href": f"#seq-{href}"} if href is not None else {}))

    def _add(self, group: str, mark: dict[str, Any], datum: dict[str, Any]) -> None:
        linked = "linked" if "href" in datum else "plain"
        self._groups.setdefault(f"{group} {linked}", (mark, []))[1].append({"colour": "var(--ink)"} | datum)

    def _time(self, *, shown: bool) -> dict[str, Any]:
        begin, end = self.frame.begin, self.frame.end
        step = next((nice for nice in _NICE if (end - begin) / nice <= self.frame.plot / 50), _NICE[-1])
        first = int(begin // step) + 1
        ticks = [round(step * number, 6) for number in range(first, int(end // step) + 1)]
        label = _MINUTES if end - begin > _MINUTES_FROM else "format(datum.value, ',') + ' s'"
        axis = {
            "values": ticks,
            "labels": shown,
            "ticks": False,
            "domain": False,
            "grid": True,
            "labelExpr": label,
            "labelPadding": 8,
        }
        scale = {"domain": [begin, end], "nice": False, "zero": False}
        return {"field": "t", "type": "quantitative", "title": None, "scale": scale, "axis": axis}

    def _value(self) -> dict[str, Any]:
        scale = {"domain": [0, self.y_top], "nice": False}
        return {"field": "v", "type": "quantitative", "title": None, "scale": scale, "axis": self.y_axis}


def _is_behind(group: str) -> bool:
    """Tints lie behind the curves."""
    return group.startswith(("bar var(--impaired)", "bar var(--budget)"))


def _depth(group: str) -> int:
    """Bars under lines under dots under words, so that nothing hides a word."""
    kinds = ("bar", "rule", "dot")
    return next((number for number, kind in enumerate(kinds) if group.startswith(kind)), len(kinds))


def _steps() -> list[float]:
    return [digit * 10.0**power for power in range(-4, 4) for digit in (1, 2, 2.5, 5)]


def _layer(mark: dict[str, Any], data: list[dict[str, Any]], font: int) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        name: {"field": name, "type": "quantitative", "scale": None, "axis": None} for name in ("x", "y")
    }
    if "x2" in data[0]:
        encoding |= {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    if mark["type"] == "text":
        encoding["text"] = {"field": "text", "type": "nominal"}
        mark = {**mark, "fontSize": font, "baseline": "middle"}
    if "href" in data[0]:
        encoding["href"] = {"field": "href", "type": "nominal"}
    encoding["color"] = {"field": "colour", "type": "nominal", "scale": None}
    return {"data": {"values": data}, "mark": mark, "encoding": encoding}


def stacked(panels: Sequence[Panel]) -> dict[str, Any]:
    """The Vega-Lite specification of panels under each other; the last one shows the time."""
    last = len(panels) - 1
    font = panels[0].frame.font
    axis = {
        "labelColor": "var(--soft)",
        "gridColor": "var(--grid)",
        "labelFontSize": font,
        "labelOverlap": False,
        "labelBound": False,
        "labelFlush": False,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": None,
        "padding": 0,
        "spacing": GAP,
        "bounds": "flush",
        "vconcat": [panel.view(shows_time=number == last) for number, panel in enumerate(panels)],
        "config": {
            "aria": False,
            "font": "inherit",
            "view": {"stroke": None},
            "axis": axis,
            "text": {"tooltip": None},
        },
    }
