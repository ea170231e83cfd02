"""The live view: one block that says where the run stands; plain lines where nobody watches a terminal.

It is fed with records, by the run as they are written or by a replay at any speed, and knows no other
source. The clock it is given only keeps it from drawing more often than anybody can read.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gameday.events import BaselinePostponed, FaultTriggered, Interrupted, Record, RunEnded
from gameday.history import History
from gameday.report.columns import cut, pad
from gameday.report.expected import Expectation, expectations
from gameday.report.figures import budget, clean, clock, latency, share, stamp
from gameday.report.timeline import origin
from gameday.report.words import Kind, words
from gameday.situation import Situation

_REDRAW = 0.25
"""Seconds between two drawings at least."""
_BIN = 0.5
"""Seconds of one character of a sparkline."""
_LEVELS = "▁▂▃▄▅▆▇█"
_LAST = 5
_INTERRUPTED = "interrupted, putting back (Ctrl-C again skips the wait until it is well)"
_HURRIED = "interrupted, putting back at once"
_LABEL = 9
_VALUE = 9


def lines(record: Record, history: History) -> str | None:
    """One plain line for a record that people want to read, None for any other.

    Stamped from the trigger where the history knows it, else from the run's start.
    """
    said = words(record.event)
    if said is None:
        return None
    at = stamp(record.t - origin(history)) if history.has(FaultTriggered) else f"{record.t:.1f} s"
    return f"{at:>11}  {said.doer}: {said.what}"


def sparkline(values: list[float | None], top: float) -> str:
    """One character a value: a block as high as its share of ``top``, a dot without a value."""
    if top <= 0:
        top = 1.0
    last = len(_LEVELS) - 1
    return "".join(
        "·" if value is None else _LEVELS[min(last, int(value / top * last + 0.5))] for value in values
    )


class _Console(Console):
    """Says that nobody reads any more; rich's own would silence stdout too, where the card has yet to go."""

    def on_broken_pipe(self) -> None:
        """Called while the error is handled."""
        raise BrokenPipeError


class LiveView:
    """Feed it every record in order, with the situation that already knows it; close it at the end."""

    def __init__(self, stream: TextIO, *, now: Callable[[], float] = time.monotonic) -> None:
        self._console = _Console(file=stream, highlight=False)
        self._now = now
        self._situation: Situation | None = None
        self._drawn = -_REDRAW
        self._bins: list[tuple[float | None, float | None]] = []
        self._told: deque[str] = deque(maxlen=_LAST)
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False)
        if self._live:
            self._live.start()

    def close(self) -> None:
        """Draw once more and leave the terminal as it was. Idempotent."""
        if self._live and self._live.is_started:
            self._draw()
            self._live.stop()

    def feed(self, record: Record, situation: Situation) -> None:
        """One more record; draws if it is time to."""
        self._situation = situation
        said = words(record.event)
        line = lines(record, situation.history) if said else None
        if said and line and said.kind in {Kind.ACT, Kind.ALERT}:
            self._told.append(line.strip())
        if self._live is None:
            if line:
                self._console.print(Text(line), soft_wrap=True)
        elif self._now() - self._drawn >= _REDRAW:
            self._draw()

    def _draw(self) -> None:
        self._drawn = self._now()
        if self._live and self._situation:
            self._live.update(self.block(), refresh=True)

    def block(self) -> Text:
        """The block as it stands, no wider than the console."""
        situation = self._situation
        if situation is None or not len(situation.history):
            return Text("")
        width = self._console.width
        now = situation.newest
        rows = [
            self._head(situation, now, width),
            *self._curves(situation, now, width),
            *_standing(situation),
        ]
        rows += [
            *_expected(situation, now),
            *(_row("" if n else "last", told) for n, told in enumerate(self._told)),
        ]
        text = Text("\n").join(Text(cut(row, width), no_wrap=True) for row in rows)
        text.highlight_regex(r"(?m)^(errors|p95|faults|alerts|expect|last)", style="dim")
        text.highlight_regex(r"(?m)^.{9}! .*$|, late$|not seen in place", style="bold red")
        text.highlight_regex(r"^\S+", style="bold")
        return text

    def _head(self, situation: Situation, now: float, width: int) -> str:
        zero = situation.triggered
        at = stamp(now - zero) if zero is not None else f"{now:.1f} s"
        phase = situation.phase or "starting"
        postponed = situation.history.last(BaselinePostponed)
        if postponed and phase == "baseline":
            phase = f"warming up ({clean(postponed[1].problems[0])})"
        pressed = situation.history.last(Interrupted)
        if pressed and not situation.history.has(RunEnded):
            phase = _INTERRUPTED if pressed[1].times == 1 else _HURRIED
        left = f"{clean(situation.inputs.name)}  {phase}  {at}"
        return pad(cut(left, max(width - 6, 10)), width - 5) + "drill"

    def _curves(self, situation: Situation, now: float, width: int) -> list[str]:
        clients = situation.clients
        done = int(now / _BIN)
        del self._bins[
            max(0, done - math.ceil(situation.inputs.scenario.load.timeout / _BIN) - 1) :
        ]  # their last requests may turn out bad yet
        for number in range(len(self._bins), done):
            low, high = number * _BIN, (number + 1) * _BIN
            self._bins.append(
                (clients.metric("error_rate", low, high, now), clients.metric("latency_p95", low, high, now))
            )
        room = max(width - _LABEL - _VALUE, 10)
        shown = self._bins[-room:]
        errors, slow = [bad for bad, _ in shown], [p95 for _, p95 in shown]
        recent = max(0.0, now - 2.0)
        bad_now = clients.metric("error_rate", recent, now, now)
        p95_now = clients.metric("latency_p95", recent, now, now)
        top = max((value for value in slow if value is not None), default=0.0)
        return [
            _row(
                "errors",
                pad("no data" if bad_now is None else share(bad_now), _VALUE) + sparkline(errors, 1.0),
            ),
            _row(
                "p95", pad("no data" if p95_now is None else latency(p95_now), _VALUE) + sparkline(slow, top)
            ),
        ]


def _row(label: str, text: str) -> str:
    return pad(label, _LABEL) + text


def _standing(situation: Situation) -> list[str]:
    """Faults that stand, and monitors that fire."""
    faults = []
    for fault in situation.injected():
        answer = situation.in_place(fault)
        faults.append(f"{clean(fault)} ({'in place' if answer else 'not seen in place'})")
    alerts = [clean(name) for name in situation.alerting()]
    return [_row("faults", ", ".join(faults) or "none"), _row("alerts", ", ".join(alerts) or "none")]


def _expected(situation: Situation, now: float) -> list[str]:
    zero = situation.triggered
    if zero is None:
        return []
    return [
        _row("expect" if number == 0 else "", _expectation(one, now, zero))
        for number, one in enumerate(expectations(situation))
    ]


def _expectation(one: Expectation, now: float, zero: float) -> str:
    name = pad(one.name, 12)
    if one.since is None or one.deadline is None:
        return f"  {name} within {budget(one.within)}, not begun"
    if one.done is not None:
        mark, late = ("✓", "") if one.done <= one.deadline else ("✗", ", late")
        return f"{mark} {name} {clock(max(0.0, one.done - one.since))} of {budget(one.within)}{late}"
    if now > one.deadline:
        return f"! {name} late since {stamp(one.deadline - zero)}"
    return f"… {name} by {stamp(one.deadline - zero)}, {clock(one.deadline - now)} left"
