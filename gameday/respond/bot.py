"""The scripted responder: which act of a playbook is due. Pure.

It waits for what a person could see (an alert, what the desk has recorded, a metric that the system exports) and
acts through the desk under a responder's name, marked scripted. Of the faults and of the clients' side it knows
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gameday.events import AlertFired
from gameday.model.deeds import SHAPES
from gameday.model.playbook import PlannedAct, Playbook
from gameday.model.quantities import Condition
from gameday.situation import Situation


@dataclass(frozen=True, slots=True)
class Bot:
    """Where a playbook stands: the next act, and since when it waits and its condition holds."""

    index: int = 0
    waiting_since: float | None = None
    holding_since: float | None = None
    ready_at: float | None = None
    """When what it waited for came true."""

    def done(self, playbook: Playbook) -> bool:
        """Whether every act was done."""
        return self.index >= len(playbook.acts)


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A wait that outlived its ``within``: the playbook ends here."""

    reason: str


def step(
    playbook: Playbook, bot: Bot, situation: Situation, now: float
) -> tuple[Bot, PlannedAct | GaveUp | None]:
    """The bot a moment later, and the act that is due now if one is. Call it when no act is under way."""
    if bot.done(playbook):
        return bot, None
    act = playbook.acts[bot.index]
    since = now if bot.waiting_since is None else bot.waiting_since
    bot = replace(bot, waiting_since=since)
    if bot.ready_at is None:
        bot = _look_out(act, bot, situation, now)
    if bot.ready_at is not None and now >= bot.ready_at + act.after:
        return Bot(index=bot.index + 1), act
    if bot.ready_at is None and act.within is not None and now > since + act.within:
        return bot, GaveUp(f"waited {act.within:g} s for {_name(act.when)} before '{act.do}'")
    return bot, None


def _look_out(act: PlannedAct, bot: Bot, situation: Situation, now: float) -> Bot:
    if not isinstance(act.when, Condition):
        return replace(bot, ready_at=now) if _milestone(act.when, situation) else bot
    value = situation.exported.value(act.when.metric, now)
    if value is None or not act.when.holds(value):
        return replace(bot, holding_since=None)
    since = now if bot.holding_since is None else bot.holding_since
    ready = now if now - since >= act.when.hold - 1e-9 else None
    return replace(bot, holding_since=since, ready_at=ready)


def _milestone(name: str | None, situation: Situation) -> bool:
    if name is None:
        return True
    if name == "alert":
        return bool(situation.alerting())
    if name == "acknowledged":
        return situation.acknowledged
    if name == "declared":
        return situation.declared
    return situation.history.has(AlertFired) and not situation.alerting()


def _name(when: Condition | str | None) -> str:
    return when.text if isinstance(when, Condition) else str(when)


def words_of(act: PlannedAct) -> dict[str, Any]:
    """An act's words as the desk takes them; a bare word stands for the deed's main key."""
    if isinstance(act.with_, str):
        return {SHAPES[act.do].word: act.with_}
    return dict(act.with_)
