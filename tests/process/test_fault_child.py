"""Real children that play real experiments: armed, on time, honest about failures, and gone when they should be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from gameday.faults.host import FaultChild, FaultError, Outcome

ACTS = """
import os, time
from pathlib import Path

def answer(value):
    return value

def odd():
    return {(1, 2): {3}}

def fail(message="it broke"):
    raise RuntimeError(message)

def touch(path):
    Path(path).touch()
    return True

def touch_after(path, seconds):
    time.sleep(seconds)
    Path(path).touch()

def die():
    os._exit(7)

def keep():
    import tempfile
    return tempfile.mkstemp()[1]

def before_activity_control(context, **kwargs):
    if context["name"] == "guarded":
        raise ValueError("the guard fell over")

def recalled(component):
    from gameday.faults.actions import memory
    return memory.recall(component)
"""


@pytest.fixture
def acts(tmp_path: Path) -> Path:
    """A folder with a module of activities."""
    (tmp_path / "acts.py").write_text(ACTS)
    return tmp_path


def python(name: str, func: str, kind: str = "action", **arguments: Any) -> dict[str, Any]:
    """An activity by Chaos Toolkit's python provider."""
    provider = {"type": "python", "module": "acts", "func": func, "arguments": arguments}
    return {"type": kind, "name": name, "provider": provider}


def shell(name: str, script: str) -> dict[str, Any]:
    """An activity by its process provider."""
    return {
        "type": "action",
        "name": name,
        "provider": {"type": "process", "path": "/bin/sh", "arguments": ["-c", script]},
    }


@dataclass
class Playing:
    """A child and what it streamed."""

    child: FaultChild
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def inject(self, at: float | None = None, deadline: float = 20.0) -> Outcome:
        """Play the method."""
        return await self.child.inject(at, deadline, self.lines.append)

    def ended(self) -> list[tuple[str, str]]:
        """Name and status of the activities that ended."""
        return [(line["name"], line["status"]) for line in self.lines if line["event"] == "activity"]


@contextlib.asynccontextmanager
async def child(
    acts: Path,
    *method: dict[str, Any],
    rollbacks: Any = (),
    configuration: Mapping[str, Any] | None = None,
    **parts: Any,
) -> AsyncIterator[Playing]:
    """An armed child; gone at the end, with everything that it started. ``parts``: of the experiment."""
    experiment = {
        "title": "t",
        "description": "d",
        "configuration": {"word": "default"},
        "method": list(method),
        "rollbacks": list(rollbacks),
        **parts,
    }
    root = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": os.pathsep.join([str(acts), root])}
    made = await FaultChild.start("f", experiment, configuration or {}, environment, acts / "child.log")
    try:
        yield Playing(made)
    finally:
        await made.stop()
        await made.stop()
        assert not made.alive
        assert not _in_group(made.pid)


