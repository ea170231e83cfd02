"""All milestones of one case, in the order of an incident."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from gameday.events import FaultChecked, FaultTriggered
from gameday.score.card import Instant
from gameday.score.case import Case
from gameday.score.detection import Noticed, noticed
from gameday.score.instants import missing, not_applicable, observed
from gameday.score.mitigation import Mend, mend
from gameday.score.recovery import recovered
from gameday.score.responding import acknowledged, declared, diagnosed, engaged, resolved
from gameday.score.service import impact, service


@dataclass(frozen=True, slots=True)
class Milestones:
    """Instants by name, and the two findings that more than instants follow from."""

    by_name: dict[str, Instant]
    noticed: Noticed
    mend: Mend

    def __getitem__(self, name: str) -> Instant:
        return self.by_name[name]


def milestones(case: Case) -> Milestones:
    """Every milestone, with what the log says of it."""
    began = impact(case)
    found = mend(case, began, service(case, began))
    mended_at = found.mitigated.at if found.mitigated.at is not None else inf
    seen = noticed(case, began, mended_at)
    instants = [
        _triggered(case),
        _in_place(case),
        began,
        seen.pending,
        seen.firing,
        seen.notified,
        seen.detected,
        acknowledged(case),
        engaged(case, seen.detected),
        declared(case),
        diagnosed(case),
        found.act,
        found.mitigated,
        recovered(case, found),
        resolved(case, found.mitigated),
        not_applicable("closed", "the desk does not record it yet"),
    ]
    return Milestones({instant.id: instant for instant in instants}, seen, found)


def _triggered(case: Case) -> Instant:
    if case.triggered is None:
        return not_applicable("triggered", "nothing was injected")
    return observed("triggered", case.triggered, [case.triggered_seq])


def _in_place(case: Case) -> Instant:
    if case.triggered is None:
        return not_applicable("in_place", "nothing was injected")
    first = min(case.history.of(FaultTriggered), key=lambda pair: pair[1].at)[1].fault
    checks = [(record, event) for record, event in case.during(FaultChecked) if event.fault == first]
    for record, event in checks:
        if event.in_place:
            return observed("in_place", event.at, [record.seq], earliest=case.triggered)
    if not checks:
        return missing("in_place", None, "no probe read the fault back")
    return missing("in_place", case.respond_end, "the read-back never showed the fault")
