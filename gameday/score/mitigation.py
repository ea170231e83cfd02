"""Who mended it: good service that lasts, the act that brought it, and good service that did not last.

What the runner put back was mended by nobody: the clock is censored there. A mend that no recorded act
explains is ``out_of_band`` and proves nothing about the responders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gameday.clients import Stretch
from gameday.events import FaultChecked, FaultReverting, Hypothesised, Looked, Verified
from gameday.score.card import Instant, Mitigation, Relapse
from gameday.score.case import Case
from gameday.score.deeds import Deed, Vanished, deeds, vanished
from gameday.score.instants import censored, is_observed, not_applicable, observed
from gameday.score.pauses import TakenAway, taken_away, vanished_within, worked_around
from gameday.score.service import Service


@dataclass(frozen=True, slots=True)
class Mend:
    """Milestones M10 and M10a, and what the card shows of them."""

    mitigated: Instant
    act: Instant
    by: Mitigation | None
    lever: Deed | None
    """The pull that is the mitigating act, if one is."""
    relapses: tuple[Relapse, ...]
    deeds: tuple[Deed, ...]


def mend(case: Case, impact: Instant, service: Service) -> Mend:
    """What mended it, and whose act it was."""
    done = deeds(case)
    if not is_observed(impact):
        nothing = f"there was nothing to mend: {impact.reason}"
        return Mend(
            not_applicable("mitigated", nothing),
            not_applicable("mitigating_act", nothing),
            None,
            None,
            (),
            tuple(done),
        )
    found = _attribute(case, service, done)
    return replace(found, relapses=tuple(_relapse(case, stretch, done) for stretch in service.broken))


def _attribute(case: Case, service: Service, done: Sequence[Deed]) -> Mend:
    stretch = service.lasting
    put_back = next((deed.at for deed in done if deed.by != "responder"), case.respond_end)
    if stretch is None or not service.long_enough:
        bound = min(put_back, stretch.earliest if stretch else case.respond_end)
        reason = _why_not(case, service)
        gone = vanished(case, done)
        by = _out_of_band(gone) if gone else None
        return Mend(
            censored("mitigated", bound, reason),
            censored("mitigating_act", bound, "no act mended it"), by, None, (), tuple(done),
        )  # fmt: skip
    mitigated = observed(
        "mitigated", stretch.at, case.tick_at(stretch.at), earliest=stretch.earliest, latest=stretch.latest
    )
    gone = vanished_within(case, stretch, done)
    platform = case.scenario.expect.recover is not None
    last = next((deed for deed in reversed(done) if deed.at <= stretch.latest), None)
    if gone and not platform:
        first = min(gone, key=lambda each: each.after)
        act = observed(
            "mitigating_act", first.by, first.evidence, earliest=first.after, kind="inferred",
            reason="the fault vanished and nobody's act explains it",
        )  # fmt: skip
        return Mend(mitigated, act, _out_of_band(gone), None, (), tuple(done))
    later = taken_away(case, stretch, done) or worked_around(case, stretch, done)
    if later is not None:
        return _made_to_last(later, done)
    if last is not None and last.by == "responder":
        by = Mitigation(by="responder", who=last.who, what=last.what, evidence=last.evidence)
        return Mend(mitigated, observed("mitigating_act", last.at, last.evidence), by, last, (), tuple(done))
    if last is not None:
        reason = (
            "the runner put the fault back" if last.by == "runner" else "gameday revert put the fault back"
        )
        by = Mitigation(by="runner", who=last.who, what=last.what, evidence=last.evidence)
        act = censored("mitigating_act", last.at, reason, last.evidence)
        return Mend(censored("mitigated", last.at, reason, last.evidence), act, by, None, (), tuple(done))
    return _nobody(case, mitigated, platform=platform, done=done)


def _made_to_last(found: TakenAway, done: Sequence[Deed]) -> Mend:
    """Service was good already, in a pause of the fault; it is mended from the act on that took it or its effect."""
    deed, evidence = found.deed, [*found.deed.evidence, *found.evidence]
    reason = "service was good just then; this made it last"
    mitigated = observed(
        "mitigated", deed.at, evidence, earliest=deed.at, latest=found.gone, kind="inferred", reason=reason
    )
    by = Mitigation(by="responder", who=deed.who, what=deed.what, evidence=evidence)
    return Mend(mitigated, observed("mitigating_act", deed.at, deed.evidence), by, deed, (), tuple(done))


def _nobody(case: Case, mitigated: Instant, *, platform: bool, done: Sequence[Deed]) -> Mend:
    """It became well with no recorded act: the platform's doing, or a hand that left no event."""
    checks = [
        (record, event) for record, event in case.during(FaultChecked) if event.at <= (mitigated.at or 0)
    ]
    last = {event.fault: event.in_place for _, event in checks}
    still = any(
        answer or (answer is False and case.healed_by_platform(fault)) for fault, answer in last.items()
    )
    evidence = [checks[-1][0].seq] if checks else []
    if platform or still:
        reason = "the system healed itself"
        by = Mitigation(by="platform", what=reason, basis="inferred", evidence=evidence)
    else:
        reason = "no recorded act explains it"
        what = "service became good again"
        by = Mitigation(by="out_of_band", what=what, basis="inferred", evidence=evidence)
    return Mend(mitigated, not_applicable("mitigating_act", reason), by, None, (), tuple(done))


def _out_of_band(gone: Sequence[Vanished]) -> Mitigation:
    names = ", ".join(sorted({each.fault for each in gone}))
    evidence = sorted({seq for each in gone for seq in each.evidence})
    return Mitigation(by="out_of_band", what=f"fault {names} vanished", basis="inferred", evidence=evidence)


def _why_not(case: Case, service: Service) -> str:
    if service.lasting is not None:
        return f"service was good again, but not for {case.scenario.expect.stable_for:g} s"
    if any(event.by == "runner" for _, event in case.history.of(FaultReverting)):
        return "service did not become good again before the runner put the fault back"
    return "service did not become good again before the end of Respond"


def _relapse(case: Case, stretch: Stretch, done: Sequence[Deed]) -> Relapse:
    last = next((deed for deed in reversed(done) if deed.at <= stretch.latest), None)
    evidence = [*(last.evidence if last else []), *case.tick_at(stretch.at)]
    return Relapse(began=stretch.at, ended=stretch.ended, after=last.what if last else "", evidence=evidence)


def lucky(case: Case, found: Mend) -> bool:
    """Mended by a responder who neither looked before nor verified after, or left out one of the two."""
    if found.by is None or found.by.by != "responder" or found.act.at is None:
        return False
    at = found.act.at
    looked = any(record.t <= at for kind in (Looked, Hypothesised) for record, _ in case.during(kind))
    verified = any(record.t >= at for record, _ in case.during(Verified))
    return not (looked and verified)
