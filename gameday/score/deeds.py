"""Deeds: acts that changed the state of the system between the trigger and the end of Respond, and whose.

Also the opposite: faults that went away though no deed explains it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from gameday.events import FaultChecked, FaultReverting, LeverBegan, LeverEnded, RecipeWritten, ThingsRestored
from gameday.score.case import Case


@dataclass(frozen=True, slots=True)
class Deed:
    """One act that changed something; ``lever`` is empty where it was no lever."""

    at: float
    by: Literal["responder", "runner", "revert"]
    who: str
    what: str
    evidence: list[int] = field(default_factory=list)
    lever: str = ""
    act: int = 0
    because: str = ""
    fault: str = ""
    """The fault that was put back; empty for levers."""


def deeds(case: Case) -> list[Deed]:
    """Every deed, oldest first."""
    return sorted(
        [*_levers(case), *_put_back(case)], key=lambda deed: (deed.at, deed.by, deed.lever, deed.act)
    )


def _levers(case: Case) -> Iterable[Deed]:
    """Levers that changed something, or that never said; those that found nothing to change are no deeds."""
    ends = {event.act: (record, event) for record, event in case.history.of(LeverEnded)}
    for record, event in case.during(LeverBegan):
        ended = ends.get(event.act)
        if ended and not ended[1].changed:
            continue
        words = " ".join(str(value) for value in event.arguments.values())
        yield Deed(
            at=record.t,
            by="responder",
            who=event.by,
            what=f"{event.lever} {ended[1].did if ended and ended[1].did else words}".strip(),
            evidence=[record.seq, *([ended[0].seq] if ended else [])],
            lever=event.lever,
            act=event.act,
            because=event.because,
        )


def _put_back(case: Case) -> Iterable[Deed]:
    for record, event in case.during(FaultReverting):
        what = f"put back fault {event.fault}"
        yield Deed(record.t, event.by, event.by, what, [record.seq], fault=event.fault)
    for record, restored in case.during(ThingsRestored):
        what = f"put back {', '.join(sorted(restored.things))}"
        yield Deed(record.t, restored.by, restored.by, what, [record.seq], fault="*")


@dataclass(frozen=True, slots=True)
class Vanished:
    """A fault that went away by nobody's recorded act."""

    fault: str
    after: float
    """When it was last seen in place."""
    by: float
    """When it was seen to be gone."""
    evidence: list[int]


def vanished(case: Case, done: Iterable[Deed]) -> list[Vanished]:
    """Faults that were in place, then were not, with no deed that could have taken them away before.

    Those that the platform heals by itself are not among them: nobody's act needs to explain that they went.
    """
    found = []
    seen: dict[str, float] = {}
    for record, check in sorted(case.during(FaultChecked), key=lambda pair: (pair[1].at, pair[0].seq)):
        if check.in_place:
            seen[check.fault] = check.at
        elif check.in_place is False and check.fault in seen:
            after = max(seen.pop(check.fault), check.last_in_place or 0.0)
            if not case.healed_by_platform(check.fault) and not any(
                explains(case, deed, check.fault) for deed in done if deed.at <= check.at
            ):
                found.append(Vanished(check.fault, after, check.at, [record.seq]))
    return found


def explains(case: Case, deed: Deed, fault: str) -> bool:
    """Whether a deed could have taken a fault away: it put it back, or touched a component of the fault's.

    A lever with no state to return to (a restart, sessions ended) may have touched anything.
    """
    if deed.fault:
        return deed.fault in {fault, "*"}
    recipes = {event.owner: set(event.things) for _, event in case.history.of(RecipeWritten)}
    mine, its = recipes.get(f"lever:{deed.act}"), recipes.get(f"fault:{fault}")
    return not mine or not its or bool(mine & its)
