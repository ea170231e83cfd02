"""Words of the closed lists as types: a misspelt one is an error that offers the nearest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, WithJsonSchema

from gameday.metrics import MECHANISMS
from gameday.model.base import nearest
from gameday.model.vocabulary import LEVERS, ROLES, TOPICS


def one_of(kind: str, known: Mapping[str, object], otherwise: str = "") -> Callable[[str], str]:
    """A check that a word is among the known ones. It raises ValueError with the nearest, or with all."""

    def check(word: str) -> str:
        if word not in known:
            near = nearest(word, known) or f"; {otherwise or 'write ' + ', '.join(known)}"
            raise ValueError(f"unknown {kind} '{word}'{near}")
        return word

    return check


def _schema(known: Mapping[str, object]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": sorted(known)})


Mechanism: TypeAlias = Annotated[
    str,
    AfterValidator(one_of("mechanism", MECHANISMS, "`gameday list mechanisms` shows them")),
    _schema(MECHANISMS),
]
Lever: TypeAlias = Annotated[str, AfterValidator(one_of("lever", LEVERS)), _schema(LEVERS)]
Topic: TypeAlias = Annotated[str, AfterValidator(one_of("topic", TOPICS)), _schema(TOPICS)]
Role: TypeAlias = Annotated[str, AfterValidator(one_of("role", ROLES)), _schema(ROLES)]
