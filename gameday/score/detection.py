"""How it was noticed: alerts and what explains them, statements of people, and how soon it could have been.

Detection knows what the system exports and what people said. It never counts requests of the load generator.
"""

from __future__ import annotations

from dataclasses import dataclass

from gameday.events import (
    AlertEnded,
    AlertFired,
    AlertPending,
    Declared,
    DetectorConfigured,
    MonitorBlind,
    MonitorSighted,
    Noted,
    Record,
    Scraped,
)
from gameday.metrics import METRICS
from gameday.score.budgets import budget
from gameday.score.card import Alert, Detection, Instant, Verdict
from gameday.score.case import Case
from gameday.score.instants import is_observed, missing, not_applicable, observed

BLIND_AFTER = 10.0
"""Seconds without data after which silence proves nothing."""
_LAG = 2.0
"""Seconds by which what monitors see lags behind what users felt: their sliding window."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The milestones of detection, and what the card shows of it."""

    pending: Instant
    firing: Instant
    notified: Instant
    detected: Instant
    facts: Detection
    verdict: Verdict
    """What it means if nothing and nobody noticed."""


def noticed(case: Case, impact: Instant, mended: float) -> Noticed:
    """Who and what noticed. ``mended`` is when service was good again for good, infinity if never."""
    listed = case.scenario.expect.detect.monitors if case.scenario.expect.detect else []
    alerts = _alerts(case, impact, mended)
    pages = [alert for alert in alerts if alert.role == "listed"]
    notified = _first_page("notified", pages, case)
    person = _statement(case)
    page_at = notified.at if is_observed(notified) else None
    detected, by = _detected(case, notified, person, pages)
    silent, no_data = _did_not_fire(case, listed, pages, impact, mended)
    explained = [alert for alert in alerts if alert.role in {"listed", "expected"}]
    noise = [alert for alert in alerts if alert.role == "noise"]
    floor = _floor(case, pages[0].monitor if pages else None)
    above = None
    if floor is not None and page_at is not None and impact.at is not None:
        above = page_at - impact.at - floor
    return Noticed(
        pending=_pending(case, listed),
        firing=_firing(case, notified),
        notified=notified,
        detected=detected,
        facts=Detection(
            by=by,
            floor=floor,
            above_floor=above,
            silent=silent,
            no_data=no_data,
            alerts=alerts,
            precision=len(explained) / (len(explained) + len(noise)) if explained or noise else None,
        ),
        verdict=Verdict.FAIL if silent or not listed else Verdict.UNKNOWN,
    )


def _alerts(case: Case, impact: Instant, mended: float) -> list[Alert]:
    ends = case.ordered(AlertEnded)
    found = []
    for record, event in case.ordered(AlertFired):
        ended = next((end for end, what in ends if what.monitor == event.monitor and end.t >= record.t), None)
        found.append(
            Alert(
                monitor=event.monitor,
                at=record.t,
                ended=ended.t if ended else None,
                severity=event.severity,
                role=_role(case, record, event, impact, mended),
                evidence=[record.seq, *([ended.seq] if ended else [])],
            )
        )
    return found


def _role(case: Case, record: Record, event: AlertFired, impact: Instant, mended: float) -> str:
    expect = case.scenario.expect
    if case.triggered is None or event.since < case.triggered:
        return "preexisting"
    if record.t > case.respond_end:
        return "expected"  # putting back disturbs the system too
    if expect.impact == "none" and not is_observed(impact):
        return "noise"
    if event.since > mended + _LAG:
        return "noise"
    return "listed" if expect.detect and event.monitor in expect.detect.monitors else "expected"


def _first_page(name: str, pages: list[Alert], case: Case) -> Instant:
    if pages:
        return observed(name, pages[0].at, pages[0].evidence[:1])
    if case.scenario.expect.detect is None:
        return not_applicable(name, "no monitor is expected to notice")
    return missing(name, case.respond_end, "no listed monitor fired")


def _firing(case: Case, notified: Instant) -> Instant:
    """When it fired: where an Alertmanager tells, before anybody was told, on its clock less the measured skew."""
    firing = notified.model_copy(update={"id": "alert_firing"})
    configured = case.history.last(DetectorConfigured)
    fired = next(
        (event for record, event in case.ordered(AlertFired) if record.seq in notified.evidence), None
    )
    if configured is None or fired is None or not fired.starts_at:
        return firing
    rule = case.inputs.system.monitors.get(fired.monitor)
    at = fired.since + configured[1].holds.get(fired.monitor, rule.when.hold if rule else 0.0)
    either = configured[1].skew_width / 2
    return firing.model_copy(update={"at": at, "earliest": at - either, "latest": at + either})


