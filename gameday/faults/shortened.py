"""Words and outputs as short as people can read them in a line."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 500
"""Characters of an output or a problem."""


def cut(text: str) -> str:
    """A text's beginning, where it is long."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def shortened(output: Any) -> Any:
    """An activity's output as it goes to the log: whole where small, else its beginning."""
    try:
        text = json.dumps(output, default=str)
    except (TypeError, ValueError, RecursionError):  # keys or circles that JSON has not
        return cut(repr(output))
    return json.loads(text) if len(text) <= LONGEST else cut(text)
