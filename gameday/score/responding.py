"""What the responders did, as milestones: acknowledged, engaged, declared, diagnosed, resolved, closed."""

from __future__ import annotations

from math import inf

from gameday.events import (
    Acknowledged,
    AlertEnded,
    AlertFired,
    Declared,
    Event,
    FaultChecked,
    FaultTriggered,
    Hypothesised,
    Looked,
    Record,
    Resolved,
)
from gameday.score.card import Instant, State
from gameday.score.case import Case
from gameday.score.instants import censored, is_observed, missing, not_applicable, observed
from gameday.situation import paged_at

_WORK_AROUND = ("work-around", "workaround", "work around")


def acknowledged(case: Case) -> Instant:
    """M7: somebody took the page, at the desk; what was said before there was one took none."""
    paged = paged_at(case.history)
    since = inf if paged is None else paged
    return _first_act(case, "acknowledged", Acknowledged, "nobody took the page", since)


def declared(case: Case) -> Instant:
    """M9: a severity was set."""
    return _first_act(case, "declared", Declared, "nobody declared an incident")


def _first_act(case: Case, name: str, kind: type[Event], absent: str, since: float = 0.0) -> Instant:
    for record, _ in case.during(kind):
        if record.t >= since:
            return observed(name, record.t, [record.seq])
    return _never(case, name, absent)


def _never(case: Case, name: str, absent: str) -> Instant:
    if case.triggered is None:
        return not_applicable(name, "nothing was injected")
    return missing(name, case.respond_end, f"{absent} by the end of Respond")


def engaged(case: Case, detected: Instant) -> Instant:
    """M8: the first look or hypothesis after detection."""
    if detected.at is None:
        return not_applicable("engaged", "it was never detected")
    acts: list[Record] = [record for record, _ in case.during(Looked)]
    acts += [record for record, _ in case.during(Hypothesised)]
    first = min((act for act in acts if act.t >= detected.at), key=lambda act: (act.t, act.seq), default=None)
    if first is None:
        return _never(case, "engaged", "nobody looked and nobody stated a hypothesis")
    return observed("engaged", first.t, [first.seq])


def diagnosed(case: Case) -> Instant:
    """The first hypothesis that names the true component and mechanism."""
    truth = case.scenario.truth
    if truth is None:
        return not_applicable("diagnosed", "the scenario does not say what is true")
    others: set[tuple[str, str]] = set()
    for record, event in case.during(Hypothesised):
        said = (event.component, event.mechanism)
        if said == (truth.component, truth.mechanism):
            reason = (
                f"after {len(others)} other {'hypothesis' if len(others) == 1 else 'hypotheses'}"
                if others
                else ""
            )
            return observed("diagnosed", record.t, [record.seq], reason=reason)
        others.add(said)
    return _never(case, "diagnosed", "no hypothesis named the component and the mechanism")


def resolved(case: Case, mitigated: Instant) -> Instant:
    """M11: a responder said so, service stayed good, the cause is gone or worked around, alerts ended."""
    if mitigated.state is State.NOT_APPLICABLE:
        return not_applicable("resolved", mitigated.reason)
    said = next(case.during(Resolved), None)
    if said is None:
        return _never(case, "resolved", "nobody said that it is over")
    record, event = said
    if not is_observed(mitigated) or mitigated.at is None:
        return censored("resolved", case.respond_end, "good service did not last", [record.seq])
    gone = _cause_gone(case)
    around = any(word in event.text.lower() for word in _WORK_AROUND)
    if gone is None and not around:
        reason = "the cause was not seen to be gone, and no work-around was named"
        return censored("resolved", case.respond_end, reason, [record.seq])
    quiet = _alerts_over(case)
    if quiet is None:
        return censored("resolved", case.respond_end, "an alert was still firing", [record.seq])
    parts = [(record.t, [record.seq]), (mitigated.at, mitigated.evidence), quiet, *([gone] if gone else [])]
    at = max(at for at, _ in parts)
    evidence = sorted({seq for _, seqs in parts for seq in seqs})
    return observed(
        "resolved", at, evidence, kind="attested", reason="without a checklist, which is not recorded"
    )


def _cause_gone(case: Case) -> tuple[float, list[int]] | None:
    """When the last fault was read back as gone, before the end of Respond."""
    found: list[tuple[float, list[int]]] = []
    for fault in {event.fault for _, event in case.during(FaultTriggered)}:
        checks = [(record, event) for record, event in case.during(FaultChecked) if event.fault == fault]
        if not checks or checks[-1][1].in_place is not False:
            return None
        found.append((checks[-1][1].at, [checks[-1][0].seq]))
    return max(found, default=None)


def _alerts_over(case: Case) -> tuple[float, list[int]] | None:
    """When the last alert of the incident ended; None while one still fires."""
    ended = list(case.during(AlertEnded))
    last: tuple[float, list[int]] = (0.0, [])
    for record, event in case.during(AlertFired):
        end = next((end for end, what in ended if what.monitor == event.monitor and end.t >= record.t), None)
        if end is None:
            return None
        last = max(last, (end.t, [end.seq]))
    return last
