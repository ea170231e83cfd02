"""A run from its first record to its last: prepare, baseline, inject, respond, recover, close.

However it ends (passed, aborted, interrupted, out of disk, a bug in here), what was touched is put back and what
was started is stopped, in that order, before the error goes on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import psutil

from gameday.errors import GamedayError, LogError, Refused, StackError
from gameday.events import (
    Aborted,
    BaselineJudged,
    FaultTriggered,
    ImpactObserved,
    Interrupted,
    InventoryTaken,
    PhaseBegan,
    PlanStarted,
    PlaybookStopped,
    RespondEnded,
    RunEnded,
    StackCompared,
    StackReady,
    StackStarting,
)
from gameday.guards import tripped
from gameday.live import LiveRun, publish, withdraw
from gameday.plan import SETTLE, EndRespond, PutBack, SawImpact, due, judge_baseline
from gameday.recovery import oldest
from gameday.runner.faults import Faults
from gameday.runner.hold import Hold
from gameday.runner.order import Order
from gameday.runner.recover import put_everything_back, wait_until_steady
from gameday.runner.refusals import (
    refuse_broken,
    refuse_left_over,
    refuse_production,
    refuse_unready,
    refuse_what_cannot_be_done,
)
from gameday.runner.responder import ScriptedResponder
from gameday.runner.session import Session
from gameday.runner.sources import Sources

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a closed terminal puts back as Ctrl-C does
Reason = Literal["guard", "halt", "interrupt", "failure"]


class Run:
    """One run. ``execute`` once."""

    def __init__(self, order: Order) -> None:
        """Open the log. Raises LogError where the folder cannot be written."""
        self.order = order
        self.id = order.id or order.new_id()
        self.session = Session(order.out / self.id, order.inputs)
        self.session.append(order.started(self.id), t=0.0)
        self.faults = Faults(self.session, order.stack)
        self.sources = Sources(self.session, order)
        self._guarding: dict[str, float] = {}
        self._interrupts = 0
        self._interrupted = asyncio.Event()
        self._hurry = asyncio.Event()
        """Set by the second Ctrl-C."""
        self._stack_is_up = False
        self.clean = True
        """Whether the stack is as it was before."""
        self._hold = Hold(order.stack, self.id)

    @property
    def folder(self) -> Path:
        """Where the run is kept."""
        return self.session.folder

    @property
    def by_hand(self) -> list[str]:
        """Commands that bring back what is left, where the stack is not clean."""
        last = self.session.situation.history.last(StackCompared)
        return last[1].by_hand if last else []

    def interrupt(self) -> None:
        """Ctrl-C: once, put back and finish; twice, put back now and stop."""
        self._interrupts += 1
        with contextlib.suppress(LogError):
            self.session.append(Interrupted(times=self._interrupts))
        self._interrupted.set()
        if self._interrupts > 1:
            self._hurry.set()
        self.session.wake.set()

    async def execute(self) -> None:
        """The whole run. What went wrong is in the log; only a LogError or a bug is raised, after putting back."""
        loop = asyncio.get_running_loop()
        for number in _STOP:
            loop.add_signal_handler(number, self.interrupt)
        body = asyncio.create_task(self._body())
        watch = asyncio.create_task(self._cancel_on_interrupt(body))
        try:
            await asyncio.wait([body])
            self._record_failure(body)
        finally:
            watch.cancel()
            self.session.salvaging = True
            await self._end()
            for number in _STOP:
                loop.remove_signal_handler(number)
        if self.session.log_problem:
            raise self.session.log_problem
        with contextlib.suppress(asyncio.CancelledError):
            if (problem := body.exception()) and not isinstance(problem, GamedayError):
                raise problem

    async def _cancel_on_interrupt(self, body: asyncio.Task[None]) -> None:
        """An interrupt ends whatever the body waits for."""
        await self._interrupted.wait()
        body.cancel()

    def _record_failure(self, body: asyncio.Task[None]) -> None:
        """Why the body did not come to its own end, as an event."""
        if body.cancelled():
            self._end_respond("interrupt", "a person interrupted the run")
            self._append_quietly(Aborted(reason="interrupted"))
        elif problem := body.exception():
            text = (
                str(problem) if isinstance(problem, GamedayError) else f"{type(problem).__name__}: {problem}"
            )
            self._end_respond("failure", text)
            self._append_quietly(
                Aborted(reason="refused" if isinstance(problem, Refused) else "failed", detail=text)
            )

    def _append_quietly(self, event: Any) -> None:
        with contextlib.suppress(LogError):
            self.session.append(event)

    def _end_respond(self, reason: Reason, detail: str) -> None:
        situation = self.session.situation
        if situation.triggered is not None and not situation.history.has(RespondEnded):
            self._append_quietly(RespondEnded(reason=reason, detail=detail))

    # The phases

    def _phase(self, name: Literal["prepare", "baseline", "inject", "respond", "recover", "close"]) -> None:
        self.session.append(PhaseBegan(phase=name))

    async def _body(self) -> None:
        self._phase("prepare")
        refuse_what_cannot_be_done(self.order)
        await self._prepare()
        self._phase("baseline")
        await self._baseline()
        self._phase("inject")
        await self._inject()
        self._phase("respond")
        await self._respond()

    async def _prepare(self) -> None:
        order, session, stack = self.order, self.session, self.order.stack
        process = psutil.Process()
        me = LiveRun(self.id, process.pid, process.create_time(), str(self.folder.resolve()), stack.kind)
        publish(me)
        session.append(StackStarting(kind=stack.kind, owned=order.owned, handle=dict(stack.handle())))
        began = session.now()
        await (stack.up() if order.owned else stack.attach())
        self._stack_is_up = True
        identity = await stack.identity()
        me = replace(me, stack=f"{identity.stack}:{identity.name}")
        refuse_left_over(self.id, me.stack)
        await self._hold.take(me.stack)
        publish(me)
        points = stack.endpoints()
        refuse_production(order, identity, points)
        session.append(
            StackReady(
                kind=identity.stack,
                marker=identity.marker,
                name=identity.name,
                owned=order.owned,
                handle=dict(stack.handle()),
                endpoints={name: getattr(points, name) for name in ("gateway", "toxiproxy", "control")},
                took=session.now() - began,
            )
        )
        refuse_broken(await stack.inventory())
        await refuse_unready(stack, session.now)
        inventory = await stack.inventory()  # only now: what was on its way is no state to return to
        session.append(
            InventoryTaken(when="before", things={name: dict(part) for name, part in inventory.items()})
        )
        token = secrets.token_urlsafe(24)
        url = await self.sources.start(token)
        publish(replace(me, desk=url, token=token))
        await self.faults.start_children()

    async def _baseline(self) -> None:
        judged = None
        while not isinstance(judged, BaselineJudged):
            await self._tick()
            if judged := judge_baseline(self.session.situation, self.session.now()):
                self.session.append(judged)
        if not judged.held:
            problems = "; ".join(judged.problems)
            raise Refused(f"the baseline did not hold, so nothing was injected: {problems}")

    async def _inject(self) -> None:
        start = self.session.now() + SETTLE
        await self.faults.set_off(start)
        self.session.append(PlanStarted(at=start))
        while self.session.situation.triggered is None and not self.faults.failure:
            await self._tick()

    async def _respond(self) -> None:
        bot = None
        playbook = self.order.inputs.playbook
        if self.order.responder == "bot" and playbook is not None:
            bot = ScriptedResponder(playbook, self.sources.desk, self.session)
        try:
            while not await self._responding(bot):
                await self._tick()
        finally:
            if bot is not None:
                done, of, reason = await bot.stop()
                self.session.append(PlaybookStopped(done=done, of=of, reason=reason))

    async def _responding(self, bot: ScriptedResponder | None) -> bool:
        """One tick of Respond; whether it is over."""
        session, now = self.session, self.session.now()
        if self.faults.failure:
            raise StackError(self.faults.failure)
        guard, self._guarding = tripped(session.situation, self._guarding, now)
        if guard is not None:
            session.append(guard)
            self._end_respond("guard", guard.guard)
            raise Refused(f"guard: {guard.guard}")
        self.faults.ask_again(now)
        for item in due(session.situation, self.order.responder, now):
            if isinstance(item, SawImpact):
                session.append(ImpactObserved(at=item.at))
            elif isinstance(item, PutBack):
                await self.faults.put_back(
                    item.fault, oldest(session.situation.history, only=f"fault:{item.fault}"), "runner"
                )
            elif isinstance(item, EndRespond):
                session.append(RespondEnded(reason=item.reason, detail=item.detail))
                return True
        if bot is not None:
            bot.tick(now)
        return False

    async def _tick(self) -> None:
        """Evaluate the monitors once, see that the load lives, and wait for the next tick."""
        session = self.session
        self.sources.evaluate()
        self.sources.check()
        if session.log_problem:
            raise session.log_problem
        self._hold.check()
        session.wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(session.situation.history.started.tick):
                await session.wake.wait()

    # The end, whatever came before

    async def _end(self) -> None:
        session, stack = self.session, self.order.stack
        await self._step(self.sources.desk_closes("what was broken is being put back"))
        if self._stack_is_up:
            self._append_quietly(PhaseBegan(phase="recover"))
            await self._step(self._recover())
        self._append_quietly(PhaseBegan(phase="close"))
        await self._step(self.faults.stop())
        await self._step(self.sources.stop())
        await self._step(self._hold.release())
        begun = session.situation.history.has(StackStarting)  # else nothing was asked of it yet
        if self.order.owned and begun and not (self.order.keep and self._stack_is_up and self.clean):
            await self._step(stack.down())
        self._append_quietly(RunEnded())
        if self.order.owned or self.clean:  # what is left over keeps other runs off, until it is put back
            withdraw(self.id)
        self._hold.close()
        session.close()

    async def _recover(self) -> None:
        self.clean = False
        self.clean = await put_everything_back(self.session, self.order.stack, self.faults, "runner")
        touched = self.session.situation.history.has(FaultTriggered)
        if self.clean and touched and not self._hurry.is_set():
            await wait_until_steady(self.session, self._hurry)

    async def _step(self, doing: Awaitable[Any]) -> None:
        """One step of the end: what goes wrong in it is recorded and does not keep the next from being done."""
        try:
            await doing
        except Exception as problem:  # noqa: BLE001 - the next step must be done whatever this one met
            self._append_quietly(Aborted(reason="failed", detail=f"{type(problem).__name__}: {problem}"))
