"""What responders do, against what they can type."""

from __future__ import annotations

from gameday.cli.overview import COMMANDS
from gameday.model.deeds import DESK


def test_a_responder_s_commands_are_those_of_the_desk() -> None:
    """What a runbook may name is what can be typed."""
    assert set(DESK) == {name for name, (module, _) in COMMANDS.items() if module == "desk"}