def _in_group(group: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def run(body: Callable[[], Awaitable[None]]) -> None:
    """A test's body, with a limit."""
    asyncio.run(asyncio.wait_for(body(), 40))


def test_it_waits_armed_and_begins_at_its_instant(acts: Path) -> None:
    """Imported and validated before, it begins at the planned instant; each activity is told as it begins and ends."""

    async def body() -> None:
        method = [python("hit", "answer", value="${word}"), python("proof", "answer", "probe", value=True)]
        async with child(acts, *method, configuration={"word": "given"}) as playing:
            at = time.monotonic() + 0.5
            outcome = await playing.inject(at)
            assert outcome == Outcome(ok=True)
            assert [(line["event"], line["name"], line["kind"]) for line in playing.lines] == [
                ("began", "hit", "action"),
                ("activity", "hit", "action"),
                ("began", "proof", "probe"),
                ("activity", "proof", "probe"),
            ]
            began = playing.lines[0]["at"]
            assert at <= began < at + 0.25
            assert playing.lines[1]["output"] == "given"
            assert playing.lines[1]["began"] <= playing.lines[1]["ended"]
            assert playing.lines[3]["output"] is True

    run(body)


def test_a_probe_can_be_asked_again_and_again(acts: Path) -> None:
    """Only that probe is played; what it answers comes back, and a failing one says why."""

    async def body() -> None:
        flag = acts / "flag"
        method = [
            python("hit", "touch", path=str(flag)),
            python("proof", "answer", "probe", value={"n": 1}),
            python("broken", "fail", "probe"),
        ]
        async with child(acts, *method) as playing:
            assert await playing.child.probe("proof", 10) == Outcome(ok=True, output={"n": 1})
            assert await playing.child.probe("proof", 10) == Outcome(ok=True, output={"n": 1})
            broken = await playing.child.probe("broken", 10)
            assert not broken.ok
            assert "it broke" in broken.problem
            assert not flag.exists()

    run(body)


def test_a_failed_activity_is_a_failed_injection(acts: Path) -> None:
    """Chaos Toolkit plays on and calls the run completed; here it is not ok, with each reason."""

    async def body() -> None:
        method = [
            python("first", "fail"),
            shell("second", "exit 3"),
            python("third", "answer", value=1),
            python("fourth", "fail", message="x" * 3_000_000),
        ]
        async with child(acts, *method) as playing:
            outcome = await playing.inject()
            assert not outcome.ok
            assert "first: " in outcome.problem
            assert "it broke" in outcome.problem
            assert (
                "second: the program exited with 3, which Chaos Toolkit counts as success" in outcome.problem
            )
            assert "third" not in outcome.problem
            assert playing.ended() == [
                ("first", "failed"),
                ("second", "succeeded"),
                ("third", "succeeded"),
                ("fourth", "failed"),
            ]
            assert all(len(str(line)) < 2000 for line in playing.lines)

    run(body)


def hypothesis(*probes: dict[str, Any]) -> dict[str, Any]:
    """The part of an experiment that says what is normal."""
    return {"steady-state-hypothesis": {"title": "normal", "probes": list(probes)}}


def test_what_is_not_normal_before_keeps_the_method_from_being_played(acts: Path) -> None:
    """Chaos Toolkit calls that completed; here nothing was injected, and it is said why."""

    async def body() -> None:
        flag = acts / "flag"
        normal = {**python("calm", "answer", "probe", value=3), "tolerance": [4, 9]}
        async with child(acts, python("hit", "touch", path=str(flag)), **hypothesis(normal)) as playing:
            outcome = await playing.inject()
            assert not outcome.ok
            assert "calm: 3 is not within its tolerance [4, 9]" in outcome.problem
            assert (
                "its steady-state hypothesis was not met ('calm'), so that the method was not"
                in outcome.problem
            )
            assert playing.ended() == [("calm", "succeeded")]
        assert not flag.exists()

    run(body)


def test_what_is_normal_is_asked_before_the_planned_instant(acts: Path) -> None:
    """The method begins on time; a probe may be one of the method's, by reference, with a tolerance of its own."""

    async def body() -> None:
        method = [python("hit", "answer", value=1), python("calm", "answer", "probe", value=5)]
        normal = {"ref": "calm", "tolerance": [4, 9]}
        async with child(acts, *method, **hypothesis(normal)) as playing:
            at = time.monotonic() + 0.5
            assert await playing.inject(at) == Outcome(ok=True)
            began = [(line["name"], line["at"] >= at) for line in playing.lines if line["event"] == "began"]
            assert began == [("calm", False), ("hit", True), ("calm", True)]

    run(body)


def test_a_tolerance_counts_wherever_it_stands(acts: Path) -> None:
    """Chaos Toolkit looks at those of a hypothesis only; what lies within one is as its author wants it."""

    async def body() -> None:
        method = [
            {**python("late", "answer", "probe", value=9), "tolerance": {"type": "range", "range": [1, 5]}},
            {**python("same", "answer", "probe", value="a ${word}"), "tolerance": "a ${word}"},
            {**shell("three", "exit 3"), "tolerance": 3},
        ]
        rollback = {**python("after", "answer", "probe", value=1), "tolerance": 2}
        async with child(acts, *method, rollbacks=[rollback]) as playing:
            outcome = await playing.inject()
            assert outcome.problem.startswith("late: 9 is not within its tolerance")
            assert "same" not in outcome.problem
            assert "three" not in outcome.problem
            back = await playing.child.revert({}, 10, playing.lines.append)
            assert back.problem == "after: 1 is not within its tolerance 2"

    run(body)


def test_a_rollback_may_be_named_by_reference(acts: Path) -> None:
    """Also where it is an activity of the method: parts are played, and references still hold."""

    async def body() -> None:
        async with child(acts, python("hit", "answer", value=1), rollbacks=[{"ref": "hit"}]) as playing:
            assert await playing.child.revert({}, 10, playing.lines.append) == Outcome(ok=True)
            assert playing.ended() == [("hit", "succeeded")]

    run(body)


def control(name: str, module: str) -> dict[str, Any]:
    """A control by a Python module."""
    return {"name": name, "provider": {"type": "python", "module": module}}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            {"controls": [control("guard", "no_such_guard")]},
            "control 'guard' would be passed over: No module",
        ),
        ({"dry": "actions"}, "the experiment says dry: actions, which Chaos Toolkit ignores in a file"),
    ],
)
def test_what_would_silently_go_otherwise_is_refused(acts: Path, parts: dict[str, Any], told: str) -> None:
    """A guard that is not there guards nothing; a dry run that is none breaks things."""

    async def body() -> None:
        with pytest.raises(FaultError, match=told):
            async with child(acts, python("hit", "answer", value=1), **parts):
                pass

    run(body)


