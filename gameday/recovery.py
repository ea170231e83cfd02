"""Putting back: which things go to which state, in which order, and what is still different afterwards.

Every touched thing goes back once, to the oldest state that any recipe of the run recorded for it, fault's or
lever's alike. So the recipe of the team's rollback (auth at v1.3.0) never brings the bad release back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gameday.events import FaultReverted, InventoryTaken, RecipeWritten
from gameday.history import History
from gameday.ports import Things

Changeable = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Restoration:
    """Things to bring back together: those of one fault, or of one lever."""

    owner: str
    """``fault:<id>`` or ``lever:<act>``."""
    things: Things


def oldest(history: History, *, only: str = "") -> Changeable:
    """The oldest recorded state of every touched thing.

    Of one owner's things where ``only`` names it, while others go on: then without those on which somebody has
    pulled a lever since, because they are the responders' by now.
    """
    states: Changeable = {}
    wanted: set[tuple[str, str]] = set()
    for _, recipe in history.of(RecipeWritten):
        mine = {(component, aspect) for component, aspects in recipe.things.items() for aspect in aspects}
        for component, aspect in mine:
            states.setdefault(component, {}).setdefault(aspect, recipe.things[component][aspect])
        if recipe.owner == only or not only:
            wanted |= mine
        elif recipe.owner.startswith("lever:"):
            wanted -= mine
    return _pick(states, wanted)


def restorations(history: History) -> list[Restoration]:
    """What to do in Recover: first what faults touched, then what only levers touched, newest first.

    A fault that has nothing of its own to restore is there because its rollbacks may have; once they have been
    played well, it is there no more.
    """
    states = oldest(history)
    recipes = [recipe for _, recipe in history.of(RecipeWritten)]
    faults = [recipe for recipe in reversed(recipes) if recipe.owner.startswith("fault:")]
    levers = [recipe for recipe in reversed(recipes) if not recipe.owner.startswith("fault:")]
    over = {f"fault:{reverted.fault}" for _, reverted in history.of(FaultReverted) if reverted.ok}
    taken: set[tuple[str, str]] = set()
    found: list[Restoration] = []
    for recipe in (*faults, *levers):
        mine = {
            (component, aspect) for component, aspects in recipe.things.items() for aspect in aspects
        } - taken
        if mine or (recipe in faults and recipe.owner not in over):
            taken |= mine
            found.append(Restoration(recipe.owner, _pick(states, mine)))
    return found


def _pick(states: Mapping[str, Mapping[str, Any]], wanted: set[tuple[str, str]]) -> Changeable:
    picked: Changeable = {}
    for component, aspect in sorted(wanted):
        picked.setdefault(component, {})[aspect] = states[component][aspect]
    return picked


def taken_before(history: History) -> Things | None:
    """The inventory of before anything was touched, or None if the run never got so far."""
    for _, taken in history.of(InventoryTaken):
        if taken.when == "before":
            return taken.things
    return None


def differences(before: Things, after: Things) -> Changeable:
    """Things whose state is not what it was: component -> aspect -> the state it should have."""
    found: Changeable = {}
    for component, aspects in before.items():
        for aspect, state in aspects.items():
            if after.get(component, {}).get(aspect, _ABSENT) != state:
                found.setdefault(component, {})[aspect] = state
    return found


_ABSENT = object()


def in_words(wanted: Things, after: Things) -> list[str]:
    """One sentence a thing that is different: ``auth version is v1.3.0, was v1.2.3``."""
    return [
        f"{component} {aspect} is {after.get(component, {}).get(aspect, 'gone')}, was {state}"
        for component, aspects in wanted.items()
        for aspect, state in aspects.items()
    ]
