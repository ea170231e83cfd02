"""What all events share."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

LOG_SCHEMA = 1


class Event(BaseModel):
    """What all events share: frozen, closed, and a ``type`` that is its name in the log."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")
    durable: ClassVar[bool] = True
    """Whether it must be on disk before anybody acts on it."""


class Unknown(Event):
    """An event of a newer version: kept, not understood."""

    type: str
    fields: dict[str, Any] = Field(default_factory=dict)
