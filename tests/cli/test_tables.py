"""Tables: whole where nobody looks at them, no wider than the terminal where somebody does."""

from __future__ import annotations

from gameday.cli.tables import table

COLUMNS = ["name", "title", "file"]
ROWS = [
    [
        "auth-connection-leak",
        "A release leaks database connections until nobody can log in",
        "scenarios/a.yaml",
    ],
    ["b", None, "scenarios/b.yaml"],
]


def test_a_pipe_gets_one_line_a_row() -> None:
    """For grep and awk: every cell whole, every row one line."""
    lines = table(COLUMNS, ROWS).splitlines()
    assert len(lines) == 3
    assert "until nobody can log in  scenarios/a.yaml" in lines[1]


def test_a_terminal_gets_lines_that_fit_it() -> None:
    """The widest column is wrapped below itself: no line is longer, no word is lost, columns stay aligned."""
    for width in (60, 80):
        lines = table(COLUMNS, ROWS, width=width).splitlines()
        assert max(map(len, lines)) <= width
        title, file = lines[0].index("TITLE"), lines[0].index("FILE")
        words = " ".join(line[title:file].strip() for line in lines[1:-1])
        assert words == ROWS[0][1]
        assert lines[-1][file:] == "scenarios/b.yaml"


def test_a_table_that_cannot_fit_keeps_its_words() -> None:
    """On a very narrow terminal rows become longer than it, and names and paths can still be copied."""
    shown = table(COLUMNS, ROWS, width=20)
    assert "auth-connection-leak" in shown
    assert "scenarios/a.yaml" in shown
