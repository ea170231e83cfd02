"""Text in, a frozen model out, or everything that is wrong with the text, each with its place and its mend.

The plain data is kept beside the model: it goes into the log exactly as written, and the same model is built
from it again. Opens no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gameday.errors import Problem
from gameday.model.base import UNKNOWN_KEY, Misplaced, Steps, nearest, plain, unknown_key, wrong
from gameday.model.located import Data, Document, parse

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reading(Generic[M]):
    """What one file came to. ``model`` is None where there are problems."""

    model: M | None
    data: Data
    problems: list[Problem]
    document: Document | None = field(default=None, repr=False)


def read(text: str, file: str, model: type[M]) -> Reading[M]:
    """A YAML file's text as a model; problems in the order of the file."""
    document, problems = parse(text, file)
    if document is None:
        return Reading(None, None, problems)
    return build(document, model, problems)


def build(document: Document, model: type[M], before: list[Problem] | None = None) -> Reading[M]:
    """A document's data as a model, after the problems that were found before."""
    built: M | None = None
    problems = list(before or ())
    if not isinstance(document.data, dict):
        wanted = ", ".join(known for known, needed in _keys(model).items() if needed)
        found = f"{plain(document.data)} is not a {model.__name__.lower()}; write keys and values: {wanted}"
        problems.append(wrong(document.place(()), found))
    else:
        try:
            built = model.model_validate(document.data, by_alias=True, by_name=False)
        except ValidationError as error:
            problems += _problems(error, document, model)
    problems = sorted(set(problems))
    return Reading(None if problems else built, document.data, problems, document)


def _problems(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[Problem]:
    details = [(_path(one["loc"], document.data), one) for one in error.errors(include_url=False)]
    offered: set[Steps] = set()
    for path, one in details:
        if one["type"] == "extra_forbidden":
            message = unknown_key(str(path[-1]), _keys_at(model, path[:-1]))
            offered.update((*path[:-1], word) for word in message.split("'")[3:4])
            yield wrong(document.place(path, of_key=True), message)
    for path, one in details:
        cause = one.get("ctx", {}).get("error")
        if one["type"] == "missing":
            if path not in offered:  # a misspelt key is one mistake, not two
                yield wrong(document.place(path[:-1], of_key=True), f"missing key '{path[-1]}'")
        elif isinstance(cause, Misplaced):
            for below, message in cause.found:
                yield wrong(document.place(path + below, of_key=cause.of_keys), message)
        elif one["type"] != "extra_forbidden":
            of_key = one["type"] == UNKNOWN_KEY or one["loc"][-1:] == ("[key]",)
            yield wrong(document.place(path, of_key=of_key), _sentence(one))


def _path(location: Steps, data: Data) -> Steps:
    """Where in the data an error is: without what pydantic says of unions and keys."""
    path: list[str | int] = []
    for step in location:
        written = isinstance(data, dict) and step in data
        if not written and str(step).startswith(("<", "[")):
            continue
        path.append(step)
        if written:
            data = data[step]
        else:
            data = (
                data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None
            )
    return tuple(path)


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}

_FEW = 4
"""So many words are all shown; of more only the nearest."""
_LIMITS = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}
_SENTENCES = {
    "value_error": "{error}",
    "too_short": "nothing stands here; at least one is needed",
    "string_too_short": "this must not be empty",
    "string_too_long": "this is longer than {max_length} characters",
}


def _sentence(one: ErrorDetails) -> str:
    kind, given, context = one["type"], one["input"], one.get("ctx", {})
    if kind in _EXPECTED:
        return _wanted(_EXPECTED[kind], given)
    if kind in {"literal_error", "enum"}:
        return _other_word(given, context["expected"])
    if kind in _LIMITS:
        return f"{plain(given)} is out of range; it must be {_LIMITS[kind].format(**context)}"
    return _SENTENCES[kind].format(**context) if kind in _SENTENCES else one["msg"]


def _other_word(given: object, expected: str) -> str:
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    near = nearest(str(given), words) if len(words) > _FEW else ""
    listed = " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return f"{plain(given)} is not known here{near or f'; write {listed}'}"


def _wanted(kind: str, given: object) -> str:
    verb = "are" if kind == "keys and values" else "is"
    if given is None:
        return f"nothing stands here; {kind} {verb} needed"
    if kind == "text" and isinstance(given, bool | int | float):
        return f"{plain(given)} is not text; put it in quotes"
    if kind.endswith("number") and isinstance(given, str) and given.replace(".", "", 1).isdigit():
        return f"{plain(given)} is text; remove the quotes"
    return f"{kind} {verb} needed here, not {plain(given)}"


def _keys(model: type[BaseModel]) -> dict[str, bool]:
    """The keys that a model knows, as they are written, and whether each is needed."""
    return {info.alias or name: info.is_required() for name, info in model.model_fields.items()}


def _keys_at(model: type[BaseModel], path: Steps) -> dict[str, bool]:
    """The keys that are known at a path below a model."""
    here: list[Any] = [model]
    for step in path:
        here = [inner for kind in here for inner in _below(kind, step)]
    known: dict[str, bool] = {}
    for kind in _models(here):
        known |= _keys(kind)
    return known


def _models(kinds: list[Any]) -> Iterator[type[BaseModel]]:
    """The models among some annotations, seen through Annotated and unions."""
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
        elif get_origin(kind) not in {dict, list}:
            yield from _models(list(get_args(kind)))


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    """What stands at a key or an index of an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if step == (info.alias or name):
                yield info.annotation
    elif get_origin(kind) in {dict, list}:
        yield get_args(kind)[-1]
    else:
        for inner in get_args(kind):
            yield from _below(inner, step)
