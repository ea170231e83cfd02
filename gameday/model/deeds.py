"""What the acts of a playbook say in ``with``: one shape for each deed, the same words as at the desk."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gameday.model.base import Closed, Flag, Name, Number, Text, plain
from gameday.model.quantities import Duration
from gameday.model.scenario import Severity
from gameday.model.words import Lever, Mechanism, Role, Topic


def _some(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Shape(Closed):
    """Base of the shapes; ``word`` is the key that a bare word stands for."""

    word: ClassVar[str] = ""


class Nothing(Shape):
    """Waiting and acknowledging say nothing more."""


class Declaring(Shape):
    """How bad, and which services."""

    severity: Severity
    affects: Annotated[list[Name], BeforeValidator(_some)] = Field(default=[])
    note: str = ""


class Assigning(Shape):
    """A role, and who has it from now on."""

    role: Role
    to: str = Field(min_length=1)


class Noting(Shape):
    """A line of the incident's log; with ``affects`` also a statement that something is wrong."""

    word = "text"
    text: str = Field(min_length=1)
    affects: Annotated[list[Name], BeforeValidator(_some)] = Field(default=[])


class Guessing(Shape):
    """What might be the cause, and why one thinks so."""

    component: Name
    mechanism: Mechanism
    because: str = ""
    confidence: Annotated[Number, Field(ge=0, le=1)] | None = None


class Ticking(Shape):
    """A runbook step said to be done, or skipped for a reason."""

    word = "step"
    step: Name
    because: str = ""
    skipped: Flag = False
    doer: str = ""

    @model_validator(mode="after")
    def _skipped_for_a_reason(self) -> Ticking:
        if self.skipped and not self.because:
            raise ValueError("a skipped step says why: because")
        return self


class _WithArguments(Shape):
    """A shape with arguments of its own under further keys."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Text]

    @property
    def arguments(self) -> dict[str, str]:
        """The further keys, each value as text."""
        return {key: str(value) for key, value in (self.__pydantic_extra__ or {}).items()}


class Pulling(_WithArguments):
    """A lever, why, and its arguments."""

    word = "name"
    name: Lever
    because: str = ""


class Looking(_WithArguments):
    """A topic, and what narrows the question."""

    word = "topic"
    topic: Topic


class Updating(Shape):
    """A status update; ``next`` is when the next one is promised."""

    status: Literal["investigating", "identified", "monitoring", "resolved"]
    text: str = Field(min_length=1)
    next: Duration | None = None


class Saying(Shape):
    """Words that go with a verification or the end."""

    word = "text"
    text: str = ""


SHAPES: dict[str, type[Shape]] = {
    "ack": Nothing,
    "wait": Nothing,
    "declare": Declaring,
    "assign": Assigning,
    "note": Noting,
    "hypothesis": Guessing,
    "step": Ticking,
    "lever": Pulling,
    "look": Looking,
    "update": Updating,
    "verify": Saying,
    "resolve": Saying,
}


DESK = tuple(deed for deed in SHAPES if deed != "wait")
"""What responders do at the desk: each is a command of its name."""


def shape(deed: str, said: Any) -> BaseModel:
    """What an act says, in its shape.

    Raises:
        pydantic.ValidationError: it does not fit the shape.
        ValueError: it is not of a kind that this deed takes.
    """
    kind = SHAPES[deed]
    if isinstance(said, str):
        if not kind.word:
            keys = ", ".join(kind.model_fields) or "nothing"
            raise ValueError(f"{plain(said)} stands here; '{deed}' takes {keys}")
        said = {kind.word: said}
    return kind.model_validate(said, by_alias=True, by_name=False)
