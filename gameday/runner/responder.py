"""The scripted responder at work: asks the playbook what is due and does it at the desk, one act at a time."""

from __future__ import annotations

import asyncio
import contextlib

from gameday.errors import GamedayError
from gameday.events import Noted
from gameday.model.playbook import PlannedAct, Playbook
from gameday.respond.bot import Bot, GaveUp, step, words_of
from gameday.respond.desk import Desk
from gameday.runner.session import Session


class ScriptedResponder:
    """One playbook. ``tick`` often; acts take the time they take."""

    def __init__(self, playbook: Playbook, desk: Desk, session: Session) -> None:
        self._playbook = playbook
        self._desk = desk
        self._session = session
        self._bot = Bot()
        self._acting: asyncio.Task[None] | None = None
        self._ended = ""

    def tick(self, now: float) -> None:
        """Begin the next act if it is due and none is under way."""
        if self._ended or (self._acting and not self._acting.done()):
            return
        self._bot, act = step(self._playbook, self._bot, self._session.situation, now)
        if isinstance(act, GaveUp):
            self._ended = act.reason
        elif act is not None:
            self._acting = asyncio.create_task(self._do(act))
        elif self._bot.done(self._playbook):
            self._ended = "every act was done"

    async def _do(self, act: PlannedAct) -> None:
        if act.do == "wait":
            return
        who = self._playbook.as_
        try:
            await self._desk.act(act.do, who, words_of(act), scripted=True)
        except GamedayError as problem:
            self._session.hear(Noted(by=who, scripted=True, text=f"{act.do} was not accepted: {problem}"))

    async def stop(self) -> tuple[int, int, str]:
        """End what is under way; gives acts done, acts there were, and why it ended."""
        if self._acting and not self._acting.done():
            self._acting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._acting
        return self._bot.index, len(self._playbook.acts), self._ended or "the time to respond was over"
