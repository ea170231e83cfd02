"""Replicas that are killed: one, a share, all, again and again; what comes back, and how long it waits.

And settings that are changed for the worse: both through the control API and under plain ``chaos run``.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gameday.faults.actions import replicas as replica_actions
from gameday.faults.actions.settings import configure
from gameday.ports import LeverCall, Topic
from gameday.stacks.local.adapter import LocalStack
from tests.gamedays import ROOT
from tests.stacks.conftest import Children, Eventually
from tests.unit.test_sample_files import chaos

pytestmark = pytest.mark.slow


@pytest.fixture
def three(shared_stack: LocalStack, eventually: Eventually) -> Iterator[LocalStack]:
    """A stack with three replicas that have not died yet."""
    asyncio.run(shared_stack.restore({"auth": {"replicas": 3}}))
    yield shared_stack
    asyncio.run(shared_stack.restore({"auth": {"replicas": 2}}))
    eventually(lambda: all(asyncio.run(shared_stack.ready()).values()), 30)


@pytest.fixture
def fresh(shared_stack: LocalStack) -> LocalStack:
    """A stack with two replicas that have not died yet: whoever has, waits longer."""
    asyncio.run(shared_stack.pull(LeverCall("restart", {"service": "auth"})))
    return shared_stack


def post(stack: LocalStack, path: str, **body: object) -> Any:
    """Ask the control API to do something."""
    environment = stack.environment()
    request = urllib.request.Request(  # noqa: S310 - loopback
        environment["GAMEDAY_CONTROL_URL"] + path,
        json.dumps({"service": "auth", **body}).encode(),
        {"Authorization": f"Bearer {environment['GAMEDAY_CONTROL_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def replicas(children: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Those of the auth service."""
    return {name: row for name, row in children.items() if name.startswith("auth-")}


def test_some_die_and_come_back(three: LocalStack, children: Children, eventually: Eventually) -> None:
    """Half of three are the two oldest; they are gone at once, and each comes back as a new process, once."""
    before = replicas(children(three))

    killed = post(three, "/kill", count="50%", pick="oldest")

    assert [victim["name"] for victim in killed] == sorted(before)[:2]
    for victim in killed:
        assert victim["pid"] == before[victim["name"]]["pid"]
        with pytest.raises(ProcessLookupError):
            os.kill(victim["pid"], 0)
    assert asyncio.run(three.ready())["auth"] is False
    eventually(lambda: asyncio.run(three.ready())["auth"], 15)
    after = replicas(children(three))
    assert {name: row["restarts"] for name, row in after.items()} == dict(
        zip(sorted(before), (1, 1, 0), strict=True)
    )
    assert not {victim["pid"] for victim in killed} & {row["pid"] for row in after.values()}


def test_who_dies_again_and_again_waits_longer(
    three: LocalStack, children: Children, eventually: Eventually
) -> None:
    """The second wait is twice the first, and whoever looks is told: CrashLoopBackOff, of what it died, restarts."""
    for deaths in (1, 2):
        killed = post(three, "/kill", count="all")
        assert len(killed) == 3
        if deaths == 1:
            eventually(lambda: all(row["pid"] for row in replicas(children(three)).values()), 5)
    rows = {str(what): str(now) for what, now in asyncio.run(three.look(Topic.METRICS, {})).rows}
    with urllib.request.urlopen(f"{three.endpoints().control}/metrics/platform", timeout=5) as answer:  # noqa: S310
        exported = answer.read().decode()

    waiting = [words for what, words in rows.items() if what.startswith("replica auth-")]
    assert len(waiting) == 3
    for words in waiting:
        assert "is down" in words
        assert "restarts 1 (last end: SIGKILL)" in words or "restarts 2 (last end: SIGKILL)" in words
        assert "CrashLoopBackOff, starts again in" in words
    assert exported.count('reason="CrashLoopBackOff"} 1.0') == 3
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(three, "/kill", count=1)
    assert (refused.value.code, "no replica of auth runs" in refused.value.read().decode()) == (409, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"count": "0"}, "is not how many"),
        ({"count": "120%"}, "more than 100%"),
        ({"pick": "eldest"}, "did you mean 'oldest'"),
        ({"service": "auht"}, "did you mean 'auth'"),
    ],
)
def test_what_is_wrong_kills_nothing(
    shared_stack: LocalStack, children: Children, body: dict[str, object], words: str
) -> None:
    """400, with the mend, and everybody lives."""
    before = children(shared_stack)

    with pytest.raises(urllib.error.HTTPError) as refused:
        post(shared_stack, "/kill", **body)

    with refused.value:
        assert refused.value.code == 400
        assert words in refused.value.read().decode()
    assert children(shared_stack) == before


