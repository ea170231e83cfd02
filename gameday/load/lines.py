"""Loaded by Locust itself, before ``listener.py``: where that one's lines go.

One JSON object a line goes to the file descriptor GAMEDAY_LOAD_FD, with instants of this machine's monotonic clock. A
worker's lines go there over Locust's own connection to its master (to which workers otherwise report every 3 s, in
sums): the worker asks for the master's time, tells its instants in it, and says how well it knows it.

Locust's master hands this file out with the locustfile: a worker elsewhere needs nothing of gameday.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust import User, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

_LINES = "gameday-lines"
_CLOCK = "gameday-clock"
_FIRST_ASKED = 10
_DRIFT = 1e-4
"""Seconds that two machines' clocks may part in a second; quartz keeps within half of that."""
_SILENCE = 5.0
"""Seconds without a word after which a worker is given up by its master, and the other way round."""
_COLUMNS = ("offered", "sent_at", "ended_at")

Line = dict[str, Any]


class Pipe:
    """Lines to the runner; without a runner there is nobody to load for."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8")

    def __call__(self, line: Line) -> None:
        """Say one line."""
        try:
            self._out.write(json.dumps(line) + "\n")
        except OSError:
            os._exit(0)


class Clock:
    """The master's monotonic clock as a worker knows it: of its answers, the quickest tells most."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, float]] = deque(maxlen=60)

    def answered(self, asked: float, theirs: float, now: float) -> None:
        """It said ``theirs`` to a question that was asked at ``asked`` and answered by ``now``."""
        self._samples.append((now - asked, theirs - (asked + now) / 2, now))

    def read(self, now: float) -> tuple[float, float] | None:
        """Seconds to add to this machine's clock, and within how many seconds that is known; None before an answer.

        Monotonic clocks count from the start of their machine, so no two agree by chance: those that do are one.
        """
        known = [(took + 2 * _DRIFT * (now - at), offset) for took, offset, at in self._samples]
        if not known:
            return None
        width, offset = min(known)
        return (0.0, 0.0) if abs(offset) <= width / 2 else (offset, width)


class Uplink:
    """A worker's lines, to its master, in the master's time. Without a master there is nobody to load for."""

    def __init__(self, runner: WorkerRunner, digest: str) -> None:
        self._runner = runner
        self._digest = digest
        self._clock = Clock()
        self._waiting: list[Line] = []
        self._heard = time.monotonic()
        self._told = -1.0
        runner.register_message(_CLOCK, self._answered)

    def __call__(self, line: Line) -> None:
        """Say one line, once the master's time is known."""
        read = self._clock.read(time.monotonic())
        self._waiting.append(line)
        if read is None:
            return
        offset, width = read
        if width > 2 * self._told:
            self._told = width
            self._waiting.insert(0, {"event": "worker", "at": line["at"], "skew_width": round(width, 6)})
        for each in self._waiting:
            each["at"] += offset
            for column in _COLUMNS:
                if column in each:
                    each[column] = [at + offset for at in each[column]]
            self._runner.send_message(_LINES, each)
        self._waiting.clear()

    def ask(self) -> None:
        """Ask for the master's time: often at first, then each second."""
        for number in itertools.count():
            now = time.monotonic()
            if now - self._heard > _SILENCE:
                os._exit(0)
            self._runner.send_message(_CLOCK, {"asked": now, "digest": self._digest})
            gevent.sleep(0.02 if number < _FIRST_ASKED else 1)

    def _answered(self, *, msg: Any, **_: Any) -> None:
        self._heard = time.monotonic()
        self._clock.answered(msg.data["asked"], msg.data["at"], self._heard)


