"""A real Alertmanager: what it sends, how often, what it never sends, and what a run makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from gameday.detect.inbox import Receiver
from gameday.detect.prometheus import Alertmanager
from gameday.detect.rendered import Intervals, route, rules
from gameday.events import AlertEnded, AlertFired, AlertsReceived, Event
from gameday.model.system import Monitor, System
from gameday.paging import Listening, Pages, heard, read_delivery
from tests.conftest import Require

pytestmark = pytest.mark.service
TOKEN = "t0ken"
OURS = Listening("auth", {"errors": Monitor.model_validate({"when": "error_rate > 5%", "severity": "SEV2"})})


def program(name: str, require: Require) -> str:
    """One of Prometheus' programs: on PATH, or where GAMEDAY_PROMETHEUS says."""
    found = shutil.which(
        name, path=os.pathsep.join([os.environ.get("GAMEDAY_PROMETHEUS", ""), os.environ["PATH"]])
    )
    if found is None:
        require(name, f"put {name} on PATH, or its folder into GAMEDAY_PROMETHEUS")
    return str(found)


@pytest.fixture
def alertmanager(require: Require) -> str:
    """The program."""
    return program("alertmanager", require)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Ear:
    """A receiver, and what it heard as a run hears it."""

    def __init__(self) -> None:
        self.pages = Pages()
        self.events: list[Event] = []
        self.receiver = Receiver("127.0.0.1:0", TOKEN, self.came)

    def came(self, _at: float, body: Any) -> None:
        """One delivery."""
        self.pages, events = heard(self.pages, read_delivery(body), OURS, 0.0)
        self.events += events

    def of(self, kind: type[Event]) -> list[Any]:
        """What was heard of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Callable[[], bool], within: float = 15.0) -> None:
        """Fails unless something comes true in time."""
        async with asyncio.timeout(within):
            while not holds():  # noqa: ASYNC110 - the receiver's callback is no coroutine
                await asyncio.sleep(0.02)


class Server:
    """One Alertmanager with the route that gameday renders, changed as a trial wants it."""

    def __init__(self, program: str, folder: Path, url: str, **changes: Any) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        folder.mkdir()
        (folder / "token").write_text(TOKEN)
        config = yaml.safe_load(route("auth", Intervals(group_wait=0.2), url, str(folder / "token")))
        hook = config["receivers"][1]["webhook_configs"][0]
        for key, value in changes.items():
            (hook if key in hook else config["route"]["routes"][0])[key] = value
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        listen = self.url.removeprefix("http://")
        self._command = [
            program,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={listen}",
            "--cluster.listen-address=",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, client: aiohttp.ClientSession) -> None:
        """Start it and wait until it is ready."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: ASYNC220 - at once
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"{self.url}/-/ready") as answer:
                        if answer.ok:
                            return
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """As a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


async def fire(
    client: aiohttp.ClientSession,
    server: Server,
    *,
    started: datetime,
    count: int = 1,
    first: int = 0,
    ended: bool = False,
) -> None:
    """What Prometheus sends: alerts that fire from an instant on, or are over."""
    alerts = [
        {
            "labels": {"alertname": "errors", "system": "auth", "instance": f"i{number}"},
            "startsAt": started.isoformat(),
            **({"endsAt": datetime.now(UTC).isoformat()} if ended else {}),
        }
        for number in range(first, first + count)
    ]
    async with client.post(f"{server.url}/api/v2/alerts", json=alerts) as answer:
        assert answer.ok, await answer.text()


Trial = Callable[[Ear, Server, aiohttp.ClientSession], Awaitable[None]]


def play(program: str, folder: Path, trial: Trial, **changes: Any) -> Ear:
    """One trial with an Alertmanager of its own; gives what was heard."""

    async def run() -> Ear:
        ear = Ear()
        await ear.receiver.start()
        server = Server(program, folder / "am", ear.receiver.url, **changes)
        async with aiohttp.ClientSession() as client:
            try:
                await server.start(client)
                await trial(ear, server, client)
            finally:
                server.kill()
                await ear.receiver.stop()
        return ear

    return asyncio.run(run())


STARTED = datetime.now(UTC) - timedelta(seconds=1)


def test_an_alert_pages_once_and_ends_once(alertmanager: str, tmp_path: Path) -> None:
    """Fired and resolved, as sent by the real program."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        await fire(client, server, started=STARTED)
        await ear.until(lambda: bool(ear.of(AlertFired)))
        await fire(client, server, started=STARTED, ended=True)
        await ear.until(lambda: bool(ear.of(AlertEnded)))

    ear = play(alertmanager, tmp_path, trial)

    (fired,) = ear.of(AlertFired)
    assert (fired.monitor, fired.severity) == ("errors", "SEV2")
    assert fired.since == pytest.approx(STARTED.timestamp(), abs=0.001)
    assert fired.fingerprint
    assert [event.monitor for event in ear.of(AlertEnded)] == ["errors"]


