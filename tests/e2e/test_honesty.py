"""What the card must not say: effects that were none, times that were not, alerts that nobody raised."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gameday.catalog import Catalog
from gameday.events import FaultTriggered, Record
from gameday.log import read
from gameday.ports import Target
from gameday.runner.order import Order
from gameday.runner.run import Run
from gameday.score.card import Scorecard, State, Verdict
from gameday.score.grading import grade
from gameday.situation import Situation
from gameday.stacks.local.adapter import LocalStack
from tests.e2e.conftest import Copy
from tests.gamedays import Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
LEAK = "auth-connection-leak"


def test_a_sound_release_has_no_effect_to_grade(home: Home, short: Copy) -> None:
    """The same scenario with a release that is well exits 3: the fault had no observable impact."""
    name = short(
        LEAK, faults={"release": {"with": {"version": "v1.2.4"}}}, expect={"impact": {"within": "8s"}}
    )
    game = home.start(name)
    done = game.end(within=90)
    assert done.code == 3, done
    assert "fault had no observable impact" in done.out
    card = game.card
    assert card["milestones"]["in_place"]["state"] == "observed"
    assert card["measures"]["time_to_impact"]["value"] is None
    assert card["measures"]["time_to_mitigate"]["value"] is None


@pytest.mark.alone
def test_a_leak_that_is_held_back_is_dated_later(home: Home, short: Copy) -> None:
    """Held back for 5 s inside the service, which gameday is not told: impact and detection come 5 s later."""
    seen: dict[str, dict[str, float]] = {}
    for delay in ("0", "5"):
        name = short(
            LEAK,
            faults={"release": {"for": "30s"}},
            expect={"impact": {"within": "25s"}, "mitigate": {"within": "30s"}},
        )
        game = home.start(name, "--responder", "none", LEAK_DELAY=delay)
        game.until_alerted()
        game.interrupt()
        game.end(within=60)
        marks = game.card["milestones"]
        zero = marks["triggered"]["at"]
        seen[delay] = {mark: marks[mark]["at"] - zero for mark in ("impact", "detected")}
    for mark, at in seen["0"].items():
        assert seen["5"][mark] - at == pytest.approx(5, abs=1.5), seen


class Exporter(ThreadingHTTPServer):
    """Stands before the gateway's own metrics: holds its counters of failures, or answers no more."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.source = ""
        self.stopped = False
        self.held: dict[str, str] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}/metrics"


class _Page(BaseHTTPRequestHandler):
    server: Exporter

    def do_GET(self) -> None:
        """The gateway's page, with every series of failures as it was the first time."""
        if self.server.stopped:
            self.send_error(503)
            return
        with urllib.request.urlopen(self.server.source) as answer:  # noqa: S310 - loopback
            lines = answer.read().decode().splitlines()
        failed = {line.rpartition(" ")[0]: line for line in lines if re.search(r'code="5\d\d"', line)}
        if self.server.held is None:
            self.server.held = failed
        kept = [line for line in lines if line not in failed.values()]
        body = "\n".join([*kept, *self.server.held.values(), ""]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """One that serves."""
    with Exporter() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Watched(LocalStack):
    """The local stack, its gateway seen through such an exporter."""

    exporter: Exporter

    async def targets(self) -> Sequence[Target]:
        """As they are, but for the gateway."""
        found = await super().targets()
        for target in found:
            if target.job == "gateway":
                self.exporter.source = target.url
        return [
            dataclasses.replace(target, url=self.exporter.url) if target.job == "gateway" else target
            for target in found
        ]


def unseen(home: Home, name: str, exporter: Exporter, *, stop: bool) -> Scorecard:
    """The card of a run of the leak that nobody answers, its monitor fed by this exporter."""
    loaded = Catalog(home.work).load(name)
    stack = Watched(home.folder / "temp" / "s")
    stack.exporter = exporter
    order = Order(
        inputs=loaded.inputs,
        raw=loaded.raw,
        digests=loaded.digests,
        locustfile=loaded.paths["locustfile"],
        stack=stack,
        owned=True,
        keep=False,
        responder="none",
        out=home.runs,
        seed=1,
    )
    run = Run(order)

    def watch(record: Record, _: Situation) -> None:
        exporter.stopped = exporter.stopped or (stop and isinstance(record.event, FaultTriggered))

    run.session.watch(watch)
    asyncio.run(run.execute())
    return grade(read(run.folder))


QUIET: Mapping[str, Any] = {
    "faults": {"release": {"for": "32s"}},
    "expect": {
        "impact": {"within": "25s"},
        "detect": {"monitors": ["auth-error-rate"], "within": "5s"},
        "mitigate": {"within": "5s"},
    },
}


@pytest.mark.parametrize(
    ("stop", "verdict"), [(False, Verdict.FAIL), (True, Verdict.UNKNOWN)], ids=["held", "stopped"]
)
def test_a_monitor_that_is_silent(
    home: Home, short: Copy, exporter: Exporter, *, stop: bool, verdict: Verdict
) -> None:
    """Nothing is taken for noticed: one that looked and was shown nothing FAILs, one that saw no data is UNKNOWN."""
    card = unseen(home, short(LEAK, **QUIET), exporter, stop=stop)
    detect = card.measure("time_to_detect")
    assert card.measure("time_to_impact").state is State.OBSERVED
    assert (detect.state, detect.value, detect.verdict) == (State.MISSING, None, verdict)
    assert "auth-error-rate" not in [alert.monitor for alert in card.detection.alerts]
    assert [card.detection.silent, card.detection.no_data][stop] == ["auth-error-rate"]
    assert card.clean
