"""The table of what was measured, and the file that it is rendered from."""

from __future__ import annotations

from pathlib import Path

from benchmarks.kept import Kept
from benchmarks.rows import Group, Row, as_markdown, as_text, judged, spread

ROWS = (
    judged("start", 2.0, "2.0 s", "at most 3 s", limit=3.0, why="of imports"),
    judged("end", 4.0, "4.0 s", "at most 3 s", limit=3.0, why="of imports"),
    Row("proxy", "1 us", "at most 0.8 x", None, "there is no peer here"),
    Row("in place", "12 ms"),
)
GROUP = Group(
    "some", "Something", "python -m benchmarks.bench --only some", "2026-01-15 14:23 UTC", ROWS, "idle"
)


def test_each_goal_is_met_or_has_its_reason() -> None:
    """Met, not met with the reason, not measured with the reason, and nothing where there is no goal."""
    assert [row.verdict for row in ROWS] == [
        "met",
        "not met, because of imports",
        "not measured, because there is no peer here",
        "",
    ]


def test_the_document_names_command_machine_and_date() -> None:
    """No figure stands without what it was measured by, on and when."""
    text = as_markdown([GROUP], "a machine, 2 cores", "2026-01-15", [GROUP.title])

    assert "Machine: a machine, 2 cores. Last measured 2026-01-15." in text
    assert "`python -m benchmarks.bench --only some` (2026-01-15 14:23 UTC; idle)" in text
    assert "| end | 4.0 s | at most 3 s | not met, because of imports |" in text


def test_what_was_not_measured_keeps_its_section() -> None:
    """A group that is measured again takes nothing from the others; one that is no more goes."""
    other, gone = (Group(name, name.title(), "c", "then", (Row(name, "1"),)) for name in ("other", "gone"))
    titles = [other.title, GROUP.title]
    before = as_markdown([GROUP, other, gone], "m", "d", [*titles, gone.title])
    newer = Group(GROUP.name, GROUP.title, "c", "now", (Row("start", "9 s"),))
    after = as_markdown([newer], "m", "d", titles, before)

    assert after == as_markdown([newer, other], "m", "d", titles)
    assert "| start | 9 s |  |  |" in after
    assert "| other | 1 |  |  |" in after
    assert "| gone | 1 |  |  |" in before
    assert "| gone | 1 |  |  |" not in after


def test_the_terminal_shows_the_same_rows() -> None:
    """Title, command, then a line a row."""
    lines = as_text([GROUP]).splitlines()

    assert lines[0] == "Something"
    assert lines[3] == "  end       4.0 s  [at most 3 s]  not met, because of imports"
    assert len(lines) == 2 + len(ROWS)


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    """Every line has as many cells as the head."""
    group = Group("some", "Something", "c", "now", (Row("a | b", "1"),))

    assert "| a / b | 1 |  |  |" in as_markdown([group], "m", "d", ["Something"])


def test_a_spread_says_its_four_figures() -> None:
    """Minimum, median, maximum, standard deviation."""
    assert spread([0.001, 0.002, 0.003]) == "min 1.0, median 2.0, max 3.0, sd 0.8 ms"
    assert spread([]) == "none"


def test_rows_come_back_from_their_file(tmp_path: Path) -> None:
    """What is kept is what is rendered later."""
    Kept(tmp_path / "kept.json").put("some", [row.as_json() for row in ROWS])

    assert tuple(Row.from_json(row) for row in Kept(tmp_path / "kept.json").results["some"]) == ROWS


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    """A second call goes on where the first was stopped; a fresh one begins anew."""
    done: list[str] = []
    for fresh in (False, False, True):
        Kept(tmp_path / "kept.json", fresh=fresh).get("some", lambda: done.append("done") or len(done))

    assert done == ["done", "done"]