def test_what_it_repeats_is_no_second_page(alertmanager: str, tmp_path: Path) -> None:
    """With a short repeat_interval the same alert comes again and again."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        await fire(client, server, started=STARTED)
        await ear.until(lambda: len(ear.of(AlertsReceived)) >= 3)

    ear = play(alertmanager, tmp_path, trial, repeat_interval="1s")

    assert len(ear.of(AlertFired)) == 1
    assert [event.repeats for event in ear.of(AlertsReceived)][:3] == [0, 1, 1]


def test_a_fault_that_is_over_within_the_group_wait_is_never_sent(alertmanager: str, tmp_path: Path) -> None:
    """Undetectable by design: nothing comes, neither its beginning nor its end. The wait counts from its start."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        began = datetime.now(UTC)
        await fire(client, server, started=began)
        await asyncio.sleep(0.3)
        await fire(client, server, started=began, ended=True)
        await asyncio.sleep(3)

    ear = play(alertmanager, tmp_path, trial, group_wait="2s")

    assert ear.of(AlertFired) == []
    assert ear.of(AlertEnded) == []


def test_an_end_that_is_never_sent_leaves_it_firing(alertmanager: str, tmp_path: Path) -> None:
    """Without send_resolved nobody says that it is over, and nothing is made up."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        await fire(client, server, started=STARTED)
        await ear.until(lambda: bool(ear.of(AlertFired)))
        await fire(client, server, started=STARTED, ended=True)
        await asyncio.sleep(3)

    ear = play(alertmanager, tmp_path, trial, send_resolved=False)

    assert ear.of(AlertEnded) == []
    assert ear.pages.firing("errors")


def test_a_restart_in_the_middle_pages_nobody_twice(alertmanager: str, tmp_path: Path) -> None:
    """It forgets what it has sent and sends it again; Prometheus sends what fires again, too."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        await fire(client, server, started=STARTED)
        await ear.until(lambda: bool(ear.of(AlertFired)))
        server.kill()
        await server.start(client)
        await fire(client, server, started=STARTED)
        await ear.until(lambda: len(ear.of(AlertsReceived)) >= 2)
        await fire(client, server, started=STARTED, ended=True)
        await ear.until(lambda: bool(ear.of(AlertEnded)))

    ear = play(alertmanager, tmp_path, trial)

    assert len(ear.of(AlertFired)) == 1
    assert ear.of(AlertsReceived)[1].repeats == 1


def test_ten_thousand_alerts_in_one_delivery(alertmanager: str, tmp_path: Path) -> None:
    """All of one group: one page, and every fingerprint is kept."""

    async def trial(ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        began = datetime.now(UTC)
        for first in range(0, 10_000, 2_000):
            await fire(client, server, count=2_000, first=first, started=began)
        await ear.until(lambda: sum(len(event.alerts) for event in ear.of(AlertsReceived)) >= 10_000)

    ear = play(alertmanager, tmp_path, trial, group_wait="4s")

    assert len(ear.of(AlertFired)) == 1
    largest = max(ear.of(AlertsReceived), key=lambda event: len(event.alerts))
    assert len({alert["fingerprint"] for alert in largest.alerts}) == 10_000


def test_a_stranger_s_webhook_is_not_heard(tmp_path: Path) -> None:
    """Without the token: refused, and no delivery."""

    async def knock() -> tuple[int, list[Event]]:
        ear = Ear()
        await ear.receiver.start()
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.post(ear.receiver.url, json={"alerts": []}) as answer,
            ):
                return answer.status, ear.events
        finally:
            await ear.receiver.stop()

    assert asyncio.run(knock()) == (403, [])


def test_its_group_wait_and_what_fires_are_read_from_it(alertmanager: str, tmp_path: Path) -> None:
    """The wait is the one of the route to the run, not of anybody else's; a silenced or foreign alert does not fire."""
    found: dict[str, Any] = {}

    async def trial(_ear: Ear, server: Server, client: aiohttp.ClientSession) -> None:
        await fire(client, server, started=STARTED)
        asked = Alertmanager(server.url, "gameday", client)
        found["wait"] = await asked.group_wait()
        found["alerts"] = [alert["labels"]["alertname"] for alert in await asked.alerts()]
        found["team"] = await Alertmanager(server.url, "team", client).group_wait()

    play(alertmanager, tmp_path, trial, group_wait="1500ms")

    assert found == {"wait": 1.5, "alerts": ["errors"], "team": 30.0}


def test_what_is_rendered_passes_the_checks_of_its_own_tools(require: Require, tmp_path: Path) -> None:
    """The rules of the sample system by promtool, the route by amtool."""
    system = System.model_validate(yaml.safe_load(Path("scenarios/systems/auth.yaml").read_text()))
    every = Intervals(15, 15, 30)
    (tmp_path / "rules.yml").write_text(rules("auth", system, every))
    (tmp_path / "am.yml").write_text(route("auth", every, "http://127.0.0.1:9/alerts", "/token"))

    for command in (
        [program("promtool", require), "check", "rules", str(tmp_path / "rules.yml")],
        [program("amtool", require), "check-config", str(tmp_path / "am.yml")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
