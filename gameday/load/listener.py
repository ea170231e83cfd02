"""Loaded by Locust itself, before the scenario's own locustfile: keeps the pace and reports every request.

Each user sends one request per period at *slots* of its own phase: the next multiple of the period after its phase, so
a request that hangs does not shift later ones, and users who waited together do not fire together afterwards. A slot
that passed while the user hung was offered and not sent.

Once a tick one line goes out: the slots, sends and ends of that tick, with instants of the machine's monotonic clock.
Sends and ends stand apart, so a request that never ends is reported. Where lines go is the business of ``lines.py``.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import gevent
from locust import User, events
from locust.argument_parser import LocustArgumentParser
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

_GOLDEN = 0.6180339887498949
_TICK = 0.1
_ERROR = 400
"""HTTP statuses from here on are failures."""
_MOST_WORKERS = 1000

Line = dict[str, Any]


class Reporter:
    """What happened since the last line; one per Locust process that sends."""

    def __init__(self, out: Callable[[Line], None], index: int) -> None:
        self._out = out
        self._ids = itertools.count(1 + index, _MOST_WORKERS)  # no two workers give one number
        self.slots: list[Slots] = []
        self._clear()

    def _clear(self) -> None:
        self._offered: list[float] = []
        self._sent: list[tuple[int, float, str]] = []
        self._ended: list[tuple[int, float, str]] = []

    def missed(self, due: float) -> None:
        """A slot passed without a request."""
        self._offered.append(due)

    def sent(self, at: float, name: str) -> int:
        """A request leaves; gives its number."""
        number = next(self._ids)
        self._offered.append(at)
        self._sent.append((number, at, name))
        return number

    def ended(self, number: int, at: float, problem: str) -> None:
        """Its answer is there, or it failed."""
        self._ended.append((number, at, problem))

    def run(self) -> None:
        """One line each tick, also when nothing happened: silence is data."""
        due = time.monotonic()
        while True:
            due += _TICK
            gevent.sleep(max(due - time.monotonic(), 0))
            now = time.monotonic()
            for slots in self.slots:
                slots.pass_by(now)
            offered, sent, ended = self._offered, self._sent, self._ended
            self._clear()
            self._out(
                {
                    "event": "tick",
                    "at": now,
                    "offered": [round(at, 6) for at in offered],
                    "sent_id": [row[0] for row in sent],
                    "sent_at": [round(row[1], 6) for row in sent],
                    "sent_name": [row[2] for row in sent],
                    "ended_id": [row[0] for row in ended],
                    "ended_at": [round(row[1], 6) for row in ended],
                    "ended_problem": [row[2] for row in ended],
                }
            )


class Slots:
    """The slots of one user: instants of its own phase, one a period."""

    def __init__(self, number: int, period: float, reporter: Reporter) -> None:
        self._period = period
        # More than nothing away also for the first user: a slot that is due at once has passed already.
        self._next = time.monotonic() + period * (1.0 - (number * _GOLDEN) % 1.0)
        self._awaited = False
        self._reporter = reporter

    def wait(self) -> float:
        """Seconds until the user's next slot."""
        now = time.monotonic()
        if self._awaited:  # the task sent nothing in the slot that it waited for
            self._miss()
        self._awaited = True
        while self._next <= now:
            self._miss()
        return self._next - now

    def take(self) -> None:
        """The user sends: the slot it waited for is used."""
        if self._awaited:
            self._awaited = False
            self._next += self._period

    def pass_by(self, now: float) -> None:
        """Slots that pass while the user waits for an answer are missed when they pass, not when it comes."""
        while not self._awaited and self._next <= now:
            self._miss()

    def _miss(self) -> None:
        self._reporter.missed(self._next)
        self._next += self._period


def _pace(user_class: type[User], reporter: Reporter, index: int) -> None:
    """Give every user of a class its slots instead of the class's own wait time."""
    numbers = itertools.count()
    start: Callable[[Any], None] = user_class.on_start

    def on_start(self: Any) -> None:
        options = self.environment.parsed_options
        number = index + next(numbers) * options.expect_workers  # all workers' users are spread as one's
        self.gameday_slots = slots = Slots(number, options.gameday_period, reporter)
        reporter.slots.append(slots)
        start(self)
        gevent.sleep(slots.wait())

    def wait_time(self: Any) -> float:
        return float(self.gameday_slots.wait())

    user_class.on_start = on_start  # type: ignore[method-assign]
    user_class.wait_time = wait_time


def _stamp_sends(session: Any, reporter: Reporter) -> None:
    """Stamp each request as it leaves, in the client, so that one that never ends is known too."""
    inner = session._send_request_safe_mode  # noqa: SLF001 - the one place both clients of Locust send from

    def send(self: Any, method: str, url: str, **options: Any) -> Any:
        slots = getattr(self.user, "gameday_slots", None)
        if slots is not None:
            slots.take()
        at = time.monotonic()
        number = reporter.sent(at, f"{method} /{url.split('?', maxsplit=1)[0].split('/', 3)[-1]}")
        response = inner(self, method, url, **options)
        response.gameday_request = (number, at)
        return response

    session._send_request_safe_mode = send  # noqa: SLF001 - see above


def _problem(exception: BaseException | None, status: int, took: float, timeout: float) -> str:
    """The class of a failure: a status, ``timeout``, ``connection``, or ``wrong`` for the journey's own check."""
    if exception is None:
        return ""
    if status >= _ERROR:
        return str(status)
    if status:
        return "wrong"
    return "timeout" if took >= timeout else "connection"


def _options(parser: LocustArgumentParser, **_: Any) -> None:
    """What a scenario says of its load. Locust's master hands it on to its workers."""
    parser.add_argument("--gameday-period", type=float, default=2.0, help="seconds between a user's requests")
    parser.add_argument(
        "--gameday-timeout", type=float, default=2.0, help="seconds after which a request is bad"
    )


def _init(environment: Environment, **_: Any) -> None:
    """Have every request of this process reported; Locust's master sends none."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        return
    index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
    reporter = Reporter(environment.gameday_lines, index)  # type: ignore[attr-defined]
    for user_class in environment.user_classes:
        _pace(user_class, reporter, index)
    for session in (FastHttpSession, HttpSession):
        _stamp_sends(session, reporter)

    def ended(
        *,
        response_time: float,
        name: str,
        request_type: str,
        response: Any = None,
        exception: Any = None,
        **_: Any,
    ) -> None:
        took = (response_time or 0.0) / 1000
        stamped = getattr(response, "gameday_request", None)
        if stamped is None:  # a client that is not Locust's own: known only now
            began = time.monotonic() - took
            stamped = (reporter.sent(began, f"{request_type} {name}"), began)
        number, began = stamped
        status = int(getattr(response, "status_code", 0) or 0)
        timeout = environment.parsed_options.gameday_timeout if environment.parsed_options else 0.0
        reporter.ended(number, began + took, _problem(exception, status, took, timeout))

    hooks: Any = environment.events
    hooks.request.add_listener(ended)
    gevent.spawn(reporter.run)


_HOOKS: Any = events
_HOOKS.init_command_line_parser.add_listener(_options)
_HOOKS.init.add_listener(_init)
