"""An experiment: Chaos Toolkit's own shape, plus the block in which it tells gameday what it needs to know.

Chaos Toolkit validates the rest when it is armed; third-party experiments without the block are as welcome as
ours. What can be told without importing anything is told here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from gameday.model.amounts import amount
from gameday.model.base import Closed, Misplaced, Steps, plain
from gameday.model.quantities import Duration, duration, nearest

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


_READERS: Mapping[str, Callable[[object], object]] = {"duration": duration, "amount": amount}


class Parameter(Closed):
    """A parameter of ours that a scenario may set in ``with``."""

    default: Any = None
    type: Literal["integer", "number", "string", "boolean", "duration", "amount"] = "string"
    """An ``amount`` is some of several: ``2``, ``50%``, ``all``."""
    among: list[str] = Field(default=[])
    """The only words that it takes, where there are few."""
    about: str = ""

    def problem(self, value: object) -> str:
        """What is wrong with a value given for it; empty where it fits."""
        fits = {
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
        }
        if self.type in _READERS:
            try:
                _READERS[self.type](value)
            except ValueError as error:
                return str(error)
            return ""
        if self.among and value not in self.among:
            return f"{plain(value)} is not one of {', '.join(self.among)}{nearest(str(value), self.among)}"
        article = "an" if self.type == "integer" else "a"
        return "" if fits[self.type] else f"{plain(value)} is not {article} {self.type}"

    @model_validator(mode="after")
    def _fits_itself(self) -> Parameter:
        if self.default is not None and (found := self.problem(self.default)):
            raise Misplaced([(("default",), found)])
        return self


class Takes(Closed):
    """How long inject and revert take at most, seconds; deadlines and promises are made of these."""

    inject: Duration = 10.0
    revert: Duration = 10.0


def _touched(value: str) -> str:
    if not _VARIABLE.fullmatch(value) and not re.fullmatch(r"[a-z0-9][a-z0-9._/-]*", value):
        raise ValueError(f"{value!r} is neither a component nor ${{parameter}}")
    return value


class Ours(Closed):
    """The parameters of the extension named ``gameday``."""

    parameters: dict[str, Parameter] = Field(default={})
    stacks: list[Literal["local", "compose", "kubernetes", "external"]] = Field(default=[])
    touches: list[Annotated[str, AfterValidator(_touched)]] = Field(default=[])
    """Components that may break; ``${service}`` is the component that a parameter names."""
    proves: str = ""
    """Name of the probe in ``method`` that reads the fault back."""
    takes: Takes = Takes()
    healed_by: Literal["", "platform"] = ""
    """Who takes the fault away without being asked: a platform that starts a killed replica again."""

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter's value: what was given, else its default."""
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def touched(self, given: Mapping[str, Any]) -> list[str]:
        """The components that one use with these arguments may break."""
        values = self.values(given)
        return [
            _VARIABLE.sub(lambda found: str(values.get(found[1], found[0])), word) for word in self.touches
        ]


class OurBlock(BaseModel):
    """The extension that carries what gameday needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Literal["gameday"]
    parameters: Ours = Ours()


class _AsItIs(BaseModel):
    """A part of Chaos Toolkit's: what we do not read is kept."""

    model_config = ConfigDict(frozen=True, extra="allow")
    toolkits: ClassVar[frozenset[str]] = frozenset()
    """The keys that Chaos Toolkit reads here and we do not."""

    def misspelt(self, at: Steps = ()) -> Iterator[tuple[Steps, str]]:
        """Keys that Chaos Toolkit passes over and that are near to one that it reads."""
        known = {*self.toolkits, *type(self).model_fields}
        for key in self.model_extra or {}:
            if key not in known and not key.startswith("x-") and (hint := nearest(key, known)):
                yield (*at, key), f"unknown key '{key}'{hint}"


class OtherBlock(_AsItIs):
    """Any other extension."""

    name: str


Extension: TypeAlias = Annotated[
    Annotated[OurBlock, Tag("<ours>")] | Annotated[OtherBlock, Tag("<other>")],
    Discriminator(
        lambda value: "<ours>" if isinstance(value, dict) and value.get("name") == "gameday" else "<other>"
    ),
]


class Provider(_AsItIs):
    """Who carries an activity out."""

    toolkits = frozenset(
        {"module", "func", "path", "url", "method", "headers", "expected_status", "verify_tls", "proxies"}
        | {"arguments", "secrets", "timeout"}
    )
    type: Literal["python", "process", "http"]

    @model_validator(mode="after")
    def _whole(self) -> Provider:
        needed = {"python": ("module", "func"), "process": ("path",), "http": ("url",)}[self.type]
        missing = [key for key in needed if not (self.model_extra or {}).get(key)]
        if missing:
            raise ValueError(f"a {self.type} provider needs {' and '.join(missing)}")
        return self


