"""Durations, sizes, shares, conditions as people write them: ``250ms``, ``5%``, ``error_rate > 5% for 10s``.

Values are kept in base units (seconds, bytes, ratio). A number without its unit is an error that says how to
write it, since ``latency_p95 < 200`` cannot be told from a mistake.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema, model_serializer, model_validator

from gameday.metrics import METRICS, Side, Unit
from gameday.model.base import nearest, plain

__all__ = [
    "OPERATORS",
    "Condition",
    "Duration",
    "LongDuration",
    "Ratio",
    "duration",
    "in_unit",
    "nearest",
    "ratio",
    "size",
]

_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)
_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LONGEST = 7 * 24 * 3600.0

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_CONDITION = re.compile(
    r"\s*(?P<metric>[A-Za-z][\w.]*)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<value>\S+?)\s*(?:\bfor\s+(?P<hold>\S+))?\s*"
)


def in_unit(value: float | None, unit: Unit) -> str:
    """A metric's value as conditions are written, ``1.7 %``, ``1213 ms``; ``no data`` where there is none."""
    if value is None:
        return "no data"
    if unit is Unit.RATIO:
        return f"{value * 100:.1f} %"
    if unit is Unit.SECONDS:
        return f"{value * 1000:.0f} ms"
    if unit is Unit.BYTES:
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.4g}"


def duration(value: object) -> float:
    """Seconds of ``250ms``, ``30s``, ``5m``, ``1h30m``.

    Raises:
        ValueError: it is not written so, or longer than a week.
    """
    if isinstance(value, str) and value.strip():
        found = _DURATION.fullmatch(value.strip())
        if found:
            hours, minutes, seconds, millis = (float(part or 0) for part in found.groups())
            total = hours * 3600 + minutes * 60 + seconds + millis / 1000
            if total > _LONGEST:
                raise ValueError(f"{value!r} is longer than a week")
            return total
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value!r}: a duration needs a unit, for example {value}s or {value}ms")  # noqa: TRY004
    raise ValueError(f"{plain(value)} is not a duration; write 250ms, 30s, 5m or 1h30m")


def ratio(value: object) -> float:
    """0 to 1 of ``5%``. Raises ValueError otherwise."""
    if (
        isinstance(value, str)
        and value.strip().endswith("%")
        and _NUMBER.fullmatch(value.strip()[:-1].strip())
    ):
        share = float(value.strip()[:-1]) / 100
        if share > 1:
            raise ValueError(f"{value!r} is more than 100%")
        return share
    raise ValueError(f"{plain(value)} is not a percentage; write it with its sign, for example 5%")


def size(value: object) -> float:
    """Bytes of ``500MB``. Raises ValueError otherwise."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{plain(value)} is not a size; write it with its unit, for example 500MB")
    return float(found[1]) * _SIZES[found[2]]


def _threshold(text: str, unit: Unit) -> float:
    if unit is Unit.SECONDS:
        if _NUMBER.fullmatch(text):
            raise ValueError(f"a duration needs a unit, for example {text}ms")
        return duration(text)
    if unit is Unit.RATIO:
        return ratio(text)
    if unit is Unit.BYTES:
        return size(text)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


class Condition(BaseModel):
    """``metric op threshold [for hold]``; threshold in the metric's base unit, hold in seconds.

    Built from its text; serialised to its text.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    metric: str
    op: str
    threshold: float
    hold: float = 0.0
    side: Side | None = None
    """Set where the text itself says it (``client.error_rate``); else the place where it stands decides."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(f"{plain(value)} is not a condition; write for example error_rate > 5%")  # noqa: TRY004
        found = _CONDITION.fullmatch(value)
        if not found:
            raise ValueError(
                f"{value!r} is not a condition; write: metric op number [for duration], "
                "for example error_rate > 5% for 10s"
            )
        name, side = found["metric"], None
        if name.startswith("client."):
            name, side = name.removeprefix("client."), Side.CLIENT
        if name not in METRICS:
            raise ValueError(f"{value!r}: unknown metric '{name}'{nearest(name, METRICS)}")
        try:
            threshold = _threshold(found["value"], METRICS[name].unit)
            hold = duration(found["hold"]) if found["hold"] else 0.0
        except ValueError as problem:
            raise ValueError(f"{value!r}: {problem}") from None
        return {
            "text": " ".join(value.split()),
            "metric": name,
            "op": found["op"],
            "threshold": threshold,
            "hold": hold,
            "side": side,
        }

    @model_serializer
    def _write(self) -> str:
        return self.text

    def holds(self, value: float) -> bool:
        """Whether the comparison is true of a value in the metric's base unit."""
        return OPERATORS[self.op](value, self.threshold)

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: object) -> dict[str, Any]:
        return {
            "type": "string",
            "description": "metric op number unit [for duration], for example error_rate > 5% for 10s",
        }


def _schema(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": description})


Duration: TypeAlias = Annotated[
    float, BeforeValidator(duration), _schema("a duration: 250ms, 30s, 5m, 1h30m")
]
Ratio: TypeAlias = Annotated[float, BeforeValidator(ratio), _schema("a percentage with its sign: 5%")]


def _some_time(value: object) -> float:
    seconds = duration(value)
    if seconds <= 0:
        raise ValueError(f"{plain(value)} is no time at all; write more than 0s")
    return seconds


LongDuration: TypeAlias = Annotated[
    float, BeforeValidator(_some_time), _schema("a duration of more than nothing")
]