def test_a_control_that_fails_is_told(acts: Path) -> None:
    """Chaos Toolkit goes on without it and says so to nobody."""

    async def body() -> None:
        guard = {"controls": [control("guard", "acts")]}
        async with child(acts, python("guarded", "answer", value=1), **guard) as playing:
            outcome = await playing.inject()
            assert outcome.problem == (
                "control 'guard' failed: ValueError: the guard fell over, which Chaos Toolkit passes over"
            )

    run(body)


def test_outputs_of_any_kind_are_reported(acts: Path) -> None:
    """What JSON has not is told in words, what is long is cut: an activity is never lost for its output."""

    async def body() -> None:
        method = [python("odd", "odd"), python("long", "answer", value="y" * 5000)]
        async with child(acts, *method) as playing:
            assert (await playing.inject()).ok
            outputs = [line["output"] for line in playing.lines if line["event"] == "activity"]
            assert outputs[0] == "{(1, 2): {3}}"
            assert outputs[1].endswith("...")
            assert len(outputs[1]) == 503

    run(body)


def test_reverting_hands_the_states_over(acts: Path) -> None:
    """The rollbacks find the recipe's states, newest hand-over only; ours that remember are not played."""

    async def body() -> None:
        remember = {
            "type": "action",
            "name": "remember",
            "provider": {
                "type": "python",
                "module": "gameday.faults.actions.control",
                "func": "remember",
                "arguments": {"component": "auth"},
            },
        }
        rollbacks = [python("restore", "recalled", component="auth")]
        async with child(acts, remember, python("hit", "answer", value=1), rollbacks=rollbacks) as playing:
            assert (await playing.inject()).ok
            assert playing.ended() == [("hit", "succeeded")]
            lost = await playing.child.revert({}, 10, playing.lines.append)
            assert not lost.ok
            assert "no state of 'auth' is remembered; nothing was put back" in lost.problem
            states = {"auth": {"version": "v1.2.3"}}
            assert (await playing.child.revert(states, 10, playing.lines.append)).ok
            assert playing.lines[-1]["output"] == {"version": "v1.2.3"}

    run(body)


