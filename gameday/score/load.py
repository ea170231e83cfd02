"""What the clients did and felt, in figures, and whether the load was what was asked for."""

from __future__ import annotations

from gameday.clients import Counts
from gameday.events import BaselineJudged, BaselinePostponed, LoadStarted, LoadSteady
from gameday.score.card import LoadFacts
from gameday.score.case import Case
from gameday.score.milestones import Milestones

_WINDOW = 2.0
_STEP = 1.0
_ENOUGH = 0.9
"""Share of the asked rate below which the generator itself fell short."""


def load_facts(case: Case, marks: Milestones) -> LoadFacts:
    """Figures from the trigger to the end of Respond; of the whole run where nothing was injected."""
    start = case.triggered if case.triggered is not None else 0.0
    counts = case.clients.counts(start, case.respond_end, case.now)
    mended = marks["mitigated"].at
    good = case.clients.counts(start if mended is None else mended, case.respond_end, case.now)
    felt = Counts(0, 0, 0)
    if (began := marks["impact"].at) is not None:
        felt = case.clients.counts(began, case.respond_end if mended is None else mended, case.now)
    judged = case.history.last(BaselineJudged)
    return LoadFacts(
        offered=counts.offered,
        sent=counts.sent,
        bad=counts.bad,
        impact_offered=felt.offered,
        impact_bad=felt.bad,
        baseline_rate=judged[1].rate if judged else None,
        achieved_share=good.sent / good.offered if good.offered else None,
        peak_error_rate=case.clients.peak_error_rate(start, case.respond_end, case.now),
        worst_p95=_worst_p95(case, start),
        overloaded=_overloaded(case, counts.offered, case.respond_end - start),
    )


def _worst_p95(case: Case, start: float) -> float | None:
    """The worst 2 s window, looked at every second."""
    last = max(start, case.respond_end - _WINDOW)
    starts = [start + number * _STEP for number in range(int((last - start) / _STEP) + 1)]
    found = (
        case.clients.metric("latency_p95", at, min(at + _WINDOW, case.respond_end), case.now) for at in starts
    )
    return max((value for value in found if value is not None), default=None)


def _overloaded(case: Case, offered: int, seconds: float) -> bool:
    """Whether slots were left out before anything was broken, or too few were offered at any time."""
    asked = case.history.last(LoadStarted)
    if asked is None or asked[1].period <= 0:
        return False
    rate = asked[1].users / asked[1].period
    if case.triggered is not None and seconds > _WINDOW and offered < _ENOUGH * rate * seconds:
        return True
    steady, judged = case.history.first(LoadSteady), case.history.first(BaselineJudged)
    if steady is None or judged is None:
        return False
    postponed = case.history.last(BaselinePostponed)
    begin, end = postponed[1].begins if postponed else steady[0].t, judged[0].t
    if end <= begin:
        return False
    return case.clients.counts(begin, end, case.now).sent < _ENOUGH * rate * (end - begin)
