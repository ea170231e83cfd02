"""Some of several, as people write them."""

from __future__ import annotations

import pytest

from gameday.model.amounts import amount


@pytest.mark.parametrize(
    ("written", "total", "many"),
    [
        (1, 2, 1),
        ("2", 5, 2),
        (3, 2, 2),
        ("all", 4, 4),
        ("50%", 4, 2),
        ("50%", 3, 2),
        ("1%", 2, 1),
        ("30%", 10, 3),
        ("100%", 7, 7),
        ("all", 0, 0),
    ],
)
def test_how_many_of_how_many(written: object, total: int, many: int) -> None:
    """Never more than there are; a share is rounded up, so that it is never none of some."""
    assert amount(written).of(total) == many


@pytest.mark.parametrize("written", [0, "0", "0%", "-1", -1, "120%", "half", "", None, True, 1.5, "1.5"])
def test_what_is_no_amount(written: object) -> None:
    """None at all, more than all, and what is not written so."""
    with pytest.raises(ValueError, match=r"write 2, 50% or all|more than 100%"):
        amount(written)
