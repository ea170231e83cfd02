"""The grader itself is tested: scripted responders whose outcome is fixed here, not by what a scenario says."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Copy
from tests.gamedays import ROOT, Game, Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CONTROLS = ROOT / "scenarios" / "playbooks" / "controls"
SCENARIOS = ("auth-connection-leak", "identity-latency")
FAULTS = {"auth-connection-leak": "release", "identity-latency": "slow-provider"}


def graded(game: Game, code: int) -> dict[str, Any]:
    """The card of a run that ended so."""
    done = game.end(within=120)
    assert done.code == code, done
    return game.card


def mitigated(card: dict[str, Any]) -> bool:
    """Whether good service came to stay by a responder's act."""
    came = card["measures"]["time_to_mitigate"]["state"] == "observed"
    return came and bool(card["mitigation"]["by"] == "responder")


@pytest.fixture
def answered(home: Home, short: Copy) -> Callable[..., Game]:
    """A run of a scenario's short copy that one of the controls answers."""

    def start(scenario: str, control: str, **changes: Any) -> Game:
        playbook = CONTROLS / f"{control}-{scenario}.yaml"
        return home.start(short(scenario, **changes), "--playbook", str(playbook))

    return start


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_tick_everything(answered: Callable[..., Game], scenario: str) -> None:
    """Ticks alone prove nothing: FAIL, with next to no coverage."""
    game = answered(
        scenario,
        "tick-everything",
        faults={FAULTS[scenario]: {"for": "20s"}},
        expect={"mitigate": {"within": "6s"}},
    )
    card = graded(game, 1)
    assert card["verdict"] == "FAIL"
    assert card["adherence"]["coverage_verified"] <= 0.05
    assert card["measures"]["time_to_mitigate"]["state"] == "censored"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_wrong_order(answered: Callable[..., Game], scenario: str) -> None:
    """The right fix before the steps it comes after: mitigated, with an order below 1."""
    game = answered(scenario, "wrong-order")
    game.end(within=120)
    card = game.card
    assert mitigated(card)
    assert card["adherence"]["order"] < 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_fix_before_looking(answered: Callable[..., Game], scenario: str) -> None:
    """The right fix without a look or a thought: mitigated, and flagged as a lucky pass."""
    game = answered(scenario, "fix-before-looking")
    game.end(within=120)
    card = game.card
    assert mitigated(card)
    assert card["adherence"]["lucky_pass"] is True


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_words(answered: Callable[..., Game], scenario: str) -> None:
    """The right fix, and nobody is told: mitigated, with the declaration missing and graded so."""
    game = answered(scenario, "no-words", expect={"declare": {"within": "5s"}})
    game.end(within=120)
    card = game.card
    assert mitigated(card)
    assert card["milestones"]["declared"]["state"] == "missing"
    declare = card["measures"]["time_to_declare"]
    assert (declare["value"], declare["verdict"]) == (None, "FAIL")
    assert not card["adherence"]["lucky_pass"]


@pytest.mark.parametrize("scenario", [*SCENARIOS, "connections-held"])
def test_vanish(answered: Callable[..., Game], scenario: str) -> None:
    """A fault that somebody takes away without a word is nobody's success: UNKNOWN, out of band."""
    game = answered(scenario, "vanish")
    ready = game.until("stack_ready")
    game.until("looked", topic="metrics" if scenario == "identity-latency" else "logs")
    if scenario == "identity-latency":
        url = ready["endpoints"]["toxiproxy"] + "/proxies/identity-provider/toxics/gameday_latency"
        send("DELETE", url)
    else:
        token = (Path(ready["handle"]["state_dir"]) / "token").read_text()
        held = scenario == "connections-held"
        things = {"database": {"sessions.batch": 0}} if held else {"auth": {"version": "v1.2.3"}}
        send("POST", ready["endpoints"]["control"] + "/restore", token, things)
    card = graded(game, 3)
    assert card["verdict"] == "UNKNOWN"
    assert card["mitigation"]["by"] == "out_of_band"


def send(method: str, url: str, token: str = "", body: object = None) -> None:
    """By a hand that leaves no event."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - loopback
        pass
