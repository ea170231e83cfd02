"""A playbook: what the scripted responder does. It waits for what people could see, and acts at the desk."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, Field, PlainValidator, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from gameday.model.base import UNKNOWN_KEY, Closed, Misplaced, plain, unknown_key
from gameday.model.deeds import SHAPES, shape
from gameday.model.quantities import Condition, Duration
from gameday.model.scenario import exported
from gameday.model.words import one_of

Milestone = Literal["alert", "acknowledged", "declared", "alert_ended"]
Deed = Literal[
    "ack",
    "declare",
    "assign",
    "note",
    "hypothesis",
    "step",
    "lever",
    "update",
    "verify",
    "resolve",
    "look",
    "wait",
]


_MILESTONES = dict.fromkeys(get_args(Milestone))
_milestone = one_of("milestone", _MILESTONES, f"wait for {', '.join(_MILESTONES)}, or a condition")


def _milestone_or_condition(value: Any) -> str | Condition | None:
    if value is None or isinstance(value, Condition):
        return value
    if isinstance(value, str) and not any(mark in value for mark in "<>=!"):
        return _milestone(value)
    return exported(Condition.model_validate(value))


def _said(value: Any) -> dict[str, Any] | str:
    if not isinstance(value, dict | str):
        raise ValueError(f"{plain(value)} stands here; keys and values or a word is needed")  # noqa: TRY004 - pydantic
    return value


When: TypeAlias = Annotated[
    Milestone | Condition | None,
    PlainValidator(_milestone_or_condition),
    WithJsonSchema(
        {
            "type": "string",
            "description": "alert, acknowledged, declared, alert_ended, or an exported condition",
        }
    ),
]


class PlannedAct(Closed):
    """One act: after the one before it, after ``when`` came true, and ``after`` that long."""

    do: Deed
    when: When = None
    after: Duration = 0.0
    within: Duration | None = None
    """How long to wait for ``when``; the playbook ends if it does not come."""
    with_: Annotated[
        dict[str, Any] | str,
        PlainValidator(_said),
        WithJsonSchema({"type": ["object", "string"]}),
        Field(alias="with", default={}),
    ]

    @property
    def details(self) -> BaseModel:
        """What the act says, in the shape of its deed (gameday.model.deeds)."""
        return shape(self.do, self.with_)

    @model_validator(mode="after")
    def _says_what_it_must(self) -> PlannedAct:
        try:
            shape(self.do, self.with_)
        except ValidationError as error:
            raise _under_with(error, SHAPES[self.do], bare=isinstance(self.with_, str)) from None
        except ValueError as error:
            raise Misplaced([(("with",), str(error))]) from None
        return self


def _under_with(error: ValidationError, shape: type[BaseModel], *, bare: bool) -> ValidationError:
    """The same errors, below the key ``with``: that is where they were written."""
    lines: list[Any] = []
    for one in error.errors(include_url=False):
        line: dict[str, Any] = {**one, "loc": ("with",) if bare else ("with", *one["loc"])}
        if one["type"] == "extra_forbidden":
            line["type"] = PydanticCustomError(
                UNKNOWN_KEY, unknown_key(str(one["loc"][-1]), shape.model_fields)
            )
        lines.append(line)
    return ValidationError.from_exception_data("with", lines)


class Playbook(Closed):
    """``scenarios/playbooks/*.yaml``."""

    as_: Annotated[str, Field(alias="as", min_length=1)]
    title: str = ""
    acts: list[PlannedAct] = Field(default=[])
