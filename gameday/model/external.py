"""``staging/*.yaml``: a team's own staging system, as a run may use it.

Where it is, how it proves to be staging, and what can be done to it and asked of it by commands or HTTP calls of the
team's own.
"""

from __future__ import annotations

import re
import string
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from gameday.model.base import Closed, Name
from gameday.model.quantities import Duration
from gameday.ports import Topic

_URL = r"^https?://[^\s/]+\S*$"
_ASKED = r"^(GET|POST|PUT|PATCH|DELETE) https?://[^\s/]+\S*$"
_VARIABLE = r"^[A-Z][A-Z0-9_]*$"


def _url(value: str) -> str:
    if not re.fullmatch(_URL, value):
        raise ValueError(f"{value!r} is no address; write it as http://host:port")
    return value


def _asked(value: str) -> str:
    if re.fullmatch(_URL, value):
        return f"GET {value}"
    if not re.fullmatch(_ASKED, value):
        raise ValueError(f"{value!r} is no request; write it as http://host/path or POST http://host/path")
    return value


def _variable(value: str) -> str:
    if not re.fullmatch(_VARIABLE, value):
        raise ValueError(f"{value!r} is no name of a variable; write the name, not what it holds")
    return value


Url: TypeAlias = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "pattern": _URL})]
Variable: TypeAlias = Annotated[
    str, AfterValidator(_variable), WithJsonSchema({"type": "string", "pattern": _VARIABLE})
]
"""The name of an environment variable that holds a secret: secrets stand in no file."""


def _steps(value: object) -> object:
    return value.split(".") if isinstance(value, str) else value


class Act(Closed):
    """A command, or an HTTP call; ``{name}`` in its words stands for an argument."""

    run: list[str] = Field(default=[])
    """Program and arguments, no shell; a relative program is beside this file."""
    http: Annotated[str, AfterValidator(_asked)] | None = None
    """``http://host/path``, or with a method before it."""
    json_: Any = Field(default=None, alias="json")
    """The body of the call."""
    token_env: Variable | None = None
    """The variable that holds the bearer token of the call."""
    at: Annotated[list[str], BeforeValidator(_steps)] = Field(default=[])
    """Where in a JSON answer the value stands: ``auth.version`` or ``[auth, version]``; without, the whole answer."""
    within: Duration = 30.0

    @model_validator(mode="after")
    def _one(self) -> Act:
        if bool(self.run) == (self.http is not None):
            raise ValueError("write either run: [program, ...] or http: an address")
        return self

    @property
    def words(self) -> list[str]:
        """Every text in which ``{name}`` may stand."""
        return [*self.run, self.http or "", *self.at, *_texts(self.json_)]

    @property
    def names(self) -> set[str]:
        """The arguments that it needs."""
        return {
            name
            for text in self.words
            for _, name, _, _ in string.Formatter().parse(text)
            if name is not None
        }


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _as_act(value: object) -> object:
    return {"run": value} if isinstance(value, list) else value


Doing: TypeAlias = Annotated[Act, BeforeValidator(_as_act)]
"""An act; a list is a command."""


class Proof(Act):
    """How the system proves to be staging: what is answered, and what it must be."""

    equals: str = Field(min_length=1)


class FaultProxy(Closed):
    """A Toxiproxy in front of what may be broken."""

    url: Url
    proxies: dict[Name, str] = Field(min_length=1)
    """Component -> the proxy in front of it."""


class Pager(Closed):
    """An Alertmanager whose webhooks reach a run."""

    url: Url
    receiver: str = "gameday"
    """What its configuration calls the receiver."""
    listen: str = ""
    """Address and port on which a run listens for its webhooks, for example ``0.0.0.0:9099``."""
    stream: Url | None = None
    """Or a URL that hands them on, one JSON object a line."""
    token_env: Variable
    """The variable that holds the token of whoever sends, or of the stream."""

    @model_validator(mode="after")
    def _one(self) -> Pager:
        if bool(self.listen) == (self.stream is not None):
            raise ValueError("write either listen: host:port or stream: an address")
        return self


class Exporter(Closed):
    """A page of Prometheus text, for what conditions ask."""

    job: str = Field(pattern="^(gateway|service|database|platform|host)$")
    url: Url


class Lever(Closed):
    """Something a responder can pull. With ``read`` and ``undo`` it is put back after a run."""

    about: str = ""
    services: list[Name] = Field(min_length=1)
    """What it can be pulled on."""
    parameters: dict[Name, str] = Field(default={})
    """Further arguments: name -> what it means."""
    run: Doing
    read: Doing | None = None
    """Gives the state that it changes, as text."""
    undo: Doing | None = None
    """Brings a state back; the state is in ``{state}``, or under the name that ``state`` gives."""
    state: Name = "state"
    """What the state is called: ``version``, ``replicas``."""

    @model_validator(mode="after")
    def _whole(self) -> Lever:
        if (self.read is None) != (self.undo is None):
            raise ValueError("read and undo belong together: what cannot be read back cannot be put back")
        given = {"service", *self.parameters}
        for what, act, known in (
            ("run", self.run, given),
            ("read", self.read, {"service"}),
            ("undo", self.undo, {"service", self.state}),
        ):
            unknown = sorted((act.names if act else set()) - known)
            if unknown:
                raise ValueError(
                    f"{what}: there is nothing called {{{unknown[0]}}} (known: {', '.join(sorted(known))})"
                )
        return self


class External(Closed):
    """One system; everything but identity and gateway may be left out, and what is left out cannot be used."""

    title: str = ""
    identity: Proof
    gateway: Url
    toxiproxy: FaultProxy | None = None
    prometheus: Url | None = None
    alertmanager: Pager | None = None
    targets: list[Exporter] = Field(default=[])
    levers: dict[Name, Lever] = Field(default={})
    looks: dict[Topic, Doing] = Field(default={})
    environment: dict[Variable, Variable] = Field(default={})
    """What experiments are given -> the variable of yours that holds it."""

    @model_validator(mode="after")
    def _pages(self) -> External:
        if self.alertmanager is not None and self.prometheus is None:
            raise ValueError(
                "alertmanager needs prometheus too: the floor and what is pending are asked of it"
            )
        return self

    @property
    def components(self) -> list[str]:
        """What may be broken or changed."""
        proxied = list(self.toxiproxy.proxies) if self.toxiproxy else []
        return list(
            dict.fromkeys([*proxied, *(name for lever in self.levers.values() for name in lever.services)])
        )
