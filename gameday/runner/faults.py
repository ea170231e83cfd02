"""The faults of a run: their children, from arming to the last read-back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import psutil

from gameday.errors import Refused, StackError
from gameday.events import (
    FaultActivity,
    FaultArmed,
    FaultChecked,
    FaultInjected,
    FaultReverted,
    FaultReverting,
    FaultTriggered,
    InventoryTaken,
    ProcessEnded,
    ProcessStarted,
    RecipeWritten,
)
from gameday.faults.host import FaultChild, FaultError, Outcome
from gameday.model.experiment import Experiment, Ours
from gameday.model.scenario import FaultUse
from gameday.ports import Stack, Things
from gameday.recovery import differences
from gameday.runner.session import Session

_SPARE = 5.0
"""Seconds a child may take beyond what its experiment says, before it counts as hung."""
_PROBE_DEADLINE = 5.0
PROBE_EVERY = 2.0
_UNSAID = Ours.model_validate({"takes": {"inject": "60s", "revert": "60s"}})
"""What is assumed of an experiment without a block of ours."""


class Faults:
    """All faults of one run. A child that died or hung is replaced when its fault has to be put back."""

    def __init__(self, session: Session, stack: Stack) -> None:
        self._session = session
        self._stack = stack
        self._children: dict[str, FaultChild] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._probing: dict[str, asyncio.Task[None]] = {}
        self._probed: dict[str, float] = {}
        """Fault -> when it was last seen in place."""
        self._asked_at: dict[str, float] = {}
        self._turns: dict[str, asyncio.Future[str]] = {}
        """Fault that comes after another -> why it cannot begin; empty once it may."""
        self.failure = ""
        """Why an injection went wrong, once one did."""

    def _use(self, fault: str) -> FaultUse:
        return self._session.situation.inputs.scenario.faults[fault]

    def _experiment(self, fault: str) -> Experiment:
        return self._session.situation.inputs.experiments[self._use(fault).experiment]

    def _ours(self, fault: str) -> Ours:
        return self._experiment(fault).ours or _UNSAID

    async def start_children(self) -> None:
        """Start and arm a child for every fault, so that nothing is left to import at its instant.

        Raises:
            Refused: an experiment was not accepted, or a child did not start.
        """
        for fault in self._session.situation.inputs.scenario.faults:
            try:
                await self._start_child(fault)
            except FaultError as problem:
                raise Refused(str(problem)) from None

    async def _start_child(self, fault: str) -> FaultChild:
        child = await FaultChild.start(
            fault,
            self._session.situation.history.started.inputs["experiments"][self._use(fault).experiment],
            self._use(fault).with_,
            self._stack.environment(),
            self._session.logs / f"fault-{fault}.log",
        )
        with contextlib.suppress(psutil.Error):
            started = psutil.Process(child.pid).create_time()
            self._session.append(ProcessStarted(role=f"fault:{fault}", pid=child.pid, started=started))
        self._children[fault] = child
        return child

    async def set_off(self, start: float) -> None:
        """Write each fault's recipe, then tell its child the planned instant; the child waits for it itself."""
        inventory = await self._stack.inventory()
        for fault, use in self._session.situation.inputs.scenario.faults.items():
            touched = {
                name: dict(inventory[name])
                for name in self._ours(fault).touched(use.with_)
                if name in inventory
            }
            self._session.append(RecipeWritten(owner=f"fault:{fault}", things=touched))
            at = start + use.at
            self._session.append(
                FaultArmed(fault=fault, experiment=use.experiment, at=at, after=use.after or "")
            )
            if use.after:
                self._turns[fault] = asyncio.get_running_loop().create_future()
            self._tasks[fault] = asyncio.create_task(self._inject(fault, at))

    async def _its_turn(self, fault: str, at: float) -> str:
        """Wait until the fault that must come before is in place; gives why this one cannot begin, if it cannot."""
        if fault not in self._turns:
            return ""
        use = self._use(fault)
        try:
            return await asyncio.wait_for(self._turns[fault], at + use.for_ - self._session.now())
        except TimeoutError:
            return f"its time was up before '{use.after}' was in place"

    async def _inject(self, fault: str, at: float) -> None:
        session = self._session
        if not (never := await self._its_turn(fault, at)) and fault in self._turns:
            at = max(at, session.now())
        seen: dict[str, Any] = {}

        def hear(line: Mapping[str, Any]) -> None:
            if line["event"] == "began" and line["kind"] == "action" and "triggered" not in seen:
                seen["triggered"] = session.clock.of(line["at"])
                session.hear(
                    FaultTriggered(fault=fault, planned=at, at=seen["triggered"]), source=f"fault:{fault}"
                )
            elif line["event"] == "activity":
                self._heard(fault, "inject", line)
                if line["name"] == self._ours(fault).proves and line["status"] == "succeeded":
                    found = line["output"]
                    seen["proof"] = (bool(found), session.clock.of(line["ended"]), _words(found))

        deadline = at - session.now() + self._ours(fault).takes.inject + _SPARE
        try:
            child = self._children.get(fault)
            if never or child is None:
                raise FaultError(never or "its child was ended before it could begin")
            outcome = await child.inject(session.clock.absolute(at), deadline, hear)
        except FaultError as problem:
            outcome = Outcome(ok=False, problem=str(problem))
        if "triggered" not in seen:
            outcome = Outcome(ok=False, problem=outcome.problem or "no action was played")
        session.hear(FaultInjected(fault=fault, ok=outcome.ok, problem=outcome.problem))
        if not outcome.ok:
            self.failure = f"fault '{fault}' could not be injected: {outcome.problem}"
        else:
            in_place, when, detail = seen.get("proof", (None, session.now(), ""))
            self._note(fault, in_place, when, detail)
            with contextlib.suppress(StackError):
                things = await self._stack.inventory()
                session.hear(InventoryTaken(when="incident", things=_plain(things)))
        session.wake.set()

    def _heard(
        self, fault: str, request: Literal["inject", "revert", "probe"], line: Mapping[str, Any]
    ) -> None:
        clock = self._session.clock
        self._session.hear(
            FaultActivity(
                fault=fault,
                request=request,
                name=line["name"],
                kind="probe" if line["kind"] == "probe" else "action",
                status=line["status"],
                began=clock.of(line["began"]),
                ended=clock.of(line["ended"]),
                output=line["output"],
                problem=line["problem"],
            ),
            source=f"fault:{fault}",
        )

    def _note(self, fault: str, in_place: bool | None, at: float, detail: str) -> None:
        """Record what a read-back said, where it says something new."""
        before = [
            event for _, event in self._session.situation.history.of(FaultChecked) if event.fault == fault
        ]
        last = self._probed.get(fault)
        if in_place:
            self._probed[fault] = at
        if in_place or not self._ours(fault).proves:
            self._release(fault)
        if not before or before[-1].in_place != in_place or (in_place and before[-1].detail != detail):
            self._session.hear(
                FaultChecked(fault=fault, in_place=in_place, at=at, last_in_place=last, detail=detail)
            )

    def _release(self, fault: str) -> None:
        """This one is in place: those that come after it may begin."""
        for other, turn in self._turns.items():
            if self._use(other).after == fault and not turn.done():
                turn.set_result("")

    def ask_again(self, now: float) -> None:
        """Ask the ``proves`` probe of every fault in place whose turn it is."""
        for fault in self._session.situation.injected():
            child, task = self._children.get(fault), self._probing.get(fault)
            proves = self._ours(fault).proves
            if not proves or child is None or not child.alive or (task and not task.done()):
                continue
            if task is None or now - self._asked_at.get(fault, 0.0) >= PROBE_EVERY:
                self._asked_at[fault] = now
                self._probing[fault] = asyncio.create_task(self._probe(fault, child, proves))

    async def _probe(self, fault: str, child: FaultChild, name: str) -> None:
        try:
            answer = await child.probe(name, _PROBE_DEADLINE)
        except FaultError as problem:
            answer = Outcome(ok=False, problem=str(problem))
        at = self._session.now()
        if not self._session.situation.in_place(fault) and not answer.ok:
            return
        in_place = bool(answer.output) if answer.ok else None
        self._note(fault, in_place, at, answer.problem or _words(answer.output))

    async def put_back(self, fault: str, things: Things, by: Literal["runner", "revert"]) -> bool:
        """Bring what a fault touched to these states; gives whether its own rollbacks did it.

        Ours restore states, so they have nothing to do where the states hold already and the fault was seen to be no
        longer in place; the rollbacks of a third party's experiment are played as written, unless none of its actions
        ever began: then they would only fail.
        """
        await self._quiet(fault)
        self._session.append(FaultReverting(fault=fault, by=by))
        experiment = self._experiment(fault)
        holds = False  # where the stack cannot be read, too: a rollback may still reach what it is about
        if experiment.ours is not None and self._session.situation.in_place(fault) is False:
            with contextlib.suppress(StackError):
                holds = not differences(things, await self._stack.inventory())
        wanted = experiment.rollbacks and not holds and not self._never_began(fault)
        problem = await self._roll_back(fault, things) if wanted else ""
        self._session.append(FaultReverted(fault=fault, ok=not problem, problem=problem))
        return not problem

    def _never_began(self, fault: str) -> bool:
        """Whether it is known that no action of it was played; a run that was killed may not have heard of one."""
        history = self._session.situation.history
        over = any(event.fault == fault and not event.ok for _, event in history.of(FaultInjected))
        return over and all(event.fault != fault for _, event in history.of(FaultTriggered))

    async def _roll_back(self, fault: str, things: Things) -> str:
        """Play the rollbacks, in a fresh child where the fault's own is gone; gives the problem, if any."""
        try:
            child = self._children.get(fault)
            if child is not None and not child.alive:
                await child.stop()  # what it left goes
            if child is None or not child.alive:
                child = await self._start_child(fault)
            deadline = self._ours(fault).takes.revert + _SPARE
            outcome = await child.revert(_plain(things), deadline, lambda line: self._reverted(fault, line))
        except FaultError as problem:
            return str(problem)
        return "" if outcome.ok else outcome.problem

    def _reverted(self, fault: str, line: Mapping[str, Any]) -> None:
        if line["event"] == "activity":
            self._heard(fault, "revert", line)

    async def _quiet(self, fault: str) -> None:
        """No probe and no injection of this fault is under way any more."""
        probing, injecting = self._probing.get(fault), self._tasks.get(fault)
        if probing and not probing.done():
            await asyncio.wait([probing], timeout=_PROBE_DEADLINE)
        if injecting and not injecting.done():
            await self._end_child(fault)  # armed and waiting, or hung: either way it must not inject now
            await asyncio.wait([injecting], timeout=_SPARE)

    async def _end_child(self, fault: str) -> None:
        if (turn := self._turns.get(fault)) and not turn.done():
            turn.set_result(f"'{self._use(fault).after}' was not in place yet")
        child = self._children.pop(fault, None)
        if child is not None:
            code = await child.stop()
            self._session.append(ProcessEnded(role=f"fault:{fault}", pid=child.pid, code=code, expected=True))

    async def stop(self) -> None:
        """End every child. Idempotent."""
        for fault in list(self._children):
            await self._end_child(fault)
        rest = [task for task in (*self._tasks.values(), *self._probing.values()) if not task.done()]
        if rest:
            await asyncio.wait(rest, timeout=_SPARE)


def _words(answer: object) -> str:
    """What a probe says of the fault besides that it is there: some answer in words."""
    return answer if isinstance(answer, str) else ""


def _plain(things: Things) -> dict[str, dict[str, Any]]:
    return {component: dict(aspects) for component, aspects in things.items()}