def _pending(case: Case, listed: list[str]) -> Instant:
    for record, event in case.during(AlertPending):
        if event.monitor in listed:
            return observed("alert_pending", _began(record, event), [record.seq])
    if not listed:
        return not_applicable("alert_pending", "no monitor is expected to notice")
    return missing("alert_pending", case.respond_end, "the condition of no listed monitor held")


def _began(record: Record, event: AlertPending) -> float:
    return record.t if event.since is None else event.since


def _statement(case: Case) -> tuple[Record, str] | None:
    """The first statement of a person that names a service of the system as affected."""
    services = set(case.inputs.system.services)
    naming = [(record, event.by) for record, event in case.during(Declared) if services & set(event.affects)]
    naming += [(record, event.by) for record, event in case.during(Noted) if services & set(event.affects)]
    return min(naming, key=lambda found: (found[0].t, found[1]), default=None)


def _detected(
    case: Case, notified: Instant, person: tuple[Record, str] | None, pages: list[Alert]
) -> tuple[Instant, str]:
    if person and (notified.at is None or person[0].t < notified.at):
        record, who = person
        instant = observed(
            "detected", record.t, [record.seq], kind="corroborated", reason="a person said so first"
        )
        return instant, f"person:{who}"
    if is_observed(notified):
        return notified.model_copy(update={"id": "detected"}), f"monitor:{pages[0].monitor}"
    if case.triggered is None:
        return not_applicable("detected", "nothing was injected"), ""
    return missing("detected", case.respond_end, "no listed monitor fired and nobody said so"), ""


def _did_not_fire(
    case: Case, listed: list[str], pages: list[Alert], impact: Instant, mended: float
) -> tuple[list[str], list[str]]:
    """Listed monitors that stayed silent with data, and those that had none."""
    if not is_observed(impact) or impact.at is None:
        return [], []
    span = (impact.at, min(mended, case.respond_end))
    allowed = budget(case, "detect")
    if case.cut_short and (allowed is None or span[1] - span[0] <= allowed):
        return [], []  # they still had time
    fired = {alert.monitor for alert in pages}
    quiet = [monitor for monitor in listed if monitor not in fired]
    blind = [monitor for monitor in quiet if _was_blind(case, monitor, span)]
    return [monitor for monitor in quiet if monitor not in blind], blind


def _was_blind(case: Case, monitor: str, span: tuple[float, float]) -> bool:
    """Whether a monitor went without data for ten seconds of the span, or for all of it."""
    sighted = [record.t for record, event in case.ordered(MonitorSighted) if event.monitor == monitor]
    for record, event in case.ordered(MonitorBlind):
        if event.monitor == monitor:
            until = next((t for t in sighted if t >= record.t), case.end)
            if event.since < span[1] and until > span[0]:
                return True
    rule = case.inputs.system.monitors.get(monitor)
    if rule is None:
        return False
    job = METRICS[rule.when.metric].job
    scrapes = [(record.t, event.ok) for record, event in case.history.of(Scraped) if event.job == job]
    if (
        not scrapes
    ):  # where nothing is scraped at all, monitors stand elsewhere and say themselves that they are blind
        return case.history.has(Scraped)
    good = [t for t, ok in scrapes if ok and t <= span[1]]
    marks = sorted([*(t for t in good if t >= span[0]), span[1]])
    before = max((t for t in good if t < span[0]), default=span[0])
    gaps = [later - earlier for earlier, later in zip([before, *marks], marks, strict=False)]
    return max(gaps, default=0.0) >= BLIND_AFTER or not any(t >= span[0] for t in good)


def _floor(case: Case, monitor: str | None) -> float | None:
    """Seconds below which no target can be met: scrape + evaluation + the monitor's own ``for`` + group wait."""
    configured = case.history.last(DetectorConfigured)
    detect = case.scenario.expect.detect
    if configured is None or detect is None:
        return None
    rules = case.inputs.system.monitors
    said = configured[1]
    holds = [
        said.holds.get(name, rules[name].when.hold)
        for name in ([monitor] if monitor else detect.monitors)
        if name in rules
    ]
    if not holds:
        return None
    return said.scrape_interval + said.evaluation_interval + min(holds) + said.group_wait
