"""The table of what was proven."""

from __future__ import annotations

from pathlib import Path

from benchmarks.prove import Trial, write_table


def test_a_trial_that_was_not_run_keeps_its_row_and_day(tmp_path: Path) -> None:
    """A part that is run again takes nothing from the rest; what is no trial any more, or promises else, goes."""
    table = tmp_path / "proof.md"
    one, two, three = (Trial(f"{name}: alone", name, (), "exit 1") for name in ("one", "two", "three"))
    first = {"day": "2026-01-02", "outcome": "exit 1", "detect": 1.25, "mitigate": None}
    write_table([(one, first), (two, first), (three, first)], table)
    mild = Trial(two.name, two.scenario, (), "exit 0")
    again = {**first, "day": "2026-03-04", "detect": None, "bad_seconds": 3.0}
    write_table([(one, None), (mild, None), (three, again)], table)

    assert table.read_text().splitlines()[6:] == [
        "| one: alone | exit 1 | exit 1 | 1.2 |  |  | 2026-01-02 |",
        "| three: alone | exit 1 | exit 1 |  |  | 3.0 | 2026-03-04 |",
    ]
