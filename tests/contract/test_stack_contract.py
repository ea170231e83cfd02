"""What every stack promises to who uses it: one suite, passed by each stack unchanged."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gameday.errors import InputError, StackError
from gameday.levers import read_call
from gameday.ports import LeverCall, LeverSpec, Stack, Things, Topic
from gameday.stacks.compose.adapter import ComposeStack
from gameday.stacks.fake import FakeStack
from gameday.stacks.local.adapter import LocalStack

ABSENT = object()


KINDS = [
    "fake",
    pytest.param("local", marks=pytest.mark.slow),
    pytest.param("compose", marks=[pytest.mark.service, pytest.mark.timeout(600)]),
    pytest.param("kubernetes", marks=[pytest.mark.service, pytest.mark.timeout(600)]),
]
NEEDS = {"compose": "engine", "kubernetes": "cluster"}
"""Kind -> the fixture that says whether there is what it runs on."""


def made_of(kind: str, folder: Path) -> Stack:
    """A stack of a kind, not yet up."""
    if kind == "kubernetes":
        from gameday.stacks.kubernetes.adapter import KubernetesStack

        return KubernetesStack(os.environ["GAMEDAY_KUBE_CONTEXT"], f"gameday-test-{secrets.token_hex(3)}")
    made: dict[str, Callable[[], Stack]] = {
        "fake": FakeStack,
        "local": lambda: LocalStack(folder),
        "compose": ComposeStack,
    }
    return made[kind]()


@pytest.fixture(scope="module", params=KINDS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that stands, put back by each test that changes it."""
    folder: Path = tmp_path_factory.mktemp("stack") / "s"
    if request.param in NEEDS:
        request.getfixturevalue(NEEDS[request.param])
    made = made_of(request.param, folder)
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


def words_of(spec: LeverSpec) -> Sequence[str]:
    """The words of a lever's own example, as a responder would type them."""
    program, command, *words = spec.example.split()
    assert (program, command) == ("gameday", "lever")
    return words


def changed(before: Things, after: Things) -> set[tuple[str, str]]:
    """Component and aspect of everything that is not as it was."""
    every = {
        (component, aspect)
        for things in (before, after)
        for component in things
        for aspect in things[component]
    }
    return {
        (component, aspect)
        for component, aspect in every
        if before.get(component, {}).get(aspect, ABSENT) != after.get(component, {}).get(aspect, ABSENT)
    }


def test_it_implements_the_port(stack: Stack) -> None:
    """Every method of the port is there."""
    assert isinstance(stack, Stack)


def test_it_says_who_it_is(stack: Stack) -> None:
    """The identity names the kind, the instance and the marker that only staging carries."""
    identity = asyncio.run(stack.identity())

    assert identity.stack == stack.kind
    assert identity.marker == "gameday-staging"
    assert identity.name


def test_it_is_ready_after_up(stack: Stack) -> None:
    """All its parts are ready once `up` has returned."""
    ready = asyncio.run(stack.ready())

    assert ready
    assert all(ready.values()), ready


def test_its_inventory_is_stable_plain_data(stack: Stack) -> None:
    """Two inventories of an untouched stack are equal, name the components that may be touched, and hold JSON."""

    async def twice() -> tuple[Things, Things]:
        return await stack.inventory(), await stack.inventory()

    first, second = asyncio.run(twice())

    assert first == second
    assert set(first) == stack.capabilities().components
    assert_json(first)


def assert_json(value: Any) -> None:
    """Only what a log line can hold and compare."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            assert isinstance(key, str)
            assert_json(item)
    elif isinstance(value, list):
        for item in value:
            assert_json(item)
    else:
        assert value is None or isinstance(value, (bool, int, float, str)), value


def test_every_lever_can_be_pulled_as_its_example_says(stack: Stack) -> None:
    """Each example names a lever of the capabilities, is understood, and is told what it did in one sentence."""

    async def pull_all() -> None:
        before = await stack.inventory()
        for spec in stack.levers():
            call = read_call(words_of(spec), stack.levers())
            result = await stack.pull(call)
            assert result.ok, result
            assert result.did.strip()
            assert "\n" not in result.did
            await stack.restore(before)

    assert {spec.name for spec in stack.levers()} == stack.capabilities().levers
    asyncio.run(pull_all())


def test_a_lever_changes_nothing_but_what_it_says_it_touches(stack: Stack) -> None:
    """The inventory's difference over each pull lies within `touches`, and so does what must be put back."""

    async def pull_all() -> None:
        for spec in stack.levers():
            call = read_call(words_of(spec), stack.levers())
            promised = {(part, aspect) for part, aspects in stack.touches(call).items() for aspect in aspects}
            before = await stack.inventory()
            assert {part for part, _ in promised} <= stack.capabilities().components
            await stack.pull(call)
            assert changed(before, await stack.inventory()) <= promised, spec.name
            touched = stack.touches(call)
            await stack.restore(
                {part: {aspect: before[part][aspect] for aspect in touched[part]} for part in touched}
            )
            assert await stack.inventory() == before, spec.name

    asyncio.run(pull_all())


