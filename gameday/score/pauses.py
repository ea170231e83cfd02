"""Good service that began in a pause of the fault: what made it last is what took the fault away in it.

A fault may let service be good for seconds, again and again: replicas that die of a setting serve until they die.
Whoever sets the setting back in such a pause mended it, though service was good already. And users who all wait for
slow answers send none for a moment: whoever goes round the fault in that moment mended it, though the fault stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gameday.clients import Stretch
from gameday.events import FaultChecked, LeverEnded
from gameday.score.case import Case
from gameday.score.deeds import Deed, Vanished, explains, vanished
from gameday.windows import STEADY_BUCKETS, WINDOW


@dataclass(frozen=True, slots=True)
class TakenAway:
    """A responder's deed that took a fault away, or its effect, while service was good; and by when it had."""

    deed: Deed
    gone: float
    evidence: list[int]


_JUDGED = STEADY_BUCKETS * WINDOW
"""Seconds of good service without which nobody can tell it from a moment in which nobody was hurt."""


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


def worked_around(case: Case, stretch: Stretch, done: Sequence[Deed]) -> TakenAway | None:
    """A lever known to mend that made this stretch last while the fault stayed; None where there was none.

    It must have come before service was good for as long as it takes to judge it: good service is older than the
    lever then only by chance, since the fault that was in place before is in place still.
    """
    mitigate = case.scenario.expect.mitigate
    if mitigate is None or not _may_be_a_pause(case, stretch, done):
        return None
    last = {event.fault: event.in_place for _, event in case.during(FaultChecked)}
    if not any(last.values()):
        return None
    for deed in done:
        inside = stretch.latest < deed.at < stretch.began + _JUDGED
        if inside and deed.by == "responder" and deed.lever in mitigate.levers:
            ended = (record.t for record, event in case.during(LeverEnded) if event.act == deed.act)
            return TakenAway(deed, next(ended, deed.at), [])
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
