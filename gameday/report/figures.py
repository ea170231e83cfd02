"""How figures and typed text look wherever gameday shows them: one way for one kind of value.

This module knows rounding, units and what may not be shown as it was typed. It knows no event and no layout.
"""

from __future__ import annotations

from gameday.metrics import METRICS, Unit

_MINUTE = 60
_HOUR = 3600
_PLAIN_SECONDS = 300
"""Up to five minutes seconds are easier to compare than minutes."""
_LONGEST_TEXT = 300
_JOINERS = frozenset("\u200c\u200d")
"""They join what stands on both sides into one sign: without them each is shown."""
_SHOWN_WHOLE = 10
_SMALLEST_SHARE = 0.0001


def clean(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Typed text on one line, without what could drive a terminal or turn the direction of what follows."""
    kept = "".join(" " if character.isspace() else _harmless(character) for character in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _harmless(character: str) -> str:
    if character.isprintable():
        return character
    return "" if character in _JOINERS else "\N{REPLACEMENT CHARACTER}"


def clock(value: float) -> str:
    """A measured time in seconds: ``0.04 s``, ``21.4 s``, ``37 min 04 s``, ``1 h 02 min``."""
    if abs(value) < 1:
        return f"{value + 0.0:.2f} s" if value else "0 s"
    if abs(value) < _PLAIN_SECONDS:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def budget(value: float) -> str:
    """A time that somebody wrote down: ``250 ms``, ``30 s``, ``45 min``."""
    if 0 < value < 1:
        return f"{value * 1000:g} ms"
    if value < _PLAIN_SECONDS or value % _MINUTE:
        return f"{value:g} s"
    return f"{value / _MINUTE:g} min"


def latency(value: float) -> str:
    """A time to answer: ``3 ms``, ``412 ms``, ``2.0 s``."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def share(value: float) -> str:
    """A part of a whole, two digits: ``71 %``, ``7.1 %``, ``0.31 %``."""
    percent = value * 100
    if percent == 0:
        return "0 %"
    if abs(value) < _SMALLEST_SHARE:
        return "< 0.01 %"
    if abs(percent) >= _SHOWN_WHOLE:
        return f"{percent:.0f} %"
    return f"{percent:.2g} %"


def count(value: float) -> str:
    """A number of things: ``5,160``."""
    return f"{value:,.0f}"


def plural(value: int, one: str, many: str = "") -> str:
    """``1 alert``, ``3 alerts``."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def of_metric(metric: str, value: float) -> str:
    """A value of the table of metrics, in its unit."""
    unit = METRICS[metric].unit if metric in METRICS else Unit.COUNT
    if unit is Unit.RATIO:
        return share(value)
    if unit is Unit.SECONDS:
        return latency(value)
    if unit is Unit.BYTES:
        return f"{value / 1e6:,.0f} MB"
    return f"{value:,.4g}"


def of_unit(unit: str, value: float) -> str:
    """A measure's value in the unit that the scorecard names: ``s``, ``ratio``, anything else as it is."""
    if unit == "s":
        return clock(value)
    if unit == "ratio":
        return share(value)
    return f"{value:,.4g} {unit}".strip()


def stamp(t: float) -> str:
    """Seconds from the trigger: ``T+6.1 s``, ``T-10.0 s``, ``T+37:04``."""
    sign, size = ("-" if round(t, 1) < 0 else "+"), abs(t)
    if size < _PLAIN_SECONDS:
        return f"T{sign}{size:.1f} s"
    whole = round(size)
    hours = f"{whole // _HOUR}:" if whole >= _HOUR else ""
    return f"T{sign}{hours}{whole % _HOUR // _MINUTE:02d}:{whole % _MINUTE:02d}"
