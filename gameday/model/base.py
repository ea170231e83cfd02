"""What all models of people's files share: closed and frozen, with names, and errors that carry a path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict, WithJsonSchema

from gameday.errors import Place, Problem

Steps: TypeAlias = tuple[str | int, ...]
"""Where in a file's data: keys and list indices from the top."""

_LONGEST = 500
UNKNOWN_KEY = "unknown_key"
"""The type of our own error for a key that a shape does not know; its message is whole."""
_NAME = r"^[a-z0-9][a-z0-9._/-]{0,127}$"
_REFERENCE = r"^[A-Za-z0-9._/ -]{1,255}$"


class Closed(BaseModel):
    """A model that refuses unknown keys and cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Misplaced(ValueError):  # noqa: N818 - reads as what happened
    """Several things wrong below the value that is being validated, each with its path from there.

    ``of_keys``: it is the keys that are wrong, not what they hold.
    """

    def __init__(self, found: Iterable[tuple[Steps, str]], *, of_keys: bool = False) -> None:
        self.found = tuple(found)
        self.of_keys = of_keys
        super().__init__("; ".join(message for _, message in self.found))


def _name(value: str) -> str:
    if not re.fullmatch(_NAME, value):
        raise ValueError(f"{value!r} is not a name; use lower-case letters, digits and - . _ /")
    return value


def _reference(value: str) -> str:
    if not re.fullmatch(_REFERENCE, value) or value.startswith("/"):
        raise ValueError(f"{value!r} is neither a name nor a path relative to this file")
    return value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Name: TypeAlias = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME})]
"""An id: lower case, digits, ``-``, ``.``, ``_``, ``/``."""

Reference: TypeAlias = Annotated[
    str, AfterValidator(_reference), WithJsonSchema({"type": "string", "pattern": _REFERENCE})
]
"""Another file: its bare name, or a path relative to the file that says so."""

Whole: TypeAlias = Annotated[int, Strict()]
Number: TypeAlias = Annotated[float, Strict()]
Flag: TypeAlias = Annotated[bool, Strict()]
Text: TypeAlias = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number"]})]
"""Text that may look like a number: ``50`` is read as ``"50"``."""


def wrong(place: Place | None, message: str) -> Problem:
    """A problem whose message is one line of a terminal, whatever the file's words in it may hold."""
    line = "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in message)
    return Problem(place, line if len(line) <= _LONGEST else f"{line[:_LONGEST]}...")


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` where something known is near, else an empty string."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that has no business where it stands."""
    listed = ", ".join(known)
    hint = nearest(key, listed.split(", "))
    return f"unknown key '{key}'" + (hint or (f"; the keys here are {listed}" if listed else ""))


def plain(value: Any) -> str:
    """A value as a person would write it, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "keys and values"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line of a terminal
    return f"'{text}'" if isinstance(value, str) else text
