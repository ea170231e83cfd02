"""What became of each fault, and of the stack: triggered, in place, gone, put back, left different."""

from __future__ import annotations

from gameday.events import (
    FaultActivity,
    FaultChecked,
    FaultInjected,
    FaultReverted,
    FaultReverting,
    FaultTriggered,
    RecipeWritten,
    StackCompared,
    ThingsRestored,
)
from gameday.score.card import FaultFacts, Instant
from gameday.score.case import Case


def fault_facts(case: Case, act: Instant) -> list[FaultFacts]:
    """One entry for each fault of the scenario, in its order; ``act`` is the mending act."""
    return [_fault(case, name, use.experiment, act) for name, use in case.scenario.faults.items()]


def _fault(case: Case, name: str, experiment: str, act: Instant) -> FaultFacts:
    triggered = [(record, event) for record, event in case.ordered(FaultTriggered) if event.fault == name]
    checks = [(record, event) for record, event in case.ordered(FaultChecked) if event.fault == name]
    reverting = [record for record, event in case.ordered(FaultReverting) if event.fault == name]
    reverted = [(record, event) for record, event in case.ordered(FaultReverted) if event.fault == name]
    placed = next(((record, event) for record, event in checks if event.in_place), None)
    gone = next(
        (pair for pair in checks if pair[1].in_place is False and placed and pair[1].at > placed[1].at), None
    )
    if gone and reverting and gone[1].at > reverting[0].t:
        gone = None
    seen = [pair[0] for pair in (placed, gone) if pair]
    records = [*(record for record, _ in triggered[:1]), *seen, *(record for record, _ in reverted[-1:])]
    return FaultFacts(
        id=name,
        experiment=experiment,
        triggered=triggered[0][1].at if triggered else None,
        in_place=placed[1].at if placed else None,
        ended=_ended(gone[1], act) if gone else None,
        reverted=reverted[-1][1].ok if reverted else None,
        problems=_problems(case, name),
        evidence=[record.seq for record in records],
    )


def _ended(gone: FaultChecked, act: Instant) -> float:
    """When it went: at the mending act or when it was first seen gone, never while it was seen in place."""
    by = act.at if act.kind == "objective" and act.at is not None else gone.at
    return max(min(by, gone.at), gone.at if gone.last_in_place is None else gone.last_in_place)


def _problems(case: Case, name: str) -> list[str]:
    found = [event.problem or "it was not injected" for event in not_injected(case, name)]
    found += [
        f"{event.name}: {event.problem}"
        for _, event in case.ordered(FaultActivity)
        if event.fault == name and event.problem and event.request != "probe"
    ]
    found += [
        f"not put back: {event.problem}"
        for _, event in case.ordered(FaultReverted)
        if event.fault == name and not event.ok
    ]
    return list(dict.fromkeys(found))


def not_injected(case: Case, name: str) -> list[FaultInjected]:
    """The injections of a fault that did not succeed."""
    return [event for _, event in case.ordered(FaultInjected) if event.fault == name and not event.ok]


def clean(case: Case) -> tuple[bool | None, list[str], list[str]]:
    """Whether the stack is as it was before, what is different, and how to finish by hand.

    A revert that failed leaves it unclean, unless everything that its recipe names was read back as it was.
    """
    compared = case.history.last(StackCompared)
    verdict = compared[1].clean if compared else None
    differences = list(compared[1].differences) if compared else []
    failed = _failed_reverts(case, compared_clean=verdict is True)
    if failed:
        verdict, differences = False, [*failed, *differences]
    return verdict, differences, list(compared[1].by_hand) if compared else []


def _failed_reverts(case: Case, *, compared_clean: bool) -> list[str]:
    last: dict[str, FaultReverted] = {event.fault: event for _, event in case.history.of(FaultReverted)}
    known = {event.owner for _, event in case.history.of(RecipeWritten) if event.things}
    failed = [
        f"fault {name} was not put back: {event.problem}"
        for name, event in last.items()
        if not event.ok and not (compared_clean and f"fault:{name}" in known)
    ]
    restored = case.history.last(ThingsRestored)
    if restored and not restored[1].ok and not compared_clean:
        failed.append(f"{', '.join(sorted(restored[1].things))} was not put back: {restored[1].problem}")
    return failed
