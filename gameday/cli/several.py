"""Several runs in one command: one process each, one after the other or side by side, and what they came to.

Each process is the command line that a person would type for one scenario, in a session of its own, so that a
Ctrl-C reaches it once, from here. When this process dies, each is told to put back and end. One run at a time has
the terminal to itself; side by side, each line begins with the run's name and each card comes whole, at its end.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gameday.cli.results import Result
from gameday.cli.tables import table
from gameday.errors import ExitCode

if TYPE_CHECKING:
    from gameday.cli.orders import Choice
    from gameday.runner.order import Order

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_WORDS = 2.0
"""Seconds for the end of what a process said, once it has ended: a stack that is kept may hold its pipes open."""


@dataclass(slots=True)
class Ran:
    """One of the runs: what was asked, and what became of it."""

    name: str
    """The scenario, as it was named."""
    label: str
    order: Order
    run: str = ""
    """Its id; empty while it has not begun."""
    code: ExitCode | None = None
    process: Process | None = field(default=None, repr=False)

    def result(self) -> Result:
        """What it came to."""
        if self.code is None:
            return Result(self.order.inputs.name, None, ExitCode.INCONCLUSIVE)
        return Result(self.order.inputs.name, self.order.out / self.run, self.code)


def run_several(orders: Sequence[tuple[str, Order]], choice: Choice, parallel: int) -> list[Result]:
    """Run them all, at most ``parallel`` at a time, and print what they came to."""
    labels = _labels([name for name, _ in orders])
    runs = [Ran(name, label, order) for (name, order), label in zip(orders, labels, strict=True)]
    asyncio.run(_Runs(runs, choice, parallel).all())
    _say(f"\n{_summary(runs)}", sys.stderr if choice.as_json else sys.stdout)
    return [run.result() for run in runs]


def _labels(names: Sequence[str]) -> list[str]:
    """What each run is called in front of its lines: its scenario's name, numbered where it comes twice."""
    short = [Path(name).stem if name.endswith((".yaml", ".yml")) else name for name in names]
    seen: Counter[str] = Counter()
    labels = []
    for name in short:
        seen[name] += 1
        labels.append(f"{name}#{seen[name]}" if short.count(name) > 1 else name)
    return labels


def _say(text: str, stream: TextIO | None) -> None:
    """To people; that nobody reads any more must not keep the runs from their ends."""
    with contextlib.suppress(OSError):
        click.echo(text, file=stream)


class _Runs:
    """All of them under way. ``all`` once."""

    def __init__(self, runs: Sequence[Ran], choice: Choice, parallel: int) -> None:
        self._runs = runs
        self._choice = choice
        self._side_by_side = min(parallel, len(runs)) > 1
        self._room = asyncio.Semaphore(parallel)
        self._stopped = False
        self._wide = max(len(run.label) for run in runs)

    async def all(self) -> None:
        """From the first to the last; a signal reaches those that live, and the others do not begin."""
        loop = asyncio.get_running_loop()
        for number in _STOP:
            loop.add_signal_handler(number, self._stop, number)
        try:
            await asyncio.gather(*(self._one(run) for run in self._runs))
        finally:
            for number in _STOP:
                loop.remove_signal_handler(number)

    def _stop(self, number: signal.Signals) -> None:
        self._stopped = True
        for run in self._runs:
            if run.process is not None and run.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    run.process.send_signal(number)

    async def _one(self, run: Ran) -> None:
        from gameday.stacks.local.programs import bound_to_us, python_environment, python_module

        async with self._room:
            if self._stopped:
                return
            run.run = run.order.new_id()
            words = self._choice.words(run.name, run.run)
            pipe = PIPE if self._side_by_side else None
            width = shutil.get_terminal_size((100, 24)).columns
            run.process = await asyncio.create_subprocess_exec(
                *bound_to_us(python_module("gameday", *words), farewell=signal.SIGTERM),
                stdout=pipe,
                stderr=pipe,
                env=python_environment() | ({"COLUMNS": str(width)} if self._side_by_side else {}),
                start_new_session=True,
            )
            code, printed = await self._follow(run, run.process)
            run.code = _code(run, code)
            if printed:
                _say(printed.rstrip("\n"), sys.stdout)

    async def _follow(self, run: Ran, process: Process) -> tuple[int, str]:
        """Pass on what it says until it ends; gives its exit code and what it printed."""
        if not self._side_by_side:
            return await process.wait(), ""
        assert process.stdout is not None
        assert process.stderr is not None
        printed: list[str] = []
        reading = [
            asyncio.create_task(_lines(process.stdout, printed.append)),
            asyncio.create_task(_lines(process.stderr, lambda line: self._pass_on(run, line))),
        ]
        code = await process.wait()
        _, unread = await asyncio.wait(reading, timeout=_LAST_WORDS)
        for task in unread:
            task.cancel()
        return code, "\n".join(printed)

    def _pass_on(self, run: Ran, line: str) -> None:
        _say(f"{run.label:<{self._wide}} | {line}".rstrip(), sys.stderr)


async def _lines(stream: asyncio.StreamReader, take: Any) -> None:
    """Each line of a stream, however long."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while data := await stream.read(65536):
        *lines, rest = (rest + decoder.decode(data)).split("\n")
        for line in lines:
            take(line)
    if rest:
        take(rest)


def _code(run: Ran, code: int) -> ExitCode:
    """What an exit says; a run that was ended by a signal says nothing, so what it left is looked for."""
    if code in set(ExitCode):
        return ExitCode(code)
    from gameday.live import listed

    if any(left.run == run.run for left in listed()):
        _say(f"{run.label}: its process died; put back what it left: gameday revert {run.run}", sys.stderr)
        return ExitCode.NOT_CLEAN
    return ExitCode.INCONCLUSIVE


def _summary(runs: Sequence[Ran]) -> str:
    from gameday.report.columns import cut

    rows = []
    for run in runs:
        card = run.result().scorecard()
        verdict = card.verdict.value if card else "not begun" if run.code is None else "no card"
        reasons = card.reasons if card else []
        rows.append(
            [
                run.label,
                verdict,
                "" if run.code is None else int(run.code),
                run.run,
                reasons[0] if reasons else "",
            ]
        )
    width = max(shutil.get_terminal_size((100, 24)).columns, 80)
    lines = table(["scenario", "verdict", "exit", "run", "first reason"], rows).splitlines()
    return "\n".join(cut(line, width) for line in lines)
