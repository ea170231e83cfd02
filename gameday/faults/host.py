"""The runner's side of the child that plays one experiment: arm, inject, ask, revert, each with a deadline.

A child that hangs is stopped with SIGUSR1 (chaoslib turns SIGTERM inside an activity into a failed activity and
goes on), then SIGKILL. Children have a session of their own, so a Ctrl-C in the terminal reaches the runner only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ARM_DEADLINE = 20.0
_STOP_PATIENCE = 1.0
_LINE_LIMIT = 1 << 20

Listener = Callable[[dict[str, Any]], None]
"""Told of each ``began`` and ``activity`` line as it comes."""


class FaultError(Exception):
    """The child could not be started, refused the experiment, hung or died. The message is for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended; ``output`` is the last activity's."""

    ok: bool
    problem: str = ""
    output: Any = None


class FaultChild:
    """One child, one experiment; requests one at a time."""

    def __init__(
        self,
        fault: str,
        process: asyncio.subprocess.Process,
        events: asyncio.StreamReader,
        pipe: asyncio.ReadTransport,
        folder: str,
    ) -> None:
        self.fault = fault
        self._pipe = pipe
        self._process = process
        self._events = events
        self._folder = folder
        self._next = 0
        self._busy = asyncio.Lock()

    @classmethod
    async def start(
        cls,
        fault: str,
        experiment: Mapping[str, Any],
        configuration: Mapping[str, Any],
        environment: Mapping[str, str],
        log: Path,
    ) -> FaultChild:
        """Start a child and have it import and validate the experiment.

        Raises:
            FaultError: it could not be started, did not answer, or refused the experiment.
        """
        child = await cls._begin(fault, environment, log)
        try:
            await child._load(experiment, configuration)  # noqa: SLF001 - one of its own
        except BaseException:  # an interrupted start leaves nothing behind either
            await child.stop()
            raise
        return child

    @classmethod
    async def _begin(cls, fault: str, environment: Mapping[str, str], log: Path) -> FaultChild:
        reading, writing = os.pipe()
        events = asyncio.StreamReader(limit=_LINE_LIMIT)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(events), os.fdopen(reading, "rb", buffering=0)
        )
        folder = tempfile.mkdtemp(prefix="gameday-fault-")
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "gameday.faults.child",
                    str(writing),
                    folder,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, **environment},
                    pass_fds=(writing,),
                    start_new_session=True,
                )
        except BaseException:
            pipe.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            os.close(writing)
        return cls(fault, process, events, pipe, folder)

    async def _load(self, experiment: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
        request = {"do": "load", "experiment": experiment, "configuration": configuration}
        answer = await self._ask(request, _ARM_DEADLINE, None)
        if answer["event"] != "armed":
            problem = answer.get("problem") or "the experiment was not accepted"
            raise FaultError(f"fault '{self.fault}': {problem}")

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.returncode is None

    async def inject(self, at: float | None, deadline: float, listener: Listener) -> Outcome:
        """Play the method at ``at`` (this machine's monotonic clock, seconds); ``deadline`` counts from now.

        Raises:
            FaultError: it hung or died; the child is gone then and the fault may be in place.
        """
        return _outcome(await self._ask({"do": "inject", "at": at}, deadline, listener))

    async def probe(self, name: str, deadline: float) -> Outcome:
        """Ask one probe of the method. Raises FaultError as ``inject`` does."""
        output: list[Any] = []

        def hear(line: dict[str, Any]) -> None:
            if line["event"] == "activity":
                output.append(line.get("output"))

        outcome = _outcome(await self._ask({"do": "probe", "name": name}, deadline, hear))
        return Outcome(outcome.ok, outcome.problem, output[-1] if output else None)

    async def revert(self, states: Mapping[str, Any], deadline: float, listener: Listener) -> Outcome:
        """Hand the states over and play the rollbacks. Raises FaultError as ``inject`` does."""
        return _outcome(await self._ask({"do": "revert", "states": states}, deadline, listener))

    async def _ask(
        self, request: dict[str, Any], deadline: float, listener: Listener | None
    ) -> dict[str, Any]:
        async with self._busy:
            self._next += 1
            wanted = self._next
            stdin = self._process.stdin
            assert stdin is not None
            try:
                async with asyncio.timeout(deadline):
                    stdin.write(json.dumps({"id": wanted, **request}, default=str).encode() + b"\n")
                    await stdin.drain()
                    while (line := await self._events.readline()).endswith(b"\n"):  # else it died
                        answer: dict[str, Any] = json.loads(line)
                        if answer["id"] != wanted:
                            continue  # the end of an earlier request that was given up
                        if answer["event"] in {"armed", "refused", "done"}:
                            return answer
                        if listener:
                            listener(answer)
            except TimeoutError:
                await self.stop()
                raise FaultError(
                    f"fault '{self.fault}': {request['do']} took longer than {deadline:g} s"
                ) from None
            except (BrokenPipeError, ConnectionResetError):
                pass
            code = await self.stop()
            raise FaultError(f"fault '{self.fault}': the child died during {request['do']} (exit {code})")

    async def stop(self) -> int | None:
        """End the child: close its stdin, then SIGUSR1, then SIGKILL, with all that an activity started.

        Idempotent; gives the exit code.
        """
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.close()
        try:
            for ending in (None, signal.SIGUSR1, signal.SIGKILL):
                if self._process.returncode is None and ending is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self._process.pid, ending)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_PATIENCE):
                        await self._process.wait()
                    break
        finally:  # also where somebody has no patience left
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # and programs that outlived their child
            self._pipe.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        return self._process.returncode


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    return Outcome(bool(answer.get("ok")), str(answer.get("problem", "")))
