"""The one big picture: acts, alerts and faults over the curves of what users felt, and the clocks under them.

    acts      numbered flags, the numbers of the timeline's rows
    alerts    bars from firing to end
    faults    bars from trigger to end
    errors    share of bad requests; impact and mend as lines with their uncertainty
    p95       the same for the time to answer
    clocks    each from its start, over its budget

``Scene`` holds what is drawn in seconds from the trigger; ``panels`` lays it out for a given width. Colours
are names of the page's own colours, so the picture follows the reader's light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gameday.report.chart import Frame, Panel
from gameday.report.figures import budget, latency, share
from gameday.report.placing import fit
from gameday.report.series import Point

_ROW = 16
_FLAG = 15
_MOST_FLAG_ROWS = 14
_FULL = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """A width to draw for, in units that are pixels where the page shows it at its natural size."""

    name: str
    plot: int
    left: int
    right: int
    text: int
    long_labels: bool

    @property
    def per_letter(self) -> float:
        """Width of a letter, a little generous."""
        return self.text * 0.56


SIZES = (
    Size("wide", plot=860, left=114, right=114, text=12, long_labels=True),
    Size("middle", plot=500, left=104, right=76, text=12, long_labels=True),
    Size("narrow", plot=232, left=90, right=22, text=11, long_labels=False),
)


@dataclass(frozen=True, slots=True)
class Span:
    """One row of bars: a fault, or a monitor with each time that it fired."""

    label: str
    parts: Sequence[tuple[float, float, int | None]]
    """Begin, end, sequence number."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A responder's act; ``number`` is its row in the timeline."""

    number: int
    label: str
    t: float
    evidence: int | None
    turns: bool
    """Whether it can turn an incident; where labels are too many, such an act keeps its own."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A measured instant, drawn through every curve, with its uncertainty."""

    label: str
    t: float
    earliest: float
    latest: float
    evidence: int | None


