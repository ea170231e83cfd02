"""What the picture shows of one run: seconds from the trigger, out of the scorecard and the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gameday.events import FaultReverted, LoadStarted, RespondEnded
from gameday.history import History
from gameday.model.quantities import Condition
from gameday.model.scenario import Impact
from gameday.report.figures import clean
from gameday.report.measured import NAMES, clocks, value_text
from gameday.report.picture import ClockBar, Mark, Moment, Scene, Span
from gameday.report.series import series
from gameday.report.timeline import Entry, origin
from gameday.report.words import Kind
from gameday.score.card import Instant, Measure, Scorecard, State, Verdict
from gameday.score.measures import CLOCKS

_BEFORE = 0.15
"""Share of the picture that shows the time before the trigger."""
_LEAST = 1.0
_LONGEST_LABEL = 40


def scene(scorecard: Scorecard, history: History, entries: Sequence[Entry]) -> Scene:
    """The scene of a run; ``entries`` are the timeline's rows, whose numbers the acts carry."""
    zero = origin(history)
    begin, end = _span_of(history, zero)
    marks = {
        mark.id: mark for mark in scorecard.milestones if mark.state is State.OBSERVED and mark.at is not None
    }
    expect, steady = history.inputs().scenario.expect, history.inputs().scenario.steady_state
    conditions = [expect.impact.when] if isinstance(expect.impact, Impact) else []
    return Scene(
        begin=begin,
        end=end,
        curve=[
            replace(point, begin=point.begin - zero, end=point.end - zero)
            for point in series(history, begin + zero, end + zero)
        ],
        impact_limit=_limit("error_rate", conditions),
        latency_limit=_limit("latency_p95", steady),
        faults=_faults(scorecard, history, zero, end),
        alerts=_alerts(scorecard, zero, end),
        impaired=_impaired(scorecard, marks, zero, end),
        acts=[
            Mark(number, clean(entry.short, _LONGEST_LABEL), entry.t, entry.evidence[0], turns=entry.turns)
            for number, entry in enumerate(entries, 1)
            if entry.kind is Kind.ACT and begin <= entry.t <= end
        ],
        moments=_moments(scorecard, marks, zero),
        clocks=[bar for measure in clocks(scorecard) if (bar := _clock(measure, marks, zero, end))],
    )


def _span_of(history: History, zero: float) -> tuple[float, float]:
    """From a little before the trigger to the end of Respond, or of the log."""
    respond = history.last(RespondEnded)
    last = respond[0].t if respond else (history[-1].t if len(history) else zero)
    end = max(last - zero, _LEAST) * 1.02
    load = history.first(LoadStarted)
    earliest = load[0].t - zero if load else -_LEAST
    return min(max(earliest, -_BEFORE * end), 0.0), end


def _limit(metric: str, conditions: Sequence[Condition]) -> float | None:
    return next((condition.threshold for condition in conditions if condition.metric == metric), None)


def _first(evidence: Sequence[int]) -> int | None:
    return evidence[0] if evidence else None


def _faults(scorecard: Scorecard, history: History, zero: float, end: float) -> list[Span]:
    put_back = {event.fault: record.t for record, event in history.of(FaultReverted)}
    return [
        Span(
            f"{fault.id}: {fault.experiment}",
            [
                (
                    fault.triggered - zero,
                    (fault.ended or put_back.get(fault.id, end + zero)) - zero,
                    _first(fault.evidence),
                )
            ],
        )
        for fault in scorecard.faults
        if fault.triggered is not None
    ]


def _alerts(scorecard: Scorecard, zero: float, end: float) -> list[Span]:
    rows: dict[str, list[tuple[float, float, int | None]]] = {}
    for alert in scorecard.detection.alerts:
        role = "" if alert.role in {"listed", "expected"} else f" ({alert.role})"
        until = end if alert.ended is None else alert.ended - zero
        rows.setdefault(f"{clean(alert.monitor)}{role}", []).append(
            (alert.at - zero, until, _first(alert.evidence))
        )
    return [Span(label, sorted(parts, key=lambda part: part[0])) for label, parts in rows.items()]


def _impaired(
    scorecard: Scorecard, marks: dict[str, Instant], zero: float, end: float
) -> list[tuple[float, float]]:
    if "impact" not in marks:
        return []
    edges = [marks["impact"].at or 0.0]
    for relapse in sorted(scorecard.relapses, key=lambda one: one.began):
        edges += [relapse.began, relapse.ended]
    edges.append((marks["mitigated"].at or 0.0) if "mitigated" in marks else end + zero)
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [(begin - zero, until - zero) for begin, until in pairs if until > begin]


def _moments(scorecard: Scorecard, marks: dict[str, Instant], zero: float) -> list[Moment]:
    found = []
    for name, label in (("impact", "impact"), ("mitigated", "good again")):
        if name in marks:
            mark = marks[name]
            at = mark.at or 0.0
            earliest = at if mark.earliest is None else mark.earliest
            latest = at if mark.latest is None else mark.latest
            found.append(Moment(label, at - zero, earliest - zero, latest - zero, _first(mark.evidence)))
    for relapse in scorecard.relapses:
        at = relapse.ended - zero
        found.append(Moment("relapse", at, at, at, _first(relapse.evidence)))
    return sorted(found, key=lambda moment: moment.t)


def _clock(measure: Measure, marks: dict[str, Instant], zero: float, end: float) -> ClockBar | None:
    name = NAMES[measure.id]
    starts = next((clock.starts for clock in CLOCKS if clock.id == measure.id), ())
    start = next((marks[mark] for mark in starts if mark in marks), None)
    if start is None or start.at is None or measure.state is State.NOT_APPLICABLE:
        return None
    begin = start.at - zero
    length = {State.OBSERVED: measure.value, State.CENSORED: measure.earliest}.get(measure.state)
    if measure.state is State.CENSORED and measure.verdict is Verdict.PASS:
        length = 0.0  # what never came, and was not to come, is no time that ran
    observed = measure.state is State.OBSERVED and measure.earliest is not None and measure.latest is not None
    return ClockBar(
        label=name.done,
        value=value_text(measure),
        begin=begin,
        end=min(begin + (length or 0.0), end),
        limit=measure.budget,
        earliest=begin + (measure.earliest or 0.0) if observed else None,
        latest=min(begin + (measure.latest or 0.0), end) if observed else None,
        verdict=measure.verdict.value if measure.verdict else "",
        evidence=measure.evidence[-1] if measure.evidence else None,
    )
