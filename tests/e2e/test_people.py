"""People respond from another terminal, with nothing but the commands that the help and the runbook name."""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e.conftest import Copy
from tests.gamedays import Done, Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def typed(home: Home, *words: str, who: str = "alice") -> Done:
    """One command at a second terminal, which worked."""
    done = home.gameday(*words, "--as", who)
    assert done.code == 0, done
    return done


def error_rate(home: Home) -> str:
    """What ``gameday look metrics`` says of it."""
    rows = json.loads(typed(home, "look", "metrics", "--json").out)["rows"]
    return str(dict(rows)["error_rate"])


def test_a_whole_incident_by_hand(home: Home, short: Copy) -> None:
    """Two people, following the runbook, find the release, roll it back, see it work and say so: PASS, resolved."""
    game = home.start(short("auth-connection-leak"), "--responder", "people")
    alert = game.until_alerted()
    typed(home, "ack")
    typed(home, "declare", "SEV1", "--affects", "auth", "--note", "nobody can sign in")
    typed(home, "update", "investigating", "Sign-in fails for many. We are on it.", "--next", "1m")
    typed(home, "assign", "technical-lead", "bob")
    assert "new-login-flow" in typed(home, "look", "connections", who="bob").out
    assert "v1.3.0" in typed(home, "look", "deploys", who="bob").out
    assert "too many connections" in typed(home, "look", "logs", "level=ERROR", who="bob").out
    typed(
        home, "hypothesis", "auth", "connection-leak", "--because", "v1.3.0 went out just before", who="bob"
    )
    assert "v1.2.3" in typed(home, "lever", "rollback", "auth", who="bob").out
    typed(home, "update", "monitoring", "v1.3.0 is rolled back.", "--next", "1m")
    deadline = time.monotonic() + 40
    while error_rate(home) != "0.0 %":
        assert time.monotonic() < deadline
    typed(home, "verify", "no errors any more", who="bob")
    game.until("alert_ended", since=alert["t"], monitor=alert["monitor"])
    assert json.loads(home.gameday("status", "--json").out)[0]["alive"]
    typed(home, "update", "resolved", "Sign-in works again.")
    typed(home, "resolve", "rolled back to v1.2.3")

    done = game.end(within=90)
    assert done.code == 0, done
    card = game.card
    assert card["verdict"] == "PASS"
    assert {row["name"]: row["scripted"] for row in card["responders"]} == {"alice": False, "bob": False}
    assert card["mitigation"]["who"] == "bob"
    assert [row["reason"] for row in game.events() if row["type"] == "respond_ended"] == ["resolved"]
    resolve = card["measures"]["time_to_resolve"]
    assert resolve["state"] == "observed"
    assert resolve["value"] > card["measures"]["time_to_mitigate"]["value"]
    assert card["adherence"]["order"] == 1.0
    assert home.gameday("ack").code == 2


def test_a_person_notices_before_any_monitor(home: Home) -> None:
    """A declaration that names an affected service dates detection where it comes before the alerts."""
    game = home.start("quick", "--responder", "people")
    game.until("fault_injected")
    typed(home, "declare", "SEV2", "--affects", "identity-provider")
    typed(home, "ack")
    game.until("impact_observed")
    typed(home, "lever", "breaker", "identity-provider", "state=open")
    typed(home, "resolve")
    assert game.end(within=60).code in {0, 1}
    card = game.card
    events = {row["seq"]: row for row in game.events()}
    alerts = [row["t"] for row in events.values() if row["type"] == "alert_fired"]
    (seq,) = card["milestones"]["detected"]["evidence"]
    assert events[seq]["type"] == "declared"
    assert all(events[seq]["t"] < at for at in alerts)
    assert card["detection"]["by"] == "person:alice"
    assert card["measures"]["time_to_detect"]["verdict"] == "PASS"
