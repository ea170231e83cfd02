"""The desk: the one door for responders. Each accepted act is an event, on disk before it is acknowledged.

People (through the CLI), the scripted responder and, later, others come through ``Desk.act`` alike. A lever's
recipe is on disk before it acts; the instant of an act is when it was asked for, not when the system was done.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gameday.errors import InputError, StackError
from gameday.events import Event, LeverBegan, LeverEnded, Looked, RecipeWritten, Record
from gameday.levers import read_call
from gameday.metrics import METRICS, Side
from gameday.model.quantities import in_unit, nearest
from gameday.ports import Answer, Json, LeverCall, LeverResult, Stack, Things, Topic
from gameday.respond.acts import record_of
from gameday.situation import Situation

Append = Callable[[Event, float | None], Record]
"""Writes an event (with its instant, or now) and gives its record; it is on disk when this returns."""

_ANY_TIME = frozenset({"assign", "note"})
"""Acts that make sense before there is an incident; what else is said then would be graded as never said."""
_BY_HAND = "by hand, not at the desk"
_LEVER_DEADLINE = 60.0
_ASK_DEADLINE = 15.0
"""Seconds for a question to the stack, whatever deadline the stack itself keeps."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the desk answers: a sentence, and a table where something was asked."""

    text: str
    seq: int
    columns: list[str] = field(default_factory=list)
    rows: list[list[Json]] = field(default_factory=list)
    ok: bool = True


@dataclass(frozen=True, slots=True)
class _Witnessed:
    """An act past the desk that is under way."""

    act: int
    by: str
    lever: str
    did: str

    def who(self) -> dict[str, Any]:
        return {"by": self.by, "scripted": False, "act": self.act, "lever": self.lever}


