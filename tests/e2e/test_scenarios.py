"""The scenarios, from the command to the card: answered, unanswered, and on a real Toxiproxy."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Require
from tests.e2e.conftest import Copy
from tests.gamedays import Game, Home
from tests.stacks.test_leak import sqlstate_of_connecting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SCENARIOS = (
    "auth-connection-leak",
    "identity-latency",
    "replica-crash-loop",
    "connections-held",
    "database-outage",
    "database-latency",
)


def passed_to_the_letter(game: Game) -> None:
    """PASS, with every applicable step of the runbook proven, in order, and nothing besides."""
    done = game.end(within=150)
    assert done.code == 0, done
    card = game.card
    adherence = card["adherence"]
    assert [adherence[key] for key in ("coverage_verified", "order", "economy")] == [1.0, 1.0, 1.0]
    assert not adherence["lucky_pass"]
    assert card["measures"]["time_to_mitigate"]["verdict"] == "PASS"
    assert card["mitigation"]["by"] == "responder"
    assert card["clean"] is True


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_answered_by_its_playbook(home: Home, shipped: Callable[[str], str], scenario: str) -> None:
    """As shipped, each scenario passes: what breaks is noticed, mended by the runbook, and put back."""
    passed_to_the_letter(home.start(shipped(scenario)))


@pytest.mark.service
def test_on_a_real_toxiproxy(home: Home, shipped: Callable[[str], str], require: Require) -> None:
    """With the real toxiproxy-server in place of ours nothing else changes: identity-latency passes."""
    program = os.environ.get("GAMEDAY_TOXIPROXY") or shutil.which("toxiproxy-server")
    if program is None:
        require("toxiproxy-server", "name one with GAMEDAY_TOXIPROXY")
    game = home.start(shipped("identity-latency"), GAMEDAY_TOXIPROXY=program)
    game.until("stack_ready")
    assert any(Path(process.exe()).samefile(program) for process in home.processes())
    passed_to_the_letter(game)


def test_nobody_answers_slow_logins(home: Home, short: Copy) -> None:
    """The runner's own putting back is no mitigation: FAIL, and the time to mitigate has a bound, no value."""
    unanswered(home.start(short("identity-latency", **brief("slow-provider")), "--responder", "none"))


def test_nobody_answers_a_slow_database(home: Home, short: Copy) -> None:
    """The same for a slow database."""
    unanswered(home.start(short("database-latency", **brief("slow-database")), "--responder", "none"))


def test_nobody_answers_a_frozen_database(home: Home, short: Copy) -> None:
    """The same for a database that answers nobody, which is found by its own monitor."""
    freeze = brief("outage")
    freeze["faults"]["outage"] |= {"with": {"how": "freeze"}}  # type: ignore[operator]
    game = home.start(short("database-outage", **freeze), "--responder", "none")
    unanswered(game)
    assert "auth-database" in {alert["monitor"] for alert in game.card["detection"]["alerts"]}


def test_nobody_answers_the_leak_and_it_is_real(home: Home, short: Copy) -> None:
    """The same for the leak; while it lasts PostgreSQL says 53300 to the service's role and lists the sessions."""
    game = home.start(short("auth-connection-leak", **brief("release")), "--responder", "none")
    game.until("impact_observed")
    game.until_alerted()
    environment = environment_of(home, game)
    assert sqlstate_of_connecting(environment["GAMEDAY_DATABASE_URL"]) == "53300"
    with psycopg.connect(environment["GAMEDAY_DATABASE_ADMIN_URL"]) as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'auth' AND state = 'idle'"
            " AND application_name LIKE '%new-login-flow'"
        ).fetchone()
    assert row
    assert row[0] > 90
    unanswered(game)


def test_nobody_answers_the_crash_loop(home: Home, short: Copy) -> None:
    """Starting again what dies mends nothing: FAIL, and the platform gets no credit for trying."""
    longer = {
        **brief("tracing"),
        "faults": {"tracing": {"for": "40s"}},
    }  # the first memory is full after 8 s or so
    game = home.start(short("replica-crash-loop", **longer), "--responder", "none")
    unanswered(game)
    assert game.card["mitigation"] is None


