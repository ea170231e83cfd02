"""The child that plays one experiment: the only place where Chaos Toolkit is imported.

    python -m gameday.faults.child DESCRIPTOR FOLDER

Requests come as JSON lines on stdin, answers go as JSON lines to the file descriptor. The folder is for temporary files
and goes with the child: Kubernetes' client writes keys into some, and a process that ends at once runs no exit handler.


    {"do": "load", "experiment": {...}, "configuration": {...}}      armed | refused
    {"do": "inject", "at": 1234.5}         waits for that monotonic instant, plays the method
    {"do": "probe", "name": "..."}         plays one probe of the method
    {"do": "revert", "states": {...}}      hands the states over, plays the rollbacks

Each answer repeats the request's ``id``. While an experiment plays, every activity is streamed as it ends. When
stdin closes, the runner is gone and this process ends at once, waiting or playing, and with it every program
that an activity under way has started: nothing may be injected by a child that nobody watches. For the same
reason each request, and nothing else, renews what holders hold for this experiment. Success is read from each
activity's own status and output, and what Chaos Toolkit keeps to itself is told (``hidden``). A third party's
hypothesis is asked before the method, as its author meant it; after that the time belongs to the team, and gameday
itself judges what came of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
from typing import Any, NoReturn

from gameday.faults.actions import holding
from gameday.faults.hidden import (
    HYPOTHESIS,
    FailedControls,
    activity_problem,
    expanded,
    journal_problems,
    refusals,
)
from gameday.faults.shortened import shortened

_MEMORY_ACTIONS = frozenset({"remember", "remember_toxics"})
"""Ours that record states for a plain ``chaos run``; under gameday the recipe has done that already."""


class Child:
    """One experiment and the pipe on which it is reported."""

    def __init__(self, out: int) -> None:
        self._out = os.fdopen(out, "w", buffering=1, encoding="utf-8")
        self._experiment: dict[str, Any] = {}
        self._id = 0
        self._controls = FailedControls()
        self.playing = False
        """Whether an activity has begun, so that programs of it may be under way."""

    def say(self, event: str, **fields: Any) -> None:
        """One line to the runner."""
        self._out.write(json.dumps({"id": self._id, "event": event, **fields}, default=str) + "\n")

    def answer(self, request: dict[str, Any]) -> None:
        """Do one request."""
        self._id = request["id"]
        if request["do"] == "load":
            self._load(request)
        elif request["do"] == "inject":
            self._play(
                [a for a in self._experiment["method"] if not _remembers(a)], at=request["at"], gated=True
            )
        elif request["do"] == "probe":
            self._play([a for a in self._experiment["method"] if a.get("name") == request["name"]])
        elif request["do"] == "revert":
            from gameday.faults.actions import memory

            memory.hand_over(request["states"])
            self._play(self._experiment.get("rollbacks", []))

    def _load(self, request: dict[str, Any]) -> None:
        from chaoslib.exceptions import ChaosException
        from chaoslib.experiment import ensure_experiment_is_valid, run_experiment

        del run_experiment  # imported now so that nothing is left to import at the planned instant
        self._experiment = expanded(request["experiment"])
        configuration = dict(self._experiment.get("configuration") or {})
        configuration.update(request.get("configuration") or {})
        self._experiment["configuration"] = configuration
        try:
            ensure_experiment_is_valid(self._derived(self._experiment["method"], gated=True))
            if self._experiment["rollbacks"]:
                ensure_experiment_is_valid(self._derived(self._experiment["rollbacks"]))
        except ChaosException as problem:
            self.say("refused", problem=f"{type(problem).__name__}: {problem}")
            return
        if reasons := list(refusals(self._experiment)):
            self.say("refused", problem="; ".join(reasons))
            return
        self._controls.listen()
        self.say("armed")

    def _derived(self, activities: list[dict[str, Any]], *, gated: bool = False) -> dict[str, Any]:
        """The experiment with only these activities as its method, without rollbacks; ``gated`` by its hypothesis."""
        kept = {"title", "description", "version", "configuration", "secrets", "controls"}
        kept |= {HYPOTHESIS} if gated else set()
        derived = {key: value for key, value in self._experiment.items() if key in kept and value is not None}
        return {**derived, "method": activities, "rollbacks": []}

    def _play(
        self, activities: list[dict[str, Any]], *, at: float | None = None, gated: bool = False
    ) -> None:
        """Play these. The first begins at the monotonic instant ``at``: all that comes before it is done by then.

        ``gated``: the experiment's hypothesis, where it has one, is asked first; not met, nothing is played.
        """
        from chaoslib.experiment import run_experiment
        from chaoslib.types import Strategy

        if not activities:
            self.say("done", ok=True, problem="", status="nothing to do")
            return
        handler = _streaming_handler(self, at)
        journal = run_experiment(
            self._derived(activities, gated=gated),
            settings={"runtime": {"rollbacks": {"strategy": "never"}}},
            strategy=Strategy.BEFORE_METHOD if gated else Strategy.SKIP,
            event_handlers=[handler],
        )
        self.playing = False
        problems = [*journal_problems(journal, len(activities)), *handler.problems, *self._controls.take()]
        self.say("done", ok=not problems, problem="; ".join(problems), status=journal.get("status", ""))


def _streaming_handler(child: Child, at: float | None) -> Any:
    from chaoslib.run import RunEventHandler

    class Streaming(RunEventHandler):  # type: ignore[misc]  # chaoslib has no types
        """Holds the method until it is due; tells the runner of each activity as it begins and ends."""

        def __init__(self) -> None:
            self.problems: list[str] = []
            self._began: dict[int, float] = {}  # by activity: some go on in the background
            self._due = at
            self._in_method = False
            self._known: tuple[Any, Any] = ({}, {})

        def running(self, _e: Any, _j: Any, configuration: Any, secrets: Any, _s: Any, _t: Any) -> None:
            self._known = (configuration, secrets)

        def start_method(self, _experiment: Any) -> None:
            self._in_method = True

        def start_activity(self, activity: dict[str, Any]) -> None:
            if self._in_method:
                _wait_until(self._due)
                self._due = None
            child.playing = True
            self._began[id(activity)] = began = time.monotonic()
            child.say("began", name=activity.get("name", ""), kind=activity.get("type", "action"), at=began)

        def activity_completed(self, activity: dict[str, Any], run: dict[str, Any]) -> None:
            ended = time.monotonic()
            try:
                problem = activity_problem(run, *self._known)
            except Exception as error:  # noqa: BLE001 - Chaos Toolkit would swallow it, and with it the problem
                problem = f"{activity.get('name')}: cannot be judged, {type(error).__name__}: {error}"
            if problem:
                self.problems.append(problem)
            child.say(
                "activity",
                name=activity.get("name", ""),
                kind=activity.get("type", "action"),
                status=run.get("status", "unknown"),
                began=self._began.get(id(activity), ended),
                ended=ended,
                output=shortened(run.get("output")),
                problem=problem,
            )

    return Streaming()


def _remembers(activity: dict[str, Any]) -> bool:
    provider = activity.get("provider") or {}
    return (
        str(provider.get("module", "")).startswith("gameday.faults.actions")
        and provider.get("func") in _MEMORY_ACTIONS
    )


def _wait_until(at: float | None) -> None:
    """Sleep until then. A signal that ends the wait ends this process: Chaos Toolkit would go on, before the time."""
    if at is not None and (left := at - time.monotonic()) > 0:
        try:
            time.sleep(left)
        except BaseException:  # noqa: BLE001 - its handlers raise exceptions of every kind
            _end(playing=False)


def _end(*, playing: bool) -> NoReturn:
    """The runner is gone, or done with us: stop at once, with all that an activity may have started."""
    shutil.rmtree(str(tempfile.tempdir), ignore_errors=True)
    if playing and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Read requests until stdin closes."""
    child = Child(int(sys.argv[1]))
    tempfile.tempdir = sys.argv[2]
    holding.watched_by_runner()
    requests: queue.Queue[dict[str, Any]] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            holding.renew_all()
            requests.put(json.loads(line))
        _end(playing=child.playing)

    threading.Thread(target=read, daemon=True).start()
    while True:
        request = requests.get()
        try:
            child.answer(request)
        except Exception as problem:  # noqa: BLE001 - whatever third-party code raised is reported, never lost
            with contextlib.suppress(OSError):
                child.say("done", ok=False, problem=f"{type(problem).__name__}: {problem}", status="crashed")


if __name__ == "__main__":
    main()
