"""What YAML 1.1, which Chaos Toolkit reads, and YAML 1.2, which gameday reads, see differently."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from gameday.errors import Place, Problem
from gameday.model.base import plain, wrong
from gameday.model.located import parse


def differences(text: str, file: str) -> list[Problem]:
    """Every key and value that the two read differently; the text must be valid by itself."""
    found: list[Problem] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            ours = parse(event.value, file)[0]
            theirs = _as_1_1(event.value)
            if ours is not None and (type(ours.data) is not type(theirs) or ours.data != theirs):
                mark: Any = event.start_mark
                place = Place(file, mark.line + 1, mark.column + 1)
                seen = f"{_words(theirs)}, not as {plain(ours.data)}"
                found.append(wrong(place, f"Chaos Toolkit reads this as {seen}; put it in quotes"))
    return found


def _as_1_1(scalar: str) -> Any:
    try:
        return yaml.safe_load(scalar)
    except (yaml.YAMLError, ValueError) as error:
        return error


def _words(value: Any) -> str:
    if isinstance(value, Exception):
        return "something that it cannot read"
    return f"the date {value}" if isinstance(value, date) else plain(value)
