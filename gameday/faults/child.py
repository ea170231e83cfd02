"""The child that plays one experiment: the only place where Chaos Toolkit is imported.

Requests come as JSON lines on stdin, answers go as JSON lines to the file descriptor given as the only argument:

    {"do": "load", "experiment": {...}, "configuration": {...}}      armed | refused
    {"do": "inject", "at": 1234.5}         waits for that monotonic instant, plays the method
    {"do": "probe", "name": "..."}         plays one probe of the method
    {"do": "revert", "states": {...}}      hands the states over, plays the rollbacks

Each answer repeats the request's ``id``. While an experiment plays, every activity is streamed as it ends. When
stdin closes, the runner is gone and this process ends at once, waiting or playing, and with it every program
that an activity under way has started: nothing may be injected by a child that nobody watches. For the same
reason each request, and nothing else, renews what holders hold for this experiment. Success is read from each
activity's own status: Chaos Toolkit calls a run with a failed activity "completed".
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from typing import Any, NoReturn

from gameday.faults.actions import holding

_MEMORY_ACTIONS = frozenset({"remember", "remember_toxics"})
"""Ours that record states for a plain ``chaos run``; under gameday the recipe has done that already."""
_LONGEST = 500
"""Characters of an output or a problem: what people can read in a line."""


class Child:
    """One experiment and the pipe on which it is reported."""

    def __init__(self, out: int) -> None:
        self._out = os.fdopen(out, "w", buffering=1, encoding="utf-8")
        self._experiment: dict[str, Any] = {}
        self._id = 0
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
            self._play([a for a in self._experiment["method"] if not _remembers(a)], request["at"])
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
        self._experiment = dict(request["experiment"])
        configuration = dict(self._experiment.get("configuration") or {})
        configuration.update(request.get("configuration") or {})
        self._experiment["configuration"] = configuration
        try:
            for part in ("method", "rollbacks"):
                if self._experiment.get(part):
                    ensure_experiment_is_valid(self._derived(self._experiment[part]))
        except ChaosException as problem:
            self.say("refused", problem=f"{type(problem).__name__}: {problem}")
            return
        self.say("armed")

    def _derived(self, activities: list[dict[str, Any]]) -> dict[str, Any]:
        """The experiment with only these activities as its method: no rollbacks of its own, no hypothesis."""
        kept = {"title", "description", "version", "configuration", "secrets", "controls"}
        derived = {key: value for key, value in self._experiment.items() if key in kept and value is not None}
        return {**derived, "method": activities, "rollbacks": []}

    def _play(self, activities: list[dict[str, Any]], at: float | None = None) -> None:
        """Play these; the first begins at the monotonic instant ``at``, with all that Chaos Toolkit prepares done."""
        from chaoslib.experiment import run_experiment
        from chaoslib.types import Strategy

        if not activities:
            self.say("done", ok=True, problem="", status="nothing to do")
            return
        handler = _streaming_handler(self, at)
        journal = run_experiment(
            self._derived(activities),
            settings={"runtime": {"rollbacks": {"strategy": "never"}}},
            strategy=Strategy.SKIP,
            event_handlers=[handler],
        )
        self.playing = False
        runs = journal.get("run", [])
        problems = [problem for run in runs if (problem := _problem(run))]
        if missing := len(activities) - len(runs):
            problems.append(f"{missing} activities were never played")
        self.say("done", ok=not problems, problem="; ".join(problems), status=journal.get("status", ""))


def _streaming_handler(child: Child, at: float | None) -> Any:
    from chaoslib.run import RunEventHandler

    class Streaming(RunEventHandler):  # type: ignore[misc]  # chaoslib has no types
        """Holds the first activity until it is due; tells the runner of each as it begins and ends."""

        began = 0.0
        due = at

        def start_activity(self, activity: dict[str, Any]) -> None:
            _wait_until(self.due)
            self.due = None
            child.playing = True
            self.began = time.monotonic()
            child.say(
                "began", name=activity.get("name", ""), kind=activity.get("type", "action"), at=self.began
            )

        def activity_completed(self, activity: dict[str, Any], run: dict[str, Any]) -> None:
            child.say(
                "activity",
                name=activity.get("name", ""),
                kind=activity.get("type", "action"),
                status=run.get("status", "unknown"),
                began=self.began,
                ended=time.monotonic(),
                output=_short(run.get("output")),
                problem=_problem(run),
            )

    return Streaming()


def _short(output: Any) -> Any:
    """An activity's output as it goes to the log: whole where small, else its beginning."""
    try:
        text = json.dumps(output, default=str)
    except (TypeError, ValueError, RecursionError):  # keys or circles that JSON has not
        return _cut(repr(output))
    return json.loads(text) if len(text) <= _LONGEST else _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _problem(run: dict[str, Any]) -> str:
    """What went wrong in one activity, including what Chaos Toolkit calls succeeded though it is not."""
    name = run.get("activity", {}).get("name", "?")
    if run.get("status") != "succeeded":
        lines = [line.strip() for line in run.get("exception") or [] if str(line).strip()]
        last = lines[-1] if lines else str(run.get("status", "interrupted"))
        return _cut(f"{name}: {last.removeprefix('chaoslib.exceptions.ActivityFailed: ')}")
    output = run.get("output")
    if isinstance(output, dict) and isinstance(status := output.get("status"), int):
        provider = run.get("activity", {}).get("provider", {}).get("type", "")
        if provider == "process" and status != 0:
            return f"{name}: the program exited with {status}, which Chaos Toolkit counts as success"
        if provider == "http" and status >= 400:  # noqa: PLR2004 - HTTP's own limit
            return f"{name}: HTTP {status}, which Chaos Toolkit counts as success"
    return ""


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
    if playing and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Read requests until stdin closes."""
    child = Child(int(sys.argv[1]))
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