class Activity(_AsItIs):
    """One thing that an experiment does or asks."""

    toolkits = frozenset(["tolerance", "pauses", "controls", "background", "configuration", "secrets", "dry"])
    type: Literal["action", "probe"]
    name: str = Field(min_length=1)
    provider: Provider


class Reuse(_AsItIs):
    """An activity that is written elsewhere in the same experiment."""

    toolkits = Activity.toolkits | {"type", "name", "provider"}

    ref: str


Activities: TypeAlias = list[
    Annotated[
        Annotated[Activity, Tag("<activity>")] | Annotated[Reuse, Tag("<ref>")],
        Discriminator(lambda value: "<ref>" if isinstance(value, dict) and "ref" in value else "<activity>"),
    ]
]


class Experiment(_AsItIs):
    """A Chaos Toolkit experiment; keys we do not read are kept as they are."""

    toolkits = frozenset(
        ["version", "contributions", "steady-state-hypothesis", "controls", "dry", "runtime"]
    )
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    tags: list[str] = Field(default=[])
    configuration: dict[str, Any] = Field(default={})
    secrets: dict[str, Any] | None = None
    extensions: list[Extension] = Field(default=[])
    method: Activities
    rollbacks: Activities = Field(default=[])

    @property
    def ours(self) -> Ours | None:
        """The gameday block, or None for a third-party experiment."""
        for extension in self.extensions:
            if isinstance(extension, OurBlock):
                return extension.parameters
        return None

    def misspelt(self, at: Steps = ()) -> Iterator[tuple[Steps, str]]:
        """Here and in every activity and provider."""
        yield from super().misspelt(at)
        for part in ("method", "rollbacks"):
            for i, activity in enumerate(getattr(self, part)):
                yield from activity.misspelt((*at, part, i))
                if isinstance(activity, Activity):
                    yield from activity.provider.misspelt((*at, part, i, "provider"))

    @model_validator(mode="after")
    def _block_fits(self) -> Experiment:
        if self.ours is not None and (slips := list(self.misspelt())):
            raise Misplaced(slips, of_keys=True)
        found = list(self._misfits())
        if found:
            raise Misplaced(found)
        return self

    def _misfits(self) -> Iterator[tuple[Steps, str]]:
        ours = self.ours
        if ours is None:
            return
        at: Steps = (
            "extensions",
            next(i for i, one in enumerate(self.extensions) if isinstance(one, OurBlock)),
        )
        at = (*at, "parameters")
        probes = [one.name for one in self.method if isinstance(one, Activity) and one.type == "probe"]
        if ours.proves not in probes:
            said = (
                f"no probe of method is named '{ours.proves}'"
                if ours.proves
                else "name the probe that proves it"
            )
            yield (*at, "proves"), f"{said}{nearest(ours.proves, probes)}"
        for i, word in enumerate(ours.touches):
            variable = _VARIABLE.fullmatch(word)
            if variable and variable[1] not in ours.parameters:
                yield (
                    (*at, "touches", i),
                    f"unknown parameter '{variable[1]}'{nearest(variable[1], ours.parameters)}",
                )
        for name, parameter in ours.parameters.items():
            if name not in self.configuration:
                yield (*at, "parameters", name), f"'{name}' is not in configuration, so nothing can read it"
            elif (
                not isinstance(self.configuration[name], dict)
                and self.configuration[name] != parameter.default
            ):
                said = f"is {plain(self.configuration[name])} there and {plain(parameter.default)} here"
                yield (*at, "parameters", name), f"the default in configuration differs: '{name}' {said}"
        yield from self._unknown_variables()

    def _unknown_variables(self) -> Iterator[tuple[Steps, str]]:
        for part in ("method", "rollbacks"):
            for i, activity in enumerate(getattr(self, part)):
                for path, text in _texts(activity.model_dump(), (part, i)):
                    for variable in _VARIABLE.findall(text):
                        if variable not in self.configuration:
                            hint = nearest(variable, self.configuration)
                            yield path, f"'${{{variable}}}' is not in configuration{hint}"


def _texts(value: Any, at: Steps) -> Iterator[tuple[Steps, str]]:
    """Every text in some data, with its path."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*at, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _texts(inner, (*at, i))