def test_nothing_to_put_back_is_done(acts: Path) -> None:
    """An experiment without rollbacks reverts at once."""

    async def body() -> None:
        async with child(acts, python("hit", "answer", value=1)) as playing:
            assert (await playing.child.revert({}, 10, playing.lines.append)) == Outcome(ok=True)

    run(body)


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ([{"type": "action", "name": "x"}], "InvalidActivity"),
        (
            [
                {
                    "type": "action",
                    "name": "x",
                    "provider": {"type": "python", "module": "nowhere", "func": "f"},
                }
            ],
            "nowhere",
        ),
        ([python("x", "nothing_like_it")], "nothing_like_it"),
        ([python("x", "answer", nonsense=1)], "value"),
    ],
    ids=["no provider", "no module", "no function", "wrong arguments"],
)
def test_an_experiment_that_cannot_be_played_is_refused(acts: Path, method: list[Any], told: str) -> None:
    """When it is armed, minutes before its time, with Chaos Toolkit's reason; its child is gone."""

    async def body() -> None:
        with pytest.raises(FaultError, match=f"fault 'f': .*{told}"):
            async with child(acts, *method):
                pass

    run(body)


def test_a_rollback_that_cannot_be_played_is_refused(acts: Path) -> None:
    """What could not be put back is not broken first."""

    async def body() -> None:
        with pytest.raises(FaultError, match="nothing_like_it"):
            async with child(
                acts, python("x", "answer", value=1), rollbacks=[python("y", "nothing_like_it")]
            ):
                pass

    run(body)


def test_a_hanging_activity_ends_at_its_deadline(acts: Path) -> None:
    """The child is ended with the program it had started, and what it would have done later is not done."""

    async def body() -> None:
        late = acts / "late"
        async with child(acts, shell("hang", f"trap '' TERM; sleep 1.2; touch {late}")) as playing:
            began = time.monotonic()
            with pytest.raises(FaultError, match=r"fault 'f': inject took longer than 0.5 s"):
                await playing.inject(deadline=0.5)
            assert time.monotonic() - began < 3
            with pytest.raises(FaultError, match="the child died during probe"):
                await playing.child.probe("hang", 5)
        await asyncio.sleep(max(0.0, began + 1.6 - time.monotonic()))
        assert not late.exists()

    run(body)


def test_a_child_that_dies_is_told(acts: Path) -> None:
    """An activity that takes the whole process with it: an error with the exit code, at once."""

    async def body() -> None:
        async with child(acts, python("hit", "die")) as playing:
            with pytest.raises(FaultError, match=r"fault 'f': the child died during inject \(exit 7\)"):
                await playing.inject()

    run(body)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_that_is_killed_while_it_waits_is_told(acts: Path, ending: signal.Signals) -> None:
    """Whoever ends it, the injection fails and nothing was injected."""

    async def body() -> None:
        flag = acts / "flag"
        async with child(acts, python("hit", "touch", path=str(flag))) as playing:
            injecting = asyncio.create_task(playing.inject(time.monotonic() + 1.5))
            await asyncio.sleep(0.2)
            os.kill(playing.child.pid, ending)
            with pytest.raises(FaultError, match="the child died during inject"):
                await injecting
        assert not flag.exists()

    run(body)


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_its_temporary_files_go_with_it(acts: Path, ending: str) -> None:
    """Some hold keys of a cluster, and neither a child that ends at once nor one that is killed tidies up itself."""

    async def body() -> None:
        async with child(acts, python("keep", "keep")) as playing:
            assert (await playing.inject()).ok
            [kept] = [Path(line["output"]) for line in playing.lines if line["event"] == "activity"]
            assert kept.is_file()
            if ending == "killed":
                os.kill(playing.child.pid, signal.SIGKILL)
        assert not kept.exists()
        assert not kept.parent.exists()

    run(body)


