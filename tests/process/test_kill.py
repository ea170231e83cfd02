"""The runner dies at the worst moments: ``gameday revert`` finishes its work, once, on the log alone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gamedays import Home
from tests.process.conftest import Standing

pytestmark = pytest.mark.slow

Moment = tuple[tuple[str, ...], str, dict[str, Any]]

ALONE = ("--responder", "none", "--profile", "brief")
"""Nobody answers, and it is soon over."""
MOMENTS: dict[str, Moment] = {
    "while load and children start": (("quick",), "load_started", {}),
    "in the baseline": (("quick",), "phase_began", {"phase": "baseline"}),
    "armed, before its time": (("quick-release",), "fault_armed", {}),
    "while a release rolls out": (("quick-release",), "fault_triggered", {}),
    "just after the fault": (("quick",), "fault_injected", {}),
    "while people respond": (("quick",), "acknowledged", {}),
    "during a lever": (("quick-release",), "lever_began", {}),
    "during a fail-over": (("quick-fail-over",), "lever_began", {}),
    "while the first database is made to lead again": (("quick-fail-over",), "fault_reverting", {}),
    "after the mend": (("quick",), "verified", {}),
    "as putting back begins": ((*ALONE, "quick"), "phase_began", {"phase": "recover"}),
    "while a release is put back": ((*ALONE, "quick-release"), "fault_reverting", {}),
    "after the fault was put back": (("quick",), "fault_reverted", {}),
    "while closing": ((*ALONE, "quick"), "phase_began", {"phase": "close"}),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_revert_finishes_what_a_killed_run_began(standing: Standing, moment: str) -> None:
    """After SIGKILL at any moment revert exits 0, the stack is as before, and a second revert changes nothing."""
    words, event, fields = MOMENTS[moment]
    before = standing.inventory()
    game = standing.home.start(*words, "--attach", "staging")
    game.until(event, **fields)
    game.kill()
    log = [(row["type"], row.get("owner", row.get("fault"))) for row in game.events()]
    assert log[-1][0] != "run_ended"
    for kind, fault in log:
        if kind == "fault_armed":  # the state to return to was on disk before the fault could come
            assert log.index(("recipe_written", f"fault:{fault}")) < log.index((kind, fault))

    reverted = standing.home.gameday("revert", "latest")
    assert reverted.code == 0, reverted
    assert standing.inventory() == before
    assert standing.left() == []
    written = (game.folder / "events.jsonl").read_bytes()

    again = standing.home.gameday("revert", "latest")
    assert again.code == 0, again
    assert (game.folder / "events.jsonl").read_bytes() == written
    assert standing.inventory() == before


def test_a_stack_with_a_left_over_takes_no_other_run(standing: Standing) -> None:
    """After a crash the next run on that stack is refused, exit 3, with the command that puts back; then it is not."""
    game = standing.home.start("quick", "--attach", "staging")
    game.until("fault_injected")
    game.kill()

    refused = standing.home.gameday("run", "quick", "--attach", "staging")
    assert refused.code == 3, refused
    assert f"gameday revert {game.folder.name}" in refused.out + refused.err
    assert f"gameday revert {game.folder.name}" in standing.home.gameday("status").out
    assert standing.stack_has_toxics()

    assert standing.home.gameday("revert", game.folder.name).code == 0
    assert standing.home.gameday("run", *ALONE, "quick", "--attach", "staging").code in {0, 1}
    assert standing.left() == []


def test_a_live_run_is_not_reverted(standing: Standing) -> None:
    """``gameday revert`` refuses a run that is alive, exit 3, and leaves it alone."""
    game = standing.home.start("quick", "--attach", "staging")
    game.until("load_started")
    refused = standing.home.gameday("revert", "latest")
    assert refused.code == 3, refused
    assert "is alive" in refused.err
    game.until("baseline_judged", held=True)
    game.interrupt()
    assert game.end().code == 3
    assert standing.left() == []


@pytest.mark.parametrize("moment", ["stack_starting", "fault_injected"])
def test_revert_takes_down_a_stack_that_the_run_had_brought_up(home: Home, moment: str) -> None:
    """A killed run's own stack is gone after revert, also where it was not even ready, and again does no harm."""
    game = home.start("quick")
    game.until(moment)
    game.kill()

    reverted = home.gameday("revert", "latest")
    assert reverted.code == 0, reverted
    assert home.left() == []
    log = (game.folder / "events.jsonl").read_bytes()
    assert home.gameday("revert", "latest").code == 0
    assert (game.folder / "events.jsonl").read_bytes() == log


def test_revert_ends_a_stack_that_has_only_just_begun(home: Home) -> None:
    """A supervisor that has not even taken its folder's lock is ended too, and leaves nothing to stand up later."""
    game = home.start("quick")
    note = Path(game.until("stack_starting")["handle"]["state_dir"]) / "supervisor.pid"
    deadline = time.monotonic() + 5
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
    os.kill(int(note.read_text()), signal.SIGSTOP)
    game.kill()

    reverted = home.gameday("revert", "latest")
    assert reverted.code == 0, reverted
    assert home.left() == []
