"""scorecard.json: the scorecard as other programs read it, byte for byte the same from the same log."""

from __future__ import annotations

import json
from typing import Any

from gameday.score.card import Scorecard

_DIGITS = 6
"""Microseconds: finer than any clock here."""


def to_json(scorecard: Scorecard) -> str:
    """The card as JSON: keys in the order of the model, numbers to six digits, newline at the end."""
    plain = scorecard.model_dump(mode="json")
    plain = {"schema": plain.pop("card_schema"), **plain}
    return json.dumps(_rounded(plain), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Scorecard:
    """The card of a scorecard.json.

    Raises:
        ValueError: it is not one of this version.
    """
    plain = json.loads(text)
    plain["card_schema"] = plain.pop("schema", None)
    return Scorecard.model_validate(plain)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS) + 0.0  # no negative zero
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
