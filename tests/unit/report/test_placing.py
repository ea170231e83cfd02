"""Labels of a picture do not cover each other."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gameday.report.placing import fit, rows

_FLAGS = st.lists(st.tuples(st.floats(0, 900, width=16), st.floats(5, 300, width=16)), max_size=25).map(
    sorted
)


@given(_FLAGS)
def test_no_label_covers_another_and_no_pole_crosses_one(flags: list[tuple[float, float]]) -> None:
    """Labels of one row are apart, and a pole meets no label in the rows below it."""
    placed = rows(flags)
    assert len(placed) == len(flags)
    for (a, (left, width)), (b, (later, _)) in combinations(enumerate(flags), 2):
        assert left <= later
        if placed[a] == placed[b]:
            assert left + width <= later
        low, high = placed[a], placed[b]
        assert low is not None
        assert high is not None
        if low < high:
            assert left + width <= later, "the later one's pole goes down through the earlier one"


def test_a_lone_label_stands_on_the_lowest_row() -> None:
    """Labels that are far apart all stay low."""
    assert rows([(0, 50), (100, 50), (300, 50)]) == [0, 0, 0]


def test_a_crowd_steps_down_from_left_to_right() -> None:
    """Of labels that would overlap, the first stands highest."""
    assert rows([(0, 100), (10, 100), (20, 100)]) == [2, 1, 0]


def test_a_crowd_that_is_too_high_is_shortened() -> None:
    """With fewer rows than labels need, short texts stand in for the long ones."""
    texts = [(float(left), [f"{left} a long label", str(left)]) for left in range(0, 200, 20)]
    placed = fit(texts, per_letter=6, limit=4, right=1000)
    assert max(row for row, _ in placed) < 4
    assert {text for _, text in placed} <= {"", *(str(left) for left in range(0, 200, 20))}
    assert sum(bool(text) for _, text in placed) >= 5


def test_in_a_crowd_the_labels_that_matter_stay_long() -> None:
    """A flag whose second text is its long one keeps it when the others give way."""
    texts = [
        (float(20 * n), [f"{n} a long label", f"{n} a long label" if n == 3 else str(n), str(n)])
        for n in range(6)
    ]
    placed = fit(texts, per_letter=6, limit=5, right=1000)
    assert placed[3][1] == "3 a long label"
    assert placed[2][1] == "2"


def test_a_label_at_the_right_edge_is_cut() -> None:
    """No label leaves the picture."""
    [(_, text)] = fit([(900.0, ["a label that is far too long", "1"])], per_letter=6, limit=4, right=960)
    assert text.endswith("…")
    assert 900 + len(text) * 6 <= 960
