"""The desk on a stack in memory: what is on disk before what is done, and what goes wrong in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gameday import events as e
from gameday.errors import InputError, LogError
from gameday.events import Event, Record
from gameday.model.inputs import Inputs
from gameday.ports import LeverCall, LeverResult
from gameday.respond import desk as desk_module
from gameday.respond.desk import Desk, Reply
from gameday.situation import Situation
from gameday.stacks.fake import FakeStack
from tests.simulate.driver import raw


@dataclass
class Bench:
    """A desk, the stack behind it, and the log in front of it."""

    stack: FakeStack = field(default_factory=FakeStack)
    events: list[Event] = field(default_factory=list)
    stamped: list[float | None] = field(default_factory=list)
    now: float = 10.0
    full: bool = False
    """Whether the disk is."""

    def __post_init__(self) -> None:
        self.stack.stands = True
        self.situation = Situation(Inputs.of(raw()))
        self.desk = Desk(self.stack, self.situation, self.append, lambda: self.now)
        self.append(e.FaultTriggered(fault="release", planned=1, at=1), None)

    def append(self, event: Event, t: float | None) -> Record:
        """The run's log; what the stack was asked by then is noted beside it."""
        if self.full:
            raise LogError("events.jsonl: No space left on device")
        self.events.append(event)
        self.stamped.append(t)
        self.stack.calls.append(("logged", event.type if hasattr(event, "type") else ""))
        record = Record(seq=len(self.events), t=self.now, wall="", source="desk", event=event)
        self.situation.feed(record)
        return record

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    async def lever(self, *words: str, **more: Any) -> Reply:
        """A lever as typed."""
        return await self.desk.act("lever", "alice", {"words": list(words), **more})


