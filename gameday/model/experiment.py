"""An experiment: Chaos Toolkit's own shape, plus the block in which it tells gameday what it needs to know.

Chaos Toolkit validates the rest; third-party experiments without the block are as welcome as ours.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gameday.model.quantities import Duration
from gameday.model.scenario import Closed, Name


class Parameter(Closed):
    """A parameter of ours that a scenario may set in ``with``."""

    default: Any = None
    type: Literal["integer", "number", "string", "boolean", "duration"] = "string"
    about: str = ""


class Takes(Closed):
    """How long inject and revert take at most, seconds; deadlines and promises are made of these."""

    inject: Duration = 10.0
    revert: Duration = 10.0


class Ours(Closed):
    """The parameters of the extension named ``gameday``."""

    parameters: dict[str, Parameter] = {}
    stacks: list[Literal["local", "compose", "kubernetes", "external"]] = []
    touches: list[Name] = []
    proves: str = ""
    """Name of the probe in ``method`` that reads the fault back."""
    takes: Takes = Takes()


class Extension(BaseModel):
    """Any Chaos Toolkit extension block."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: str


class Experiment(BaseModel):
    """A Chaos Toolkit experiment; keys we do not read are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    tags: list[str] = []
    configuration: dict[str, Any] = {}
    secrets: dict[str, Any] | None = None
    extensions: list[dict[str, Any]] = []
    method: list[dict[str, Any]] = []
    rollbacks: list[dict[str, Any]] = []

    @property
    def ours(self) -> Ours | None:
        """The gameday block, or None for a third-party experiment."""
        for extension in self.extensions:
            if extension.get("name") == "gameday":
                return Ours.model_validate(extension.get("parameters", {}))
        return None
