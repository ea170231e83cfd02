"""A toxic as somebody placed it on a proxy: its name, stream and toxicity beside its settings."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Self

from gameday.faults.proxy.body import Fields
from gameday.faults.proxy.errors import ApiError, Reason
from gameday.faults.proxy.toxics import TYPES
from gameday.faults.proxy.toxics.base import Toxic


class Direction(Enum):
    """Where the bytes go."""

    UPSTREAM = "upstream"
    """From the client to the upstream: requests."""
    DOWNSTREAM = "downstream"
    """From the upstream to the client: answers."""


@dataclass(frozen=True, slots=True)
class PlacedToxic:
    """One toxic of one proxy."""

    name: str
    stream: str
    """As it was written; ``direction`` is what it means."""
    direction: Direction
    toxicity: float
    """The share of connections, 0 to 1, that it works on."""
    toxic: Toxic

    @classmethod
    def read(cls, given: Fields, taken: Container[str]) -> Self:
        """A new toxic: first its type, then the attributes of that type.

        Raises:
            ApiError: 400 for an unknown stream, type or attribute value, 409 for a name that is taken.
        """
        kind, stream = given.text("type", ""), given.text("stream", "downstream")
        toxicity, attributes = given.number("toxicity", 1), given.part("attributes")
        try:
            direction = Direction(stream.lower())
        except ValueError:
            raise ApiError(Reason.INVALID_STREAM) from None
        if kind not in TYPES:
            raise ApiError(Reason.INVALID_TYPE)
        name = given.text("name", "") or f"{kind}_{stream}"
        if name in taken:
            raise ApiError(Reason.TOXIC_EXISTS)
        return cls(name, stream, direction, toxicity, TYPES[kind]().with_settings(attributes))

    def updated(self, given: Fields) -> Self:
        """With other attributes or toxicity; name, type and stream stay. Raises ApiError (400)."""
        return replace(
            self,
            toxicity=given.number("toxicity", self.toxicity),
            toxic=self.toxic.with_settings(given.part("attributes")),
        )

    def as_json(self) -> dict[str, Any]:
        """The API's form."""
        whole = self.toxicity == int(self.toxicity)
        return {
            "attributes": self.toxic.settings(),
            "name": self.name,
            "type": self.toxic.kind,
            "stream": self.stream,
            "toxicity": int(self.toxicity) if whole else self.toxicity,
        }
