"""Good service that began in a pause of the fault: what made it last is what took the fault away in it.

A fault may let service be good for seconds, again and again: replicas that die of a setting serve until they die.
Whoever sets the setting back in such a pause mended it, though service was good already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gameday.clients import Stretch
from gameday.events import FaultChecked
from gameday.score.case import Case
from gameday.score.deeds import Deed, Vanished, explains, vanished


@dataclass(frozen=True, slots=True)
class TakenAway:
    """A responder's deed that took a fault away while service was good, and when the fault was seen to be gone."""

    deed: Deed
    gone: float
    evidence: list[int]


def taken_away(case: Case, stretch: Stretch, done: Sequence[Deed]) -> TakenAway | None:
    """What made this stretch last, where nothing before it can have; None where the fault stayed, or was gone before.

    It must have come before service was good for ``stable_for``: then it had been mended already. A lever before
    the stretch that is known to mend has mended it, whatever became of the fault later.
    """
    if not _may_be_a_pause(case, stretch, done):
        return None
    for fault in case.scenario.faults:
        if case.healed_by_platform(fault):
            continue
        checks = [
            (record, check)
            for record, check in sorted(case.during(FaultChecked), key=lambda pair: (pair[1].at, pair[0].seq))
            if check.fault == fault and check.in_place is not None
        ]
        before = [check.in_place for _, check in checks if check.at <= stretch.at]
        if not (before and before[-1]) or checks[-1][1].in_place:
            continue
        # While a change is rolled out it may be seen gone and there again: the last word counts.
        record, gone = next(
            pair for i, pair in enumerate(checks) if not any(check.in_place for _, check in checks[i:])
        )
        for deed in reversed(done):
            inside = stretch.latest < deed.at <= gone.at and deed.at < stretch.began + _stable_for(case)
            if inside and deed.by == "responder" and explains(case, deed, fault):
                return TakenAway(deed, gone.at, [record.seq])
    return None


def vanished_within(case: Case, stretch: Stretch, done: Sequence[Deed]) -> list[Vanished]:
    """The faults that vanished before this stretch, or in it while it may have been a pause."""
    until = stretch.latest
    if _may_be_a_pause(case, stretch, done):
        until = stretch.began + _stable_for(case)
    return [each for each in vanished(case, done) if each.after <= until]


def _may_be_a_pause(case: Case, stretch: Stretch, done: Sequence[Deed]) -> bool:
    """Whether no deed before the stretch is known to mend, and the platform is not asked to."""
    if case.scenario.expect.recover is not None:
        return False
    mitigate = case.scenario.expect.mitigate
    last = next((deed for deed in reversed(done) if deed.at <= stretch.latest), None)
    return last is None or (
        last.by == "responder" and last.lever not in (mitigate.levers if mitigate else ())
    )


def _stable_for(case: Case) -> float:
    return case.scenario.expect.stable_for