@dataclass(frozen=True, slots=True)
class ClockBar:
    """One clock, as far as it is known to have run; ``verdict`` is empty where nothing judges it."""

    label: str
    value: str
    begin: float
    end: float
    limit: float | None
    earliest: float | None
    latest: float | None
    verdict: str
    evidence: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything drawn, seconds from the trigger."""

    begin: float
    end: float
    curve: Sequence[Point]
    impact_limit: float | None
    """The threshold on the error rate that counts as impact, where the scenario names one."""
    latency_limit: float | None
    faults: Sequence[Span]
    alerts: Sequence[Span]
    impaired: Sequence[tuple[float, float]]
    """From impact to good service, as often as it happened."""
    acts: Sequence[Mark]
    moments: Sequence[Moment]
    clocks: Sequence[ClockBar]


def panels(scene: Scene, size: Size) -> list[Panel]:
    """The panels of the whole picture for one width, top to bottom."""
    frame = Frame(scene.begin, scene.end, size.plot, size.left, size.right, size.text)
    drawn = [_marks(scene, size, frame), _errors(scene, size, frame), _latency(scene, frame, size)]
    return [*drawn, _clocks(scene, size, frame)] if scene.clocks else drawn


def _guides(panel: Panel, scene: Scene, colour: str = "var(--ink)") -> None:
    """Impact and mend through all panels, and the impaired time between them as a tint."""
    for begin, end in scene.impaired:
        panel.bar(begin, end, 0, panel.height, "var(--impaired)")
    if scene.faults:
        panel.line(0.0, 0, panel.height, "var(--fault)", dashed=True)
    for moment in scene.moments:
        panel.bar(moment.earliest, moment.latest, 0, panel.height, "var(--unsure)")
        panel.line(moment.t, 0, panel.height, colour, href=moment.evidence)


def _marks(scene: Scene, size: Size, frame: Frame) -> Panel:
    texts = [(frame.x(act.t), _act_texts(act, size)) for act in scene.acts]
    flags = fit(texts, per_letter=size.per_letter, limit=_MOST_FLAG_ROWS, right=size.plot + size.right)
    levels = max((row for row, _ in flags), default=0) + 1 if flags else 0
    moments = _FLAG + 2
    line = moments + levels * _FLAG + 4
    height = line + 10 + (len(scene.alerts) + len(scene.faults)) * _ROW + 6
    panel = Panel(frame, height)
    _guides(panel, scene, "var(--quiet)")  # flags stand over them here
    _name_moments(panel, scene, size)
    if scene.acts:
        panel.title("acts", line)
        panel.bar(scene.begin, scene.end, line - 0.5, line + 0.5, "var(--line)")
    for act, (row, text) in zip(scene.acts, flags, strict=True):
        top = line - 8 - row * _FLAG
        if text:
            panel.line(act.t, top + 2, line, "var(--quiet)")
            panel.text(act.t, top - 4, text, dx=3, href=act.evidence)
        panel.dot(act.t, line, "var(--act)", href=act.evidence)
    y = line + 10
    for title, spans, colour in (
        ("alerts", scene.alerts, "var(--alert)"),
        ("faults", scene.faults, "var(--fault)"),
    ):
        for number, span in enumerate(spans):
            if number == 0:
                panel.title(title, y + _ROW / 2)
            _span(panel, (scene, size), span, y, colour)
            y += _ROW
    return panel


def _act_texts(act: Mark, size: Size) -> list[str]:
    """What a flag can say, from the longest to the shortest."""
    number = str(act.number)
    if not size.long_labels:
        return [number]
    long = f"{number} {act.label}"
    return [long, long, long, number] if act.turns else [long, number, "", ""]


def _name_moments(panel: Panel, scene: Scene, size: Size) -> None:
    """Names on top, right of their lines; one that would touch the next stands left, or gives way."""
    frame = panel.frame
    moments = [(moment.t, moment.label, moment.evidence) for moment in scene.moments]
    fault = [(0.0, "fault", None)] if scene.faults else []
    named = sorted([*fault, *moments], key=lambda one: one[:2])
    for number, (t, label, evidence) in enumerate(named):
        width = (len(label) + 1) * size.per_letter
        x = frame.x(t)
        following = frame.x(named[number + 1][0]) if number + 1 < len(named) else size.plot + size.right
        before = frame.x(named[number - 1][0]) if number else -size.left / 2
        if x + width <= following:
            panel.text(t, 6, label, dx=3, href=evidence, bold=True)
        elif x - width >= before + (width if number else 0):
            panel.text(t, 6, label, dx=-3, align="right", href=evidence, bold=True)


def _span(panel: Panel, drawn: tuple[Scene, Size], span: Span, y: float, colour: str) -> None:
    frame, (scene, size) = panel.frame, drawn
    shown = [(max(begin, scene.begin), min(end, scene.end), evidence) for begin, end, evidence in span.parts]
    for begin, end, evidence in shown:
        panel.bar(begin, end, y + 2, y + 14, colour, href=evidence, least=3)
    first, last, href = shown[0][0], shown[-1][1], shown[0][2]
    width = (len(span.label) + 1.5) * size.per_letter
    if frame.x(last) + width <= size.plot + size.right:
        panel.text(last, y + 8, span.label, dx=5, href=href)
    elif frame.x(first) - width >= 0:
        panel.text(first, y + 8, span.label, dx=-5, align="right", href=href)
    else:
        room = int((frame.x(shown[0][1]) - frame.x(first)) / size.per_letter) - 2
        label = span.label if len(span.label) <= room else span.label[: max(room - 1, 1)] + "…"
        panel.text(first, y + 8, label, dx=5, href=href, colour="var(--paper)")


def _errors(scene: Scene, size: Size, frame: Frame) -> Panel:
    panel = Panel(frame, 150 if size.long_labels else 110)
    worst = max((point.bad for point in scene.curve if point.bad is not None), default=0.0)
    top = 1.0 if worst > _FULL else max(0.1, worst * 1.25, (scene.impact_limit or 0) * 1.5)
    panel.values("errors", top, "format(datum.value, '.1~%')")
    _guides(panel, scene)
    panel.curve([(one.begin, one.end, one.bad) for one in scene.curve], "var(--bad)", filled=True)
    panel.curve([(one.begin, one.end, one.exported) for one in scene.curve], "var(--soft)", dashed=True)
    if scene.impact_limit is not None:
        panel.threshold(
            scene.impact_limit, f"impact {share(scene.impact_limit)}", inside=not size.long_labels
        )
    return panel


def _latency(scene: Scene, frame: Frame, size: Size) -> Panel:
    panel = Panel(frame, 84 if size.long_labels else 70)
    worst = max((point.p95 for point in scene.curve if point.p95 is not None), default=0.0)
    top = max(worst * 1.1, (scene.latency_limit or 0.05) * 1.3)
    panel.values(
        "p95",
        top,
        "datum.value < 1 ? format(datum.value * 1000, '.0f') + ' ms' : format(datum.value, '.1f') + ' s'",
    )
    _guides(panel, scene)
    panel.curve([(one.begin, one.end, one.p95) for one in scene.curve], "var(--late)")
    if scene.latency_limit is not None:
        panel.threshold(
            scene.latency_limit, f"steady {latency(scene.latency_limit)}", inside=not size.long_labels
        )
    return panel


def _clocks(scene: Scene, size: Size, frame: Frame) -> Panel:
    panel = Panel(frame, len(scene.clocks) * _ROW + 4)
    _guides(panel, scene)
    for number, bar in enumerate(scene.clocks):
        y = 2 + number * _ROW
        panel.row_title(bar.label, y + _ROW / 2)
        if bar.limit is not None:
            within = bar.begin + bar.limit <= scene.end
            panel.bar(
                bar.begin, bar.begin + bar.limit if within else scene.end, y + 2, y + 14, "var(--budget)"
            )
            if within:
                panel.line(bar.begin + bar.limit, y + 1, y + 15, "var(--ink)")
        panel.bar(bar.begin, bar.end, y + 5, y + 11, _COLOURS[bar.verdict], href=bar.evidence, least=2)
        if bar.earliest is not None and bar.latest is not None:
            panel.whisker(bar.earliest, bar.latest, y + 8)
        _name_clock(panel, size, bar, y + 8)
    return panel


def _name_clock(panel: Panel, size: Size, bar: ClockBar, y: float) -> None:
    """Its value beside its end: right of it, else left of its beginning, else before its end."""
    value = f"{bar.value} {_MARKS[bar.verdict]}".rstrip()
    whole = f"{value}  of {budget(bar.limit)}" if size.long_labels and bar.limit is not None else value
    last = max(bar.end, bar.latest or bar.end)
    begin, end = panel.frame.x(bar.begin), panel.frame.x(last)
    for label in (whole, value):
        width = (len(label) + 1.5) * size.per_letter
        if end + width <= size.plot + size.right:
            panel.text(last, y, label, dx=6, href=bar.evidence)
            return
        if begin - width >= 0:
            panel.text(bar.begin, y, label, dx=-5, align="right", href=bar.evidence)
            return
    panel.text(bar.end, y, value, dx=-5, align="right", href=bar.evidence)


_COLOURS = {"PASS": "var(--pass)", "FAIL": "var(--fail)", "UNKNOWN": "var(--unknown)", "": "var(--quiet)"}
_MARKS = {"PASS": "✓", "FAIL": "✕", "UNKNOWN": "?", "": ""}
