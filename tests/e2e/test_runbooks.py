"""Every command that a runbook offers is typed at the desk while its fault is in place."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from gameday.catalog import Catalog, Kind
from gameday.model.markdown import commands
from tests.gamedays import ROOT, Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    "scenario",
    [
        "auth-connection-leak",
        "identity-latency",
        "replica-crash-loop",
        "connections-held",
        "database-outage",
        "database-latency",
    ],
)
def test_every_command_of_the_runbook_works_while_its_fault_is_in_place(
    scenario: str, tmp_path: Path
) -> None:
    """Each look answers and each lever is read back, typed as the runbook writes it by somebody in a hurry."""
    runbook = Catalog(ROOT).load(scenario).inputs.runbook
    assert runbook is not None
    typed = [shlex.split(command) for command in commands(runbook)]
    assert {words[1] for words in typed} == {"look", "lever"}

    home = Home.make(tmp_path / "h")
    path = Catalog(ROOT).path(Kind.SCENARIO, scenario)
    game = home.start(str(path), "--responder", "people")
    try:
        game.until_alerted()
        game.until("impact_observed")  # a monitor may see it first
        assert home.gameday("ack", "--as", "alice").code == 0
        for words in typed:
            done = home.gameday(*words[1:], "--as", "alice")
            assert done.code == 0, f"{shlex.join(words)}: {done}"
        assert home.gameday("verify", "--as", "alice").code == 0
        assert home.gameday("resolve", "--as", "alice").code == 0
        game.until("respond_ended", within=150, reason="resolved")
        game.end()
    finally:
        home.end_everything()
    events = game.events()
    looked = [event["topic"] for event in events if event["type"] == "looked" and event["ok"]]
    pulled = [event["lever"] for event in events if event["type"] == "lever_ended" and event["ok"]]
    assert looked == [words[2] for words in typed if words[1] == "look"]
    assert pulled == [words[2] for words in typed if words[1] == "lever"]
    assert home.left() == []