def at_a_bench(test: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run a test's body on a fresh bench."""
    bench = Bench()
    asyncio.run(asyncio.wait_for(test(bench), 10))
    return bench


async def until(holds: Callable[[], bool]) -> None:
    """Let other tasks run until something holds."""
    while not holds():  # noqa: ASYNC110 - what is waited for is said by several
        await asyncio.sleep(0)


ROLLBACK = ("rollback", "auth")


def test_the_recipe_is_on_disk_before_the_lever_acts() -> None:
    """Read the state, write how to return, say that it begins, act, say what it did: in this order."""

    async def body(bench: Bench) -> None:
        bench.stack.things["auth"]["version"] = "v1.3.0"
        reply = await bench.lever(*ROLLBACK, because="the release is new")
        assert (reply.ok, reply.text) == (True, "rollback: auth version v1.3.0 -> v1.2.3")

    bench = at_a_bench(body)

    order = [name if name != "logged" else what for name, what in bench.stack.calls[1:]]
    assert order == ["inventory", "recipe_written", "lever_began", "pull", "lever_ended"]
    assert bench.of(e.RecipeWritten) == [
        e.RecipeWritten(owner="lever:1", things={"auth": {"version": "v1.3.0"}})
    ]
    assert bench.of(e.LeverBegan)[0].because == "the release is new"
    assert bench.of(e.LeverEnded)[0].changed


def test_an_act_counts_from_when_it_was_asked_for() -> None:
    """However long the stack takes to be read, the lever's instant is that of the asking."""

    async def body(bench: Bench) -> None:
        inventory = bench.stack.inventory

        async def slow() -> Any:
            bench.now = 17.0
            return await inventory()

        bench.stack.inventory = slow  # type: ignore[method-assign]
        await bench.lever(*ROLLBACK)

    bench = at_a_bench(body)

    began = bench.events.index(bench.of(e.LeverBegan)[0])
    assert bench.stamped[began] == 10.0


@pytest.mark.parametrize(
    "page",
    [
        e.AlertFired(monitor="errors", severity="SEV2", since=1, value=0.4, condition=""),
        e.Declared(by="bob", severity="SEV1"),
        e.Noted(by="bob", text="sign-in is slow", affects=["auth"]),
    ],
    ids=["alert", "declared", "noted"],
)
def test_a_page_is_taken_once_there_is_one(page: Event) -> None:
    """Before an alert or a person's word nothing is recorded, and who noticed something is told how to say so."""

    async def body(bench: Bench) -> None:
        bench.append(e.Noted(by="bob", text="hello"), None)
        with pytest.raises(InputError, match="gameday declare SEV2 --affects SERVICE"):
            await bench.desk.act("ack", "alice", {})
        assert bench.of(e.Acknowledged) == []
        bench.append(page, None)
        await bench.desk.act("ack", "alice", {})

    assert len(at_a_bench(body).of(e.Acknowledged)) == 1


def test_two_levers_are_told_apart() -> None:
    """Each pull has a number of its own, in its recipe and its events."""

    async def body(bench: Bench) -> None:
        await asyncio.gather(bench.lever(*ROLLBACK), bench.lever("scale", "auth", "replicas=3"))

    bench = at_a_bench(body)

    assert {recipe.owner for recipe in bench.of(e.RecipeWritten)} == {"lever:1", "lever:2"}
    assert {(end.act, end.lever) for end in bench.of(e.LeverEnded)} == {(1, "rollback"), (2, "scale")}


@pytest.mark.parametrize("problem", ["the control API is gone", ""])
def test_a_lever_that_fails_is_recorded_as_failed(problem: str) -> None:
    """Its end says so and why; it counts as having changed something, since nobody knows."""

    async def body(bench: Bench) -> None:
        bench.stack.fail("pull", problem)
        reply = await bench.lever(*ROLLBACK)
        assert not reply.ok

    [end] = at_a_bench(body).of(e.LeverEnded)

    assert (end.ok, end.changed) == (False, True)
    assert end.did == (problem or "StackError")


def test_a_stack_with_a_bug_does_not_lose_the_levers_end() -> None:
    """Whatever a stack raises, what began is recorded as ended."""

    async def body(bench: Bench) -> None:
        async def broken(call: LeverCall) -> LeverResult:
            raise ZeroDivisionError("division by zero")

        bench.stack.pull = broken  # type: ignore[method-assign]
        assert (await bench.lever(*ROLLBACK)).text == "rollback: division by zero"

    assert len(at_a_bench(body).of(e.LeverEnded)) == 1


def test_a_state_that_cannot_be_read_stops_the_lever() -> None:
    """Without a state to return to nothing is pulled, recorded or begun, and the reason is said."""

    async def body(bench: Bench) -> None:
        bench.stack.fail("inventory", "the supervisor does not answer")
        with pytest.raises(
            InputError, match="not pulled, since the state to return to could not be read: the sup"
        ):
            await bench.lever(*ROLLBACK)

    bench = at_a_bench(body)

    assert not bench.of(e.RecipeWritten)
    assert "pull" not in dict(bench.stack.calls)


def test_a_hanging_stack_has_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that never answers: the lever is refused, a pull ends as failed, a look says so."""
    monkeypatch.setattr(desk_module, "_ASK_DEADLINE", 0.05)
    monkeypatch.setattr(desk_module, "_LEVER_DEADLINE", 0.05)

    async def body(bench: Bench) -> None:
        bench.stack.hang("inventory")
        with pytest.raises(InputError, match=r"could not be read: it took longer than 0.05 s"):
            await bench.lever(*ROLLBACK)
        bench.stack.hang("inventory", hangs=False)
        bench.stack.hang("pull")
        assert (await bench.lever(*ROLLBACK)).text == "rollback: it took longer than 0.05 s"
        bench.stack.hang("look")
        looked = await bench.desk.act("look", "alice", {"topic": "logs"})
        assert (looked.ok, looked.text) == (False, "it took longer than 0.05 s")

    bench = at_a_bench(body)

    assert [end.ok for end in bench.of(e.LeverEnded)] == [False]
    assert [look.ok for look in bench.of(e.Looked)] == [False]


def test_who_asked_may_go_away() -> None:
    """A lever whose caller is gone is pulled to its end, and its end is recorded."""

    async def body(bench: Bench) -> None:
        bench.stack.hang("pull")
        call = asyncio.create_task(bench.lever(*ROLLBACK))
        await until(lambda: bool(bench.of(e.LeverBegan)))
        await asyncio.sleep(0)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        assert not bench.of(e.LeverEnded)
        await bench.desk.close("it is over", patience=0.01)

    [end] = at_a_bench(body).of(e.LeverEnded)

    assert (end.ok, end.did) == (False, "it was not over when the time to respond was")


def test_closing_waits_for_levers_under_way() -> None:
    """What was begun in time comes to its own end before the desk is closed."""

    async def body(bench: Bench) -> None:
        go_on, pull = asyncio.Event(), bench.stack.pull

        async def slow(call: LeverCall) -> LeverResult:
            await go_on.wait()
            return await pull(call)

        bench.stack.pull = slow  # type: ignore[method-assign]
        call = asyncio.create_task(bench.lever(*ROLLBACK))
        await until(lambda: bool(bench.of(e.LeverBegan)))
        closing = asyncio.create_task(bench.desk.close("it is over"))
        await asyncio.sleep(0.01)
        assert not closing.done()
        go_on.set()
        await closing
        assert (await call).ok

    assert at_a_bench(body).of(e.LeverEnded)[0].ok


def test_no_lever_is_pulled_after_the_desk_closed() -> None:
    """A lever that was still reading the stack when the desk closed does not act while things are put back."""

    async def body(bench: Bench) -> None:
        go_on, inventory = asyncio.Event(), bench.stack.inventory

        async def slow() -> Any:
            await go_on.wait()
            return await inventory()

        bench.stack.inventory = slow  # type: ignore[method-assign]
        call = asyncio.create_task(bench.lever(*ROLLBACK))
        await asyncio.sleep(0)
        await bench.desk.close("it is over")
        go_on.set()
        with pytest.raises(InputError, match="the desk is closed: it is over"):
            await call

    bench = at_a_bench(body)

    assert not bench.of(e.RecipeWritten)
    assert "pull" not in dict(bench.stack.calls)


def test_a_closed_desk_takes_no_acts_but_questions() -> None:
    """After the end people may still look; acts are refused with the reason."""

    async def body(bench: Bench) -> None:
        await bench.desk.close("what was broken is being put back")
        with pytest.raises(InputError, match="the desk is closed: what was broken is being put back"):
            await bench.desk.act("ack", "alice", {})
        with pytest.raises(InputError, match="closed"):
            await bench.lever(*ROLLBACK)
        assert (await bench.desk.act("look", "alice", {"topic": "logs"})).ok

    assert not at_a_bench(body).of(e.Acknowledged)


@pytest.mark.parametrize("do", ["verify", "lever", "look"])
def test_nothing_is_acknowledged_that_is_not_on_disk(do: str) -> None:
    """With a full disk the act fails for who asked, and no lever is pulled."""

    async def body(bench: Bench) -> None:
        bench.full = True
        said: dict[str, dict[str, Any]] = {"lever": {"words": list(ROLLBACK)}, "look": {"topic": "logs"}}
        with pytest.raises(LogError, match="No space left"):
            await bench.desk.act(do, "alice", said.get(do, {}))

    assert "pull" not in dict(at_a_bench(body).stack.calls)


def test_no_lever_before_the_incident() -> None:
    """Before the trigger there is nothing to mend, and a lever would disturb the baseline."""

    async def body(_: Bench) -> None:
        fresh = Bench()
        fresh.situation = Situation(Inputs.of(raw()))
        desk = Desk(fresh.stack, fresh.situation, fresh.append, lambda: 1.0)
        with pytest.raises(InputError, match="levers work once the incident is on"):
            await desk.act("lever", "alice", {"words": list(ROLLBACK)})

    at_a_bench(body)


def test_what_would_be_graded_as_never_said_is_not_taken() -> None:
    """In the baseline the desk refuses the acts that grading counts from the trigger; roles and notes it takes."""

    async def body(_: Bench) -> None:
        fresh = Bench()
        fresh.situation = Situation(Inputs.of(raw()))
        desk = Desk(fresh.stack, fresh.situation, fresh.append, lambda: 1.0)
        for do, words in {"ack": {}, "declare": {"severity": "SEV1"}, "verify": {}, "resolve": {}}.items():
            with pytest.raises(InputError, match="has not begun yet"):
                await desk.act(do, "alice", words)
        assert (await desk.act("assign", "alice", {"role": "scribe", "to": "dave"})).ok
        assert (await desk.act("note", "alice", {"text": "here"})).ok

    at_a_bench(body)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"words": ["rolback", "auth"]}, "there is no lever 'rolback'; did you mean 'rollback'?"),
        ({"words": ["scale", "auth", "replica=3"]}, "no parameter 'replica'; did you mean 'replicas'?"),
        ({"words": ["scale", "auth", "replicas=three"]}, "'three' is not a whole number"),
        ({"words": []}, "name a lever: rollback, scale, fail-over, breaker"),
        ({"words": "rollback auth"}, "'words' is not a list"),
        ({"name": "rolback"}, "there is no lever 'rolback'; did you mean 'rollback'?"),
        ({"name": "scale", "service": "auth"}, "replicas is missing"),
        ({}, "there is no lever ''"),
    ],
)
def test_a_lever_that_was_not_understood_touches_nothing(words: dict[str, Any], told: str) -> None:
    """Its name, its parameters and their values are checked before the stack is asked anything."""

    async def body(bench: Bench) -> None:
        with pytest.raises(InputError) as caught:
            await bench.desk.act("lever", "alice", dict(words))
        assert told in str(caught.value)

    bench = at_a_bench(body)

    assert [name for name, _ in bench.stack.calls if name != "logged"] == []
    assert not bench.of(e.LeverBegan)


def test_a_look_is_evidence() -> None:
    """Who asked what, and how much was found; the answer itself goes to who asked."""

    async def body(bench: Bench) -> None:
        reply = await bench.desk.act("look", "alice", {"topic": "deploys"}, scripted=True)
        assert reply.columns == ["what", "now"]
        assert ["version", "v1.2.3"] in reply.rows

    [look] = at_a_bench(body).of(e.Looked)

    assert (look.by, look.scripted, look.topic, look.ok, look.rows) == ("alice", True, "deploys", True, 3)


def test_a_look_that_found_nobody_is_evidence_too() -> None:
    """The stack could not answer: recorded as such, with the reason."""

    async def body(bench: Bench) -> None:
        bench.stack.fail("look", "the database does not answer")
        assert not (await bench.desk.act("look", "alice", {"topic": "connections"})).ok

    [look] = at_a_bench(body).of(e.Looked)

    assert (look.ok, look.note) == (False, "the database does not answer")


def test_a_question_that_was_not_understood_is_no_evidence() -> None:
    """An unknown topic or argument is told, and nothing is recorded."""

    async def body(bench: Bench) -> None:
        with pytest.raises(InputError, match=r"unknown topic 'deploy'; did you mean 'deploys'"):
            await bench.desk.act("look", "alice", {"topic": "deploy"})
        with pytest.raises(InputError, match="takes no arguments"):
            await bench.desk.act("look", "alice", {"topic": "logs", "lines": 5})

    assert not at_a_bench(body).of(e.Looked)


def test_looking_at_metrics_shows_what_monitors_see() -> None:
    """Every exported metric in people's units, `no data` where there is none, and what alerts."""

    async def body(bench: Bench) -> None:
        series = {"connections": 45.0, "connections_max": 50.0}
        bench.append(e.Scraped(job="database", ok=True, series=series), None)
        bench.append(
            e.Scraped(job="host", ok=True, series={"memory_available_bytes": 2.5e9, "disk_used_ratio": 0.5}),
            None,
        )
        bench.append(e.AlertFired(monitor="errors", severity="SEV2", since=1, value=1, condition="c"), None)
        reply = await bench.desk.act("look", "alice", {"topic": "metrics"})
        shown = {row[0]: row[1] for row in reply.rows}
        assert shown["database_connections"] == "90.0 %"
        assert shown["host_memory_available"] == "2,500 MB"
        assert shown["error_rate"] == "no data"
        assert "offered_rate" not in shown
        assert reply.text == "alerting: errors"

    at_a_bench(body)


def test_somebody_acts() -> None:
    """An act without a name is refused."""

    async def body(bench: Bench) -> None:
        with pytest.raises(InputError, match="who acts"):
            await bench.desk.act("ack", "  ", {})

    at_a_bench(body)


BEGAN = {
    "event": "began",
    "number": 7,
    "who": "kubectl-rollout",
    "lever": "rollback",
    "arguments": {"service": "auth", "to": "v1.2.3"},
    "did": "auth v1.3.0 -> v1.2.3, 2 replicas",
    "before": {"version": "v1.3.0"},
}


def test_what_is_done_past_the_desk_is_recorded_as_the_lever_that_does_it() -> None:
    """How to return, that it began and by whom, and how it ended: as for a pull at the desk."""

    async def body(bench: Bench) -> None:
        await bench.lever(*ROLLBACK)
        bench.desk.witness(BEGAN)
        bench.desk.witness({"event": "ended", "number": 7, "ok": True, "problem": ""})

    bench = at_a_bench(body)
    recipes, begins, ends = (bench.of(kind) for kind in (e.RecipeWritten, e.LeverBegan, e.LeverEnded))
    assert (recipes[1].owner, recipes[1].things) == ("lever:2", {"auth": {"version": "v1.3.0"}})
    assert [(one.act, one.by) for one in begins] == [(1, "alice"), (2, "kubectl-rollout")]
    assert begins[1].because == "by hand, not at the desk"
    assert (ends[1].act, ends[1].ok, ends[1].changed, ends[1].did) == (2, True, True, BEGAN["did"])


def test_an_act_past_the_desk_that_is_told_late_counts_from_when_it_was() -> None:
    """Else whoever acted would be slower than they were."""

    async def body(bench: Bench) -> None:
        bench.desk.witness({**BEGAN, "ago": 1.5})

    assert at_a_bench(body).stamped[-1] == 8.5


def test_an_act_past_the_desk_that_failed_says_why() -> None:
    """And an end whose beginning nobody saw is no act."""

    async def body(bench: Bench) -> None:
        bench.desk.witness({"event": "ended", "number": 3, "ok": True, "problem": ""})
        bench.desk.witness({**BEGAN, "lever": "restart", "before": {}})
        bench.desk.witness({"event": "ended", "number": 7, "ok": False, "problem": "ImagePullBackOff"})

    bench = at_a_bench(body)
    assert bench.of(e.RecipeWritten) == []
    [ended] = bench.of(e.LeverEnded)
    assert (ended.ok, ended.did) == (False, "ImagePullBackOff")