def test_again_and_again_until_the_rounds_are_over(
    fresh: LocalStack, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three rounds, the last two by a holder; each is told with its victims, and at the end all are back."""
    for name, value in fresh.environment().items():
        monkeypatch.setenv(name, value)
    told: list[str] = []

    first = replica_actions.kill("auth", count="all", pick="oldest", times=3, every="3s", lease="10s")

    def over() -> bool:
        told.append(replica_actions.killed_are_missing("auth"))
        return not told[-1]

    eventually(over, 40)
    assert replica_actions.stop_killing("auth")
    assert len(first) == 2
    assert told[0] == f"killed {', '.join(first)}"
    rounds = [words.partition(" in round ")[2] for words in dict.fromkeys(told)]
    assert rounds == ["", "2", "3", ""]
    assert any("(pid " in words for words in told if " in round " in words), told


def test_the_killing_ends_when_it_is_stopped(
    fresh: LocalStack, children: Children, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without end until the rollback; then nobody dies any more."""
    for name, value in fresh.environment().items():
        monkeypatch.setenv(name, value)
    replica_actions.kill("auth", count=1, times=0, every="1s")
    eventually(lambda: "in round 3" in replica_actions.killed_are_missing("auth"), 10)

    assert replica_actions.stop_killing("auth")

    before = {name: row["pid"] for name, row in children(fresh).items()}
    time.sleep(2.5)
    assert {name: row["pid"] for name, row in children(fresh).items()} == before


@pytest.mark.parametrize(
    ("given", "words"), [({"times": -1}, "0 for again"), ({"times": 2, "every": "500ms"}, "1s")]
)
def test_times_that_are_none(given: dict[str, Any], words: str) -> None:
    """Said before anything is killed."""
    with pytest.raises(ValueError, match=words):
        replica_actions.kill("auth", **given)


@pytest.mark.parametrize("experiment", ["replica-kill", "bad-setting"])
def test_they_run_under_plain_chaos_run(
    fresh: LocalStack, eventually: Eventually, tmp_path: Path, experiment: str
) -> None:
    """Exit 0, every activity succeeded, the fault was read back, and the stack is as before."""
    before = asyncio.run(fresh.inventory())

    done = chaos(
        "run",
        str(ROOT / f"experiments/{experiment}.yaml"),
        folder=tmp_path,
        **fresh.environment(),
    )

    assert done.returncode == 0, done.stderr
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert {run["status"] for run in journal["run"] + journal["rollbacks"]} == {"succeeded"}
    assert [bool(run["output"]) for run in journal["run"] if run["activity"]["name"] == "in_place"] == [True]
    assert asyncio.run(fresh.inventory()) == before
    assert all(asyncio.run(fresh.ready()).values())


def test_a_setting_that_is_so_already_is_no_fault(
    shared_stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing would be broken, so it is said; a setting or a value that is none changes nothing either."""
    for name, value in shared_stack.environment().items():
        monkeypatch.setenv(name, value)
    before = asyncio.run(shared_stack.inventory())

    for setting, value, words in (
        ("trace_buffer", "0", "nothing was changed"),
        ("trace_bufer", "9", "did you mean 'trace_buffer'"),
        ("trace_buffer", "9999", "from 0 to 4096"),
    ):
        with pytest.raises(RuntimeError, match=words):
            configure("auth", setting, value)

    assert asyncio.run(shared_stack.inventory()) == before