def test_restoring_brings_back_and_a_second_time_does_nothing(stack: Stack) -> None:
    """After a change the whole inventory can be restored; restoring the state that holds leaves it alone."""

    async def there_and_back() -> None:
        before = await stack.inventory()
        await stack.pull(read_call(["scale", "auth", "replicas=3"], stack.levers()))
        assert await stack.inventory() != before
        await stack.restore(before)
        assert await stack.inventory() == before
        await stack.restore(before)
        assert await stack.inventory() == before

    asyncio.run(there_and_back())


def test_restoring_what_is_not_there_is_refused(stack: Stack) -> None:
    """A component that the stack does not have is an input error."""
    with pytest.raises(InputError, match="there is no component 'databse'"):
        asyncio.run(stack.restore({"databse": {"server": "running"}}))


def test_an_unknown_lever_is_refused_with_the_nearest(stack: Stack) -> None:
    """A wrong name, parameter or value raises before anything is done, from `touches` and `pull` alike."""
    wrong = (
        (LeverCall("rolback", {"service": "auth"}), "there is no lever 'rolback'; did you mean 'rollback'?"),
        (LeverCall("scale", {"service": "auth", "replica": "3"}), "did you mean 'replicas'?"),
        (LeverCall("scale", {"service": "auth", "replicas": "many"}), "'many' is not a whole number"),
        (LeverCall("scale", {"service": "auth"}), "replicas is missing"),
    )

    async def pull_wrongly() -> None:
        before = await stack.inventory()
        for call, words in wrong:
            with pytest.raises(InputError, match=words.replace("?", r"\?")):
                stack.touches(call)
            with pytest.raises(InputError, match=words.replace("?", r"\?")):
                await stack.pull(call)
        assert await stack.inventory() == before

    asyncio.run(pull_wrongly())


@pytest.mark.parametrize("topic", list(Topic))
def test_every_look_answers_with_a_table(stack: Stack, topic: Topic) -> None:
    """Each topic has columns, at least one row, and as many cells in each row as there are columns."""
    answer = asyncio.run(stack.look(topic, {}))

    assert answer.topic == topic
    assert answer.rows
    assert all(len(row) == len(answer.columns) for row in answer.rows)


def test_a_look_refuses_arguments_it_does_not_take(stack: Stack) -> None:
    """A misspelt argument is an input error, not silently ignored."""
    with pytest.raises(InputError, match="look deploys"):
        asyncio.run(stack.look(Topic.DEPLOYS, {"sinze": "2m"}))


def test_one_run_holds_it_at_a_time(stack: Stack) -> None:
    """Until it lets go; saying so again keeps it, and nobody lets go of what another holds."""

    async def of_two_machines() -> list[str]:
        said = [await stack.claim(run, f"of {run}", 30) for run in ("first", "second", "first")]
        await stack.release("second")
        said.append(await stack.claim("second", "of second again", 30))
        await stack.release("first")
        said.append(await stack.claim("second", "of second again", 30))
        await stack.release("second")
        await stack.release("second")
        return said

    assert asyncio.run(of_two_machines()) == ["", "first", "", "first", ""]


def test_targets_answer_prometheus_text(stack: Stack) -> None:
    """Every target answers with samples in Prometheus' text format."""

    async def scrape() -> None:
        async with aiohttp.ClientSession() as client:
            for target in await stack.targets():
                async with client.get(target.url) as answer:
                    text = await answer.text()
                assert answer.status == 200, target
                samples = [line for line in text.splitlines() if line and not line.startswith("#")]
                assert samples, target
                assert all(float(line.rsplit(" ", 1)[1]) is not None for line in samples)

    asyncio.run(scrape())


def test_the_environment_names_the_stack(stack: Stack) -> None:
    """Experiments and load learn the kind and the gateway; every name is gameday's own."""
    environment = stack.environment()

    assert environment["GAMEDAY_STACK"] == stack.kind
    assert environment["GAMEDAY_GATEWAY_URL"] == stack.endpoints().gateway
    assert all(name.startswith("GAMEDAY_") for name in environment)


def test_by_hand_says_something_for_each_state(stack: Stack) -> None:
    """Somebody without gameday is told how to bring a thing back."""
    lines = stack.by_hand({"auth": {"version": "v1.2.3"}})

    assert any("v1.2.3" in line for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_down_may_be_said_twice_and_ends_it(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """After `down`, which may be repeated, nothing can be asked or attached to."""
    if kind in NEEDS:
        request.getfixturevalue(NEEDS[kind])
    made = made_of(kind, tmp_path / "s")

    async def up_and_down() -> None:
        await made.up()
        await made.down()
        await made.down()
        with pytest.raises(StackError):
            await made.inventory()
        with pytest.raises(StackError):
            await made.attach()

    asyncio.run(up_and_down())