@pytest.mark.parametrize("responder", ["bot", "none"])
def test_a_replica_is_killed(home: Home, short: Copy, responder: str) -> None:
    """The platform brings another: PASS for it, whoever watches, and nothing to anybody else's credit.

    The log names who was killed, by name and process id, and the card says what the clients felt.
    """
    game = home.start(short("replica-kill"), "--responder", responder)
    done = game.end(within=120)
    assert done.code == 0, done
    card, events = game.card, game.events()
    assert card["measures"]["time_to_recover"]["verdict"] == "PASS"
    assert 0.5 < card["measures"]["time_to_recover"]["value"] < 20
    assert (card["mitigation"] or {}).get("by") in {None, "platform"}
    assert card["clean"] is True
    assert re.search(r"\d+ bad of [0-9,]+ requests", " ".join(done.out.split()))
    [killed] = [
        event["output"] for event in events if event["type"] == "fault_activity" and event["name"] == "kill"
    ]
    [name] = killed
    assert re.fullmatch(r"auth-[12] \(pid \d+\)", name)
    checks = [event for event in events if event["type"] == "fault_checked"]
    assert [check["in_place"] for check in checks] == [True, False]
    assert checks[0]["detail"] == f"killed {name}"


def test_nobody_answers_the_batch_job_and_it_is_real(home: Home, short: Copy) -> None:
    """Two faults, one impact: the job's sessions are listed, and the replica that came back gets none."""
    faults = {"held": {"for": "24s"}, "kill": {"for": "21s"}}
    expect = {"mitigate": {"within": "6s"}}
    game = home.start(short("connections-held", faults=faults, expect=expect), "--responder", "none")
    game.until("impact_observed")
    environment = environment_of(home, game)
    assert sqlstate_of_connecting(environment["GAMEDAY_DATABASE_URL"]) == "53300"
    with psycopg.connect(environment["GAMEDAY_DATABASE_ADMIN_URL"]) as admin:
        counts = admin.execute(
            "SELECT count(*) FILTER (WHERE usename = 'batch'), count(DISTINCT application_name)"
            " FILTER (WHERE usename = 'auth') FROM pg_stat_activity"
        ).fetchone()
    assert counts
    assert counts[0] > 100
    assert counts[1] == 1, "both replicas have sessions"
    unanswered(game)
    card = game.card
    first, second = (fault["triggered"] for fault in card["faults"])
    due = max(first + 3, card["faults"][0]["in_place"])  # the kill waits for the job to have them all
    assert due - 0.1 < second < due + 1
    assert card["milestones"]["triggered"]["at"] == first


def environment_of(home: Home, game: Game) -> dict[str, str]:
    """The variables of a run's own stack, as a shell reads them from ``gameday stack env``."""
    stacks = home.folder / "state" / "gameday" / "stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    note = stacks / "seen.json"
    starting = game.until("stack_starting")
    note.write_text(f'{{"kind": "local", "handle": {{"state_dir": "{starting["handle"]["state_dir"]}"}}}}')
    try:
        done = home.gameday("stack", "env", "seen")
    finally:
        note.unlink()
        stacks.rmdir()
    assert done.code == 0, done
    words = shlex.split(done.out)
    return dict(word.split("=", 1) for word in words if word != "export")


def brief(fault: str) -> dict[str, dict[str, object]]:
    """Over soon, and late for the one budget that nobody meets."""
    return {"faults": {fault: {"for": "20s"}}, "expect": {"mitigate": {"within": "6s"}}}


def unanswered(game: Game) -> None:
    """Exit 1, with the time to mitigate censored: a bound and no value."""
    done = game.end(within=120)
    assert done.code == 1, done
    measure = game.card["measures"]["time_to_mitigate"]
    assert (measure["state"], measure["value"], measure["latest"]) == ("censored", None, None)
    assert measure["earliest"] > 6
    assert measure["verdict"] == "FAIL"