class Desk:
    """Open from the baseline to the end of Respond."""

    def __init__(self, stack: Stack, situation: Situation, append: Append, now: Callable[[], float]) -> None:
        self._stack = stack
        self._situation = situation
        self._append = append
        self._now = now
        self._numbers = itertools.count(1)
        self._pulling: set[asyncio.Task[Reply]] = set()
        self._closed = ""
        self._witnessed: dict[int, _Witnessed] = {}
        """What was begun past the desk, by the stack's own number of it."""

    async def act(self, do: str, by: str, words: Mapping[str, Any], *, scripted: bool = False) -> Reply:
        """Do and record one act.

        Raises:
            InputError: it was not understood; nothing was recorded or done.
        """
        asked = self._now()
        if not by.strip():
            raise InputError("who acts? say --as NAME")
        if do == "look":
            return await self._look(by, scripted, dict(words))
        self._must_be_open()
        if do == "lever":
            return await self._lever(by, scripted, dict(words), asked)
        event = record_of(do, by, scripted, words, self._situation.inputs)
        if do not in _ANY_TIME and self._situation.triggered is None:
            raise InputError(
                f"the game day has not begun yet, so there is nothing to {do}; its baseline is being taken"
            )
        if do == "ack" and not self._situation.paged:
            raise InputError(
                "nothing has paged yet, so there is no page to take; if you noticed something yourself, say so: "
                "gameday declare SEV2 --affects SERVICE"
            )
        record = self._append(event, asked)
        return Reply("recorded", record.seq)

    def _must_be_open(self) -> None:
        if self._closed:
            raise InputError(f"the desk is closed: {self._closed}")

    async def close(self, reason: str, patience: float = 10.0) -> None:
        """Take no more acts, and let levers that are being pulled come to their end, or be cut off."""
        self._closed = reason
        if not self._pulling:
            return
        _, late = await asyncio.wait(self._pulling, timeout=patience)
        for pull in late:
            pull.cancel()
        if late:
            await asyncio.wait(late)

    async def _look(self, by: str, scripted: bool, words: dict[str, Any]) -> Reply:
        name = str(words.pop("topic", ""))
        if name not in {topic.value for topic in Topic}:
            raise InputError(f"unknown topic '{name}'{nearest(name, [topic.value for topic in Topic])}")
        arguments = {key: str(value) for key, value in words.items()}
        asked = self._now()
        try:
            async with asyncio.timeout(_ASK_DEADLINE):
                answer = await self._stack.look(Topic(name), arguments)
            problem = ""
        except (StackError, TimeoutError) as trouble:
            answer, problem = Answer(Topic(name), (), ()), str(trouble) or _late(_ASK_DEADLINE)
        if name == Topic.METRICS:
            answer = self._with_metrics(answer)
        event = Looked(
            by=by,
            scripted=scripted,
            topic=name,
            arguments=arguments,
            ok=not problem,
            rows=len(answer.rows),
            note=problem or answer.note,
        )
        record = self._append(event, asked)
        return Reply(
            problem or answer.note,
            record.seq,
            list(answer.columns),
            [list(row) for row in answer.rows],
            ok=not problem,
        )

    def _with_metrics(self, answer: Answer) -> Answer:
        """What monitors see now, above whatever the stack adds."""
        now = self._now()
        rows: list[list[Json]] = [
            [name, in_unit(self._situation.exported.value(name, now), metric.unit)]
            for name, metric in METRICS.items()
            if Side.EXPORTED in metric.sides
        ]
        firing = [f"alerting: {', '.join(self._situation.alerting())}"] if self._situation.alerting() else []
        extra = [
            [str(cell) for cell in row[:1]] + [" ".join(str(cell) for cell in row[1:])] for row in answer.rows
        ]
        return Answer(
            Topic.METRICS, ("metric", "now"), [*rows, *extra], "; ".join([*firing, answer.note]).strip("; ")
        )

    async def _lever(self, by: str, scripted: bool, words: dict[str, Any], asked: float) -> Reply:
        if self._situation.triggered is None:
            raise InputError(
                "nothing has happened yet that a lever could mend; levers work once the incident is on"
            )
        because = str(words.pop("because", "") or "")
        call = self._call(words)
        touches = self._stack.touches(call)
        act = next(self._numbers)
        things = _chosen(await self._states(call), touches)
        self._must_be_open()  # it may have closed while the stack was read
        self._append(RecipeWritten(owner=f"lever:{act}", things=things), None)
        who = {"by": by, "scripted": scripted, "act": act, "lever": call.name}
        self._append(LeverBegan(**who, arguments=dict(call.arguments), because=because), asked)
        pull = asyncio.create_task(self._pull(call, who))
        self._pulling.add(pull)
        pull.add_done_callback(self._pulling.discard)
        return await asyncio.shield(pull)  # who asked may go away; the lever is pulled, and recorded

    def witness(self, told: Mapping[str, Any]) -> None:
        """Record what somebody did past the desk, as the stack tells it: a lever's pull by other means.

        What is not understood is left out: the stack's inventory is compared at the end all the same.
        """
        number = int(told["number"])
        if told["event"] == "began":
            act = self._witnessed[number] = _Witnessed(
                next(self._numbers), str(told["who"]), str(told["lever"]), str(told["did"])
            )
            arguments = {key: str(value) for key, value in told["arguments"].items()}
            if told["before"]:
                things = {arguments["service"]: dict(told["before"])}
                self._append(RecipeWritten(owner=f"lever:{act.act}", things=things), None)
            began = self._now() - float(told.get("ago", 0.0))
            self._append(LeverBegan(**act.who(), arguments=arguments, because=_BY_HAND), began)
        elif (ended := self._witnessed.pop(number, None)) is not None:
            did = ended.did if told["ok"] else str(told["problem"])
            self._append(LeverEnded(**ended.who(), ok=bool(told["ok"]), changed=True, did=did), None)

    def _call(self, words: dict[str, Any]) -> LeverCall:
        """The pull that is asked for: as typed at a shell under ``words``, else by name and arguments."""
        if "words" not in words:
            return LeverCall(str(words.pop("name", "")), {key: str(value) for key, value in words.items()})
        if not isinstance(words["words"], list):
            raise InputError("'words' is not a list of the lever's name and its arguments")
        return read_call([str(word) for word in words["words"]], self._stack.levers())

    async def _states(self, call: LeverCall) -> Things:
        """The stack's states before the pull."""
        try:
            async with asyncio.timeout(_ASK_DEADLINE):
                return await self._stack.inventory()
        except (StackError, TimeoutError) as problem:
            raise InputError(
                f"{call.name} was not pulled, since the state to return to could not be read: "
                f"{str(problem) or _late(_ASK_DEADLINE)}"
            ) from None

    async def _pull(self, call: LeverCall, who: dict[str, Any]) -> Reply:
        """Pull, and record what came of it, also where nobody waits for the answer any more."""
        try:
            async with asyncio.timeout(_LEVER_DEADLINE):
                result = await self._stack.pull(call)
        except asyncio.CancelledError:
            result = LeverResult(ok=False, did="it was not over when the time to respond was")
        except TimeoutError:
            result = LeverResult(ok=False, did=_late(_LEVER_DEADLINE))
        except Exception as problem:  # noqa: BLE001 - a stack may fail in its own ways; the lever has begun
            result = LeverResult(ok=False, did=str(problem) or type(problem).__name__)
        ended = LeverEnded(**who, ok=result.ok, changed=result.changed, did=result.did)
        record = self._append(ended, None)
        return Reply(f"{call.name}: {result.did}", record.seq, ok=result.ok)


def _late(deadline: float) -> str:
    return f"it took longer than {deadline:g} s"


def _chosen(inventory: Things, touches: Mapping[str, Any]) -> dict[str, dict[str, Json]]:
    """The states that a lever may change, as they are now."""
    return {
        component: {
            aspect: inventory[component][aspect] for aspect in aspects if aspect in inventory[component]
        }
        for component, aspects in touches.items()
        if component in inventory
    }
