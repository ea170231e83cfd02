"""After a crash: end the run's processes, put everything back, take down a stack that the run had brought up.

Works from the log alone. Doing it again changes nothing and says so.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from gameday.errors import NotClean, Refused, StackError, StackGone
from gameday.events import ProcessEnded, ProcessStarted, RunEnded, StackCompared, StackReady, StackStarting
from gameday.history import History
from gameday.live import holding, listed, same_process, withdraw
from gameday.log import read
from gameday.ports import Stack
from gameday.recovery import differences, taken_before
from gameday.runner.faults import Faults
from gameday.runner.hold import Hold
from gameday.runner.recover import put_everything_back
from gameday.runner.session import Session

Again = Callable[[str, Mapping[str, str]], Stack]
"""Kind and handle to a stack that is not attached yet."""


async def revert(folder: Path, again: Again) -> list[str]:
    """Finish the run in this folder; gives what was done, in sentences.

    Raises:
        Refused: the run is alive.
        NotClean: something could not be put back; says how to do it by hand.
    """
    history = read(folder)
    run = history.started.run
    for other in listed():
        if other.run == run and other.alive:
            raise Refused(
                f"run {run} is alive (process {other.pid}); stop it with Ctrl-C, it puts everything back itself"
            )
    done = _end_processes(history)
    starting = history.first(StackStarting)
    if starting is None:
        withdraw(run)
        return [*done, "the run had touched nothing; there is nothing to put back"]
    stack = again(starting[1].kind, starting[1].handle)
    try:
        await stack.attach()
    except StackError as problem:
        return [*done, *await _without_stack(history, stack, problem)]
    identity = await stack.identity()
    hold = Hold(stack, run)
    try:
        await hold.take(f"{identity.stack}:{identity.name}")
        done += await _put_back(folder, history, stack)
    finally:
        await hold.release()
        hold.close()
    if starting[1].owned and not history.has(RunEnded):
        await stack.down()
        done.append("the stack that the run had brought up is down")
    withdraw(run)
    return done


async def _put_back(folder: Path, history: History, stack: Stack) -> list[str]:
    before = taken_before(history)
    if before is None:
        return ["the run had touched nothing on the stack"]
    compared = history.last(StackCompared)
    if compared and compared[1].clean and not differences(before, await stack.inventory()):
        return ["nothing to put back: the stack is as it was before the run"]
    session = Session(folder, history.inputs(), history=history)
    session.salvaging = True
    faults = Faults(session, stack)
    try:
        clean = await put_everything_back(session, stack, faults, "revert")
    finally:
        await faults.stop()
        session.close()
    result = session.situation.history.last(StackCompared)
    if not clean:
        left = result[1] if result else None
        lines = [*(left.differences if left else ()), "finish by hand:", *(left.by_hand if left else ())]
        raise NotClean("the stack is not as it was:\n  " + "\n  ".join(lines))
    return ["everything is back as it was before the run"]


async def _without_stack(history: History, stack: Stack, problem: StackError) -> list[str]:
    """Nobody answers where the stack stood: remove what is left of one that the run had brought up."""
    starting = history.first(StackStarting)
    assert starting is not None
    if starting[1].owned:
        ready = history.first(StackReady)
        with holding(f"{ready[1].kind}:{ready[1].name}") if ready else contextlib.nullcontext():
            await stack.down()
        withdraw(history.started.run)
        return ["the stack that the run had brought up is gone; there is nothing to put back"]
    if isinstance(problem, StackGone):
        withdraw(history.started.run)
        return ["the stack is gone; there is nothing to put back"]
    raise NotClean(
        f"the stack could not be reached: {problem}\n  bring it back, then: gameday revert {history.started.run}"
    )


def _end_processes(history: History) -> list[str]:
    """Load and children that outlived the runner, told by their start from later processes of the same id."""
    over = {event.pid for _, event in history.of(ProcessEnded)}
    done = []
    for _, event in history.of(ProcessStarted):
        if event.pid not in over and same_process(event.pid, event.started):
            with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
                os.killpg(event.pid, signal.SIGKILL)
                psutil.Process(event.pid).wait(5)
            done.append(f"ended {event.role} (process {event.pid})")
    return done
