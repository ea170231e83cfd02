"""report.html: one file that opens from disk, one picture of what happened, every number a link.

Nothing in it tells when it was made. Everything that people typed goes through the template's escaping; the
only markup that is not the template's own is the picture, whose words vl-convert escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gameday.events import Act, Event, FaultTriggered, LoadStarted, Record, Requests
from gameday.history import History
from gameday.report import figures, measured
from gameday.report.drawing import svg
from gameday.report.findings import findings
from gameday.report.picture import SIZES, panels
from gameday.report.roles import as_role, roles
from gameday.report.scene import scene
from gameday.report.timeline import began, incident_only, origin, timeline, wall_time
from gameday.report.words import words
from gameday.score.card import Measure, Scorecard, State

_MOST_REFERENCES = 6
_LONGEST_LINE = 220
_BUDGET_AT = 62.5
"""Where the budget stands on every bullet, percent of its length: one line down the table."""
_TRUNCATED = 8
_UNIT = re.compile(r"(?<=\d) (?=(?:s|ms|min|h|%)(?:\W|$))")


@dataclass(slots=True)
class Citations:
    """Which lines of the log the page has cited so far; the page's last table shows exactly these."""

    history: History
    zero: float
    _known: dict[int, Record] = field(default_factory=dict)
    _cited: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._known = {record.seq: record for record in self.history}

    def _take(self, evidence: Sequence[int]) -> list[int]:
        numbers = [number for number in dict.fromkeys(evidence) if number in self._known]
        if len(numbers) > _MOST_REFERENCES:
            numbers = [*numbers[: _MOST_REFERENCES - 1], numbers[-1]]
        self._cited.update(numbers)
        return numbers

    def link(self, text: str, evidence: Sequence[int]) -> Markup:
        """The text, as a link to the last line it rests on."""
        numbers = self._take(evidence)
        if not numbers:
            return escape(text)
        return Markup('<a href="#seq-{}">{}</a>').format(numbers[-1], text)

    def references(self, evidence: Sequence[int]) -> Markup:
        """Links to the lines, ``#12 #40``."""
        numbers = self._take(evidence)
        links = [Markup('<a href="#seq-{0}">#{0}</a>').format(number) for number in numbers]
        return Markup('<span class="refs">{}</span>').format(Markup(" ").join(links)) if links else Markup("")

    def lines(self) -> list[dict[str, Any]]:
        """Every cited line, in the order of the log."""
        return [
            {
                "seq": number,
                "t": figures.stamp(self._known[number].t - self.zero),
                "wall": wall_time(self.history, self._known[number].t),
                "type": self._known[number].event.model_dump(include={"type"})["type"],
                "text": line_text(self._known[number].event),
            }
            for number in sorted(self._cited)
        ]


def line_text(event: Event) -> str:
    """One line of the log in short: its words, else its fields."""
    if isinstance(event, Requests):
        bad = sum(bool(problem) for problem in event.ended_problem)
        sent, ended = len(event.sent_at), len(event.ended_at)
        return f"{len(event.offered)} due, {sent} sent, {ended} ended, {bad} of them failed"
    said = words(event)
    if said:
        return f"{said.what} ({said.doer})"
    return figures.clean(
        json.dumps(event.model_dump(mode="json", exclude={"type", "inputs"}), ensure_ascii=False),
        _LONGEST_LINE,
    )


@dataclass(frozen=True, slots=True)
class Bullet:
    """A bar against its budget, in percent of its room; ``opens`` where the end is not known or not shown."""

    length: float
    low: float
    high: float
    opens: bool
    budget_at: float = _BUDGET_AT


def bullet(measure: Measure) -> Bullet | None:
    """The bar of a measure with a budget; None where there is nothing to draw."""
    value = measure.earliest if measure.state is State.CENSORED else measure.value
    if not measure.budget or value is None or measure.state not in {State.OBSERVED, State.CENSORED}:
        return None

    def place(seconds: float | None) -> float:
        return (
            round(min(max((seconds or 0.0) / measure.budget * _BUDGET_AT, 0.6), 100.0), 2)
            if measure.budget
            else 0.0
        )

    observed = measure.state is State.OBSERVED and measure.earliest is not None and measure.latest is not None
    low, high = (place(measure.earliest), place(measure.latest)) if observed else (place(value), place(value))
    full = 100.0
    return Bullet(place(value), low, high, opens=measure.state is State.CENSORED or place(value) >= full)


def _together(text: str) -> str:
    """Numbers and their units on one line."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gameday.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clean": figures.clean,
        "clock": figures.clock,
        "budget": figures.budget,
        "share": figures.share,
        "count": figures.count,
        "latency": figures.latency,
        "deed": measured.deed,
        "value": measured.value_text,
        "bad_seconds": measured.bad_seconds,
        "bounds": measured.bounds_text,
        "because": measured.reason_text,
        "bullet": bullet,
        "together": _together,
    }
    return environment


def page(scorecard: Scorecard, history: History) -> str:
    """The whole page."""
    inputs = history.inputs()
    zero = origin(history)
    entries = incident_only(timeline(scorecard, history))
    known = roles(history)
    shown = scene(scorecard, history, entries)
    found = findings(scorecard, inputs.runbook.owner if inputs.runbook else "")
    start = began(history)
    cited = Citations(history, zero)
    pictures = [(size.name, Markup(svg(panels(shown, size), f"{size.name}-"))) for size in SIZES]  # noqa: S704 - escaped by vl-convert
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            card=scorecard,
            inputs=inputs,
            started=history.started,
            date=f"{start:%-d %B %Y, %H:%M} UTC" if start else "",
            origin="fault" if history.has(FaultTriggered) else "start",
            link=cited.link,
            refs=cited.references,
            cited=cited,
            pictures=pictures,
            exported=any(point.exported is not None for point in shown.curve),
            entries=[
                (entry, figures.stamp(entry.t), as_role(entry.who, entry.scripted, known))
                for entry in entries
            ],
            well=[one for one in found if one.good],
            ahead=[one for one in found if not one.good],
            clocks=[*measured.clocks(scorecard), *measured.others(scorecard)],
            name_of=measured.name_of,
            find=lambda name: measured.find(scorecard, name),
            when=lambda t: "" if t is None else figures.stamp(t - zero),
            load_lines=_load_lines(history),
            acts_of=lambda name: [
                record.seq for record in history if isinstance(record.event, Act) and record.event.by == name
            ],
            role_of=lambda name: known.get(figures.clean(name), "responder"),
            digest=lambda text: text[: 2 * _TRUNCATED],
        )
    )


def _load_lines(history: History) -> list[int]:
    """Lines that stand for the load as a whole: its start, its first and its last requests."""
    load, first, last = history.first(LoadStarted), history.first(Requests), history.last(Requests)
    return [found[0].seq for found in (load, first, last) if found]