def test_an_interrupted_start_leaves_nothing(acts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it imports: neither the process nor its folder outlives the start that was given up."""
    monkeypatch.setattr("tempfile.tempdir", str(acts))
    (acts / "slow.py").write_text("import time\ntime.sleep(30)\n")

    def folders() -> list[Path]:
        return list(acts.glob("gameday-fault-*"))

    def importing() -> list[psutil.Process]:
        found = []
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if folders() and str(folders()[0]) in process.cmdline():
                    found.append(process)
        return found

    async def body() -> None:
        provider = {"type": "python", "module": "slow", "func": "anything"}
        method = [{"type": "action", "name": "one", "provider": provider}]
        environment = {"PYTHONPATH": os.pathsep.join([str(acts), str(Path(__file__).parents[2])])}
        experiment = {"title": "t", "description": "d", "method": method}
        starting = asyncio.create_task(FaultChild.start("f", experiment, {}, environment, acts / "child.log"))
        while not (found := importing()):  # noqa: ASYNC110 - the kernel knows
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert folders() == []
        assert not found[0].is_running()

    run(body)


def test_stopping_it_while_it_waits_injects_nothing(acts: Path) -> None:
    """Armed and told the instant, then stopped: the instant passes and nothing happens."""

    async def body() -> None:
        flag = acts / "flag"
        async with child(acts, python("hit", "touch", path=str(flag))) as playing:
            injecting = asyncio.create_task(playing.inject(time.monotonic() + 0.6))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            assert await playing.child.stop() == 0
            assert time.monotonic() - began < 0.9
            with pytest.raises(FaultError, match="died during inject"):
                await injecting
            await asyncio.sleep(0.8)
        assert not flag.exists()

    run(body)


RUNNER = """
import asyncio, sys, time
from pathlib import Path
from gameday.faults.host import FaultChild

async def main():
    how, folder = sys.argv[1], Path(sys.argv[2])
    flag, step = str(folder / "flag"), str(folder / "step")
    hit = {
        "waiting": ("python", {"module": "acts", "func": "touch", "arguments": {"path": flag}}),
        "playing": ("python", {"module": "acts", "func": "touch_after", "arguments": {"path": flag, "seconds": 0.9}}),
        "a program": ("process", {"path": "/bin/sh", "arguments": ["-c", f"sleep 0.9; touch {flag}"]}),
    }[how]
    method = [{"type": "action", "name": "hit", "provider": {"type": hit[0], **hit[1]}}]
    experiment = {"title": "t", "description": "d", "method": method, "rollbacks": []}
    child = await FaultChild.start("f", experiment, {}, {}, folder / "child.log")
    print(child.pid, flush=True)
    at = time.monotonic() + (0.9 if how == "waiting" else 0)
    def hear(line):
        print(line["event"], flush=True)
    if how == "waiting":
        print("began", flush=True)
    await child.inject(at, 20, hear)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["waiting", "playing", "a program"])
def test_it_dies_with_its_runner(acts: Path, how: str) -> None:
    """A runner that was killed leaves no child, no program of it, and nothing is injected afterwards."""
    temporary = acts / "temporary"
    temporary.mkdir()

    async def body() -> None:
        root = str(Path(__file__).parents[2])
        runner = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RUNNER, how, str(acts)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(acts), root]), "TMPDIR": str(temporary)},
        )
        assert runner.stdout is not None
        pid = int(await runner.stdout.readline())
        assert await runner.stdout.readline() == b"began\n"
        await asyncio.sleep(0.2)
        runner.kill()
        await runner.wait()
        killed = time.monotonic()
        async with asyncio.timeout(1):
            while _in_group(pid):  # noqa: ASYNC110 - another process's end
                await asyncio.sleep(0.02)
        await asyncio.sleep(killed + 1.2 - time.monotonic())
        assert not (acts / "flag").exists()
        assert list(temporary.iterdir()) == []

    run(body)