class Master:
    """What Locust's master does for its workers: pass their lines on, tell them the time, miss them."""

    def __init__(self, runner: MasterRunner, out: Pipe, digest: str, expected: int) -> None:
        self._runner = runner
        self._out = out
        self._digest = digest
        self._expected = expected
        self._heard: dict[str, float] = {}
        runner.register_message(_LINES, self._pass_on)
        runner.register_message(_CLOCK, self._tell_time)

    def joined(self, client_id: str, **_: Any) -> None:
        """A worker is there; one too many would take users from the others in the middle."""
        self._heard.setdefault(client_id, time.monotonic())
        if len(self._heard) > self._expected:
            self._break(
                f"{len(self._heard)} workers joined, and the scenario asks for {self._expected}: "
                "start as many, or change load: {workers: ...}"
            )

    def watch(self) -> None:
        """Say each second that the master lives, so that it notices when its runner is gone; miss its workers."""
        while True:
            gevent.sleep(1)
            now = time.monotonic()
            self._out({"event": "beat", "at": now})
            for worker, heard in self._heard.items():
                if now - heard > _SILENCE:
                    self._break(f"worker {_host(worker)} was lost: not heard of for {_SILENCE:g} s")

    def _break(self, problem: str) -> None:
        self._out({"event": "broken", "at": time.monotonic(), "problem": problem})

    def _pass_on(self, *, msg: Any, **_: Any) -> None:
        self._heard[msg.node_id] = time.monotonic()
        line: Line = msg.data
        if line["event"] == "worker":
            line["name"] = _host(msg.node_id)
        for column in _COLUMNS:
            if column in line:
                line[column] = [round(at, 6) for at in line[column]]
        self._out(line)

    def _tell_time(self, *, msg: Any, **_: Any) -> None:
        self._heard[msg.node_id] = now = time.monotonic()
        self._runner.send_message(_CLOCK, {"asked": msg.data["asked"], "at": now}, msg.node_id)
        if msg.data["digest"] != self._digest:
            self._break(f"worker {_host(msg.node_id)} runs another locustfile; start it anew")


def _host(client_id: str) -> str:
    """A worker's machine or container, of the name that Locust gives it."""
    return client_id.rpartition("_")[0] or client_id


def _tell_timeout(environment: Environment, **_: Any) -> None:
    """For the locustfile of a worker that was started elsewhere, before it makes users."""
    if environment.parsed_options is not None:
        os.environ["GAMEDAY_LOAD_TIMEOUT"] = str(environment.parsed_options.gameday_timeout)


def _keep_host(user_class: type[User], host: str) -> None:
    """Where the service is as seen from this worker; Locust's master says with every few users where it sees it."""
    begin: Callable[..., None] = user_class.__init__

    def init(self: Any, *values: Any, **named: Any) -> None:
        self.host = host
        begin(self, *values, **named)

    user_class.__init__ = init  # type: ignore[method-assign]


def _init(environment: Environment, **_: Any) -> None:
    """Choose where the lines of this process go: ``gameday_lines`` of Locust's environment."""
    hooks: Any = environment.events  # Locust gives them no types
    runner, options = environment.runner, environment.parsed_options
    sources = [Path(name).read_bytes() for name in environment.parsed_locustfiles or ()]
    digest = hashlib.sha256(b"\0".join(sources)).hexdigest()
    if isinstance(runner, WorkerRunner):
        uplink = Uplink(runner, digest)
        gevent.spawn(uplink.ask)
        hooks.test_start.add_listener(_tell_timeout)
        for user_class in environment.user_classes:
            if environment.host:
                _keep_host(user_class, environment.host)
        environment.gameday_lines = uplink  # type: ignore[attr-defined]
        return
    pipe = Pipe(int(os.environ["GAMEDAY_LOAD_FD"]))
    environment.gameday_lines = pipe  # type: ignore[attr-defined]
    hooks.spawning_complete.add_listener(
        lambda user_count, **_: pipe({"event": "steady", "at": time.monotonic(), "users": user_count})
    )
    if isinstance(runner, MasterRunner) and options is not None:
        master = Master(runner, pipe, digest, options.expect_workers)
        hooks.worker_connect.add_listener(master.joined)
        gevent.spawn(master.watch)


_HOOKS: Any = events
_HOOKS.init.add_listener(_init)
