"""Reads JSON bodies by the rules of Toxiproxy's server, which are those of Go's decoder.

Only the first JSON value of a body counts, names match in any case, ``null`` and a missing name both mean
"as it was", and unknown names are ignored. A value of the wrong type is an ``ApiError`` (400), raised before
anything changes. Knows JSON types, not what the fields mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from gameday.faults.proxy.errors import ApiError, Reason

_INT64 = 2**63
_FLOAT32 = 3.4028235e38
_Value = TypeVar("_Value")


def _refuse(detail: str) -> NoReturn:
    raise ApiError(Reason.BAD_BODY, detail)


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_not_json)


def first_value(text: str) -> tuple[Any, str]:
    """The first JSON value of a text and what follows it. Raises ValueError or RecursionError."""
    start = len(text) - len(text.lstrip(" \t\r\n"))
    value, end = _decoder.raw_decode(text, start)
    return value, text[end:]


def _decode(raw: bytes) -> Any:
    if not raw.strip():
        _refuse("EOF")
    try:
        return first_value(raw.decode(errors="replace"))[0]
    except (ValueError, RecursionError) as problem:
        _refuse(str(problem))


class Fields:
    """One JSON object, read field by field with defaults."""

    def __init__(self, value: Any, where: str = "") -> None:
        """``where`` is the path of this object inside the body, for messages."""
        if value is not None and not isinstance(value, dict):
            _refuse(f"{where or 'the body'} must be an object, not {_kind(value)}")
        self._where = f"{where}." if where else ""
        self._values = {name.lower(): found for name, found in (value or {}).items()}

    @classmethod
    def of(cls, raw: bytes) -> Fields:
        """The object that a body holds."""
        return cls(_decode(raw))

    @classmethod
    def each(cls, raw: bytes) -> Sequence[Fields]:
        """The objects of the list that a body holds."""
        return cls.each_of(_decode(raw))

    @classmethod
    def each_of(cls, value: Any) -> Sequence[Fields]:
        """The objects of a list that is parsed already."""
        if value is None:
            return ()
        if not isinstance(value, list):
            _refuse(f"the body must be a list of proxies, not {_kind(value)}")
        return [cls(one, f"proxy {number}") for number, one in enumerate(value, 1)]

    def text(self, name: str, default: str) -> str:
        """A string. Halves of characters become U+FFFD, so that every name can be written out again."""
        found: str = self._typed(name, default, (str,), "a string")
        return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def flag(self, name: str, default: bool) -> bool:
        """A boolean."""
        found: bool = self._typed(name, default, (bool,), "true or false")
        return found

    def whole(self, name: str, default: int) -> int:
        """A whole number of 64 bits, written without a fraction or an exponent."""
        found: int = self._typed(name, default, (int,), "a whole number")
        if not -_INT64 <= found < _INT64:
            _refuse(f"{self._where}{name} must fit into 64 bits")
        return found

    def number(self, name: str, default: float) -> float:
        """A number that a float of 32 bits can hold."""
        found: float = self._typed(name, default, (int, float), "a number")
        if not -_FLOAT32 <= found <= _FLOAT32:
            _refuse(f"{self._where}{name} is too large")
        return found

    def part(self, name: str) -> Fields:
        """An object inside this one; empty where it is missing."""
        return Fields(self._values.get(name), f"{self._where}{name}")

    def _typed(self, name: str, default: _Value, types: tuple[type, ...], words: str) -> Any:
        found = self._values.get(name)
        if found is None:
            return default
        if not isinstance(found, types) or (isinstance(found, bool) and bool not in types):
            _refuse(f"{self._where}{name} must be {words}, not {_kind(found)}")
        return found


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"{value!r:.40}")
