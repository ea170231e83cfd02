"""Recover: everything touched goes back once, is read back, and is compared with the inventory of before.

Used by a run at its end, however it ends, and by ``gameday revert`` after a crash. Doing it twice does nothing.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from gameday.errors import StackError
from gameday.events import InventoryTaken, StackCompared, SteadyAgain, ThingsRestored
from gameday.plan import lasting
from gameday.ports import Stack, Things
from gameday.recovery import differences, in_words, restorations, taken_before
from gameday.runner.faults import Faults
from gameday.runner.session import Session

By = Literal["runner", "revert"]

_STEADY_FOR = 2.0
_STEADY_WITHIN = 15.0


async def put_everything_back(session: Session, stack: Stack, faults: Faults, by: By) -> bool:
    """Bring the stack back to what it was; gives whether it is."""
    before = taken_before(session.situation.history)
    if before is None:
        return True  # nothing was touched: recipes come after the inventory
    for restoration in restorations(session.situation.history):
        kind, _, name = restoration.owner.partition(":")
        done = kind == "fault" and await faults.put_back(name, restoration.things, by)
        if not done:
            await _restore(session, stack, restoration.things, by)
    left = await _left(stack, before)
    if left:  # what people changed by hand, or what a rollback did not bring back
        await _restore(session, stack, left, by)
    return await _compare(session, stack, before)


async def _left(stack: Stack, before: Things) -> Things:
    try:
        return differences(before, await stack.inventory())
    except StackError:
        return {}


async def _restore(session: Session, stack: Stack, things: Things, by: By) -> None:
    """Through the stack itself; does and records nothing where the states hold already."""
    problem = ""
    try:
        wanted = differences(things, await stack.inventory())
        if not wanted:
            return
        await stack.restore(wanted)
    except StackError as trouble:
        wanted, problem = dict(things), str(trouble)  # type: ignore[arg-type]  # plain data either way
    session.append(ThingsRestored(things=wanted, by=by, ok=not problem, problem=problem))


async def _compare(session: Session, stack: Stack, before: Things) -> bool:
    try:
        after = await stack.inventory()
    except StackError as problem:
        session.append(
            StackCompared(
                clean=False,
                differences=[f"the stack could not be read: {problem}"],
                by_hand=list(stack.by_hand(before)),
            )
        )
        return False
    session.append(
        InventoryTaken(when="after", things={name: dict(aspects) for name, aspects in after.items()})
    )
    wanted = differences(before, after)
    session.append(
        StackCompared(
            clean=not wanted,
            differences=in_words(wanted, after),
            by_hand=list(stack.by_hand(wanted)) if wanted else [],
        )
    )
    return not wanted


async def wait_until_steady(session: Session, stop: asyncio.Event) -> None:
    """Watch service become steady again under load; bounded, and given up where ``stop`` is set."""
    began = session.now()
    held = False
    while not held and session.now() - began < _STEADY_WITHIN and not stop.is_set():
        await asyncio.sleep(session.situation.history.started.tick)
        now = session.now()
        stretch = lasting(session.situation, began - _STEADY_FOR, now)
        held = stretch is not None and now - stretch.began >= _STEADY_FOR
    session.append(SteadyAgain(held=held, took=session.now() - began))
