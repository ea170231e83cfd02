"""The seams: what the runner asks of a stack, a load generator, a source of metrics and a fault injector.

Protocols and the frozen values that cross them, nothing else. An adapter (``stacks/``, ``load/``, ``detect/``,
``faults/``) implements one of these and imports no other adapter. Every value here is plain data, so what
crosses a seam can be written to the log as it is.

The state of a stack is *things*::

    {"auth":              {"version": "v1.2.3", "replicas": 2, "flag.new-login-flow": False, ...},
     "identity-provider": {"proxy.enabled": True, "proxy.toxics": {}},
     "database":          {"proxy.enabled": True, "proxy.toxics": {}, "server": "running", "role": "primary"}}

Component, then aspect, then a JSON value. An inventory is all of them; a recipe is some of them, and says how
to put back: never an action, always a state. Restoring a state that already holds does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict of them."""

Things: TypeAlias = Mapping[str, Mapping[str, Json]]
"""Component -> aspect -> value; see the module docstring."""


class Topic(StrEnum):
    """What responders can ask the system: the investigation queries of the incident process."""

    DEPLOYS = "deploys"
    CONFIG = "config"
    METRICS = "metrics"
    LOGS = "logs"
    DEPENDENCIES = "dependencies"
    CONNECTIONS = "connections"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which stack this is, read from the stack itself before anything is touched."""

    stack: str
    """Kind: ``local``, ``compose``, ``kubernetes``, ``external``."""
    marker: str
    """The value that only staging carries; compared with the allow-list."""
    name: str
    """What tells this instance from another of its kind (a folder, a project, a namespace)."""


@dataclass(frozen=True, slots=True)
class Target:
    """One Prometheus text endpoint of the system."""

    job: str
    """``gateway``, ``service``, ``database``, ``platform`` or ``host``."""
    url: str
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the parts of a stack are reached from the machine that runs gameday."""

    gateway: str
    toxiproxy: str
    proxies: Mapping[str, str]
    """Component -> name of the proxy in front of it."""
    control: str | None = None

    def proxy_variables(self) -> dict[str, str]:
        """``GAMEDAY_PROXY_<COMPONENT>`` -> the proxy's name, for experiments."""
        return {
            f"GAMEDAY_PROXY_{name.upper().replace('-', '_')}": proxy for name, proxy in self.proxies.items()
        }


@dataclass(frozen=True, slots=True)
class Alerting:
    """A Prometheus and an Alertmanager that page for this system, and how their webhooks reach a run."""

    prometheus: str
    alertmanager: str
    token: str
    """What who sends must show (``listen``), or what must be shown to follow (``stream``). Never logged."""
    stream: str = ""
    """A URL that hands webhooks on as they come, one JSON object a line."""
    receiver: str = "gameday"
    """What Alertmanager's configuration calls the receiver of these webhooks."""
    listen: str = ""
    """Address and port on which the run itself listens, where there is no such URL."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a stack tells what people do to it with tools of their own, past the desk."""

    stream: str
    """A URL that tells of each act as it begins and as it has ended, one JSON object a line."""
    token: str
    """What must be shown to follow. Never logged."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a stack can do, so that a scenario is refused with the reason before it starts."""

    levers: frozenset[str]
    components: frozenset[str]
    """What may be touched: an experiment that touches anything else is refused."""
    topics: frozenset[Topic] = frozenset(Topic)
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a lever or a component that one would expect is missing."""
    otherwise: str = "the stack does not have it"
    """Why any other is missing."""

    def reason(self, name: str) -> str:
        """Why a lever or a component is missing."""
        return self.reasons.get(name, self.otherwise)


@dataclass(frozen=True, slots=True)
class LeverSpec:
    """A lever as a responder sees it: name, what it does, its parameters."""

    name: str
    about: str
    parameters: Mapping[str, str]
    """Parameter -> what it means, with its unit and default."""
    example: str
    """The command line that pulls it."""


@dataclass(frozen=True, slots=True)
class LeverCall:
    """One pull of a lever."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeverResult:
    """What a lever did, by read-back."""

    ok: bool
    did: str
    """One sentence in the past tense: ``auth v1.3.0 -> v1.2.3, 2 replicas``."""
    changed: bool = True
    """False where the state asked for held already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look found: rows for a table, and the lines people read."""

    topic: Topic
    columns: Sequence[str]
    rows: Sequence[Sequence[Json]]
    note: str = ""


@runtime_checkable
class Stack(Protocol):
    """The system under rehearsal. Every call has a deadline of its own and raises ``StackError`` past it."""

    @property
    def kind(self) -> str:
        """``local``, ``compose``, ``kubernetes`` or ``external``."""

    async def up(self) -> None:
        """Start it and wait until it is ready. Raises StackError with the reason and the log's end."""

    async def attach(self) -> None:
        """Use one that stands already. Raises StackError if none answers."""

    async def down(self) -> None:
        """Stop it and remove what it left. Idempotent."""

    async def identity(self) -> Identity:
        """Read from the stack, not remembered."""

    async def claim(self, run: str, claim: str, seconds: float) -> str:
        """Hold it for this run, counted anew by each call; gives the run that holds it instead, empty where none does.

        ``claim`` is a name for all calls of one process: what comes of them after ``release`` counts no more. A stack
        that has no place to keep it lets everybody have it.
        """

    async def release(self, run: str) -> None:
        """This run holds it no more, whoever claimed it for that. Idempotent."""

    async def ready(self) -> Mapping[str, bool]:
        """Component -> whether it is ready now."""

    def endpoints(self) -> Endpoints:
        """Addresses; constant while the stack stands."""

    def environment(self) -> Mapping[str, str]:
        """``GAMEDAY_*`` variables for experiments and the load. May hold secrets: never logged."""

    def alerting(self) -> Alerting | None:
        """Who pages; None where the run evaluates the system's monitors itself."""

    def witness(self) -> Witness | None:
        """Who sees acts by other hands; None where nobody does."""

    def capabilities(self) -> Capabilities:
        """What it can."""

    def handle(self) -> Mapping[str, str]:
        """What another process needs to attach to this very stack (no secrets; written to the log)."""

    async def targets(self) -> Sequence[Target]:
        """The metrics endpoints as they are now (replicas come and go)."""

    async def inventory(self) -> Things:
        """Its whole state, read back."""

    async def restore(self, things: Things) -> None:
        """Bring these things to these states; those that hold already are left alone. Read back by the caller."""

    def levers(self) -> Sequence[LeverSpec]:
        """What responders can pull."""

    def touches(self, call: LeverCall) -> Mapping[str, Sequence[str]]:
        """Component -> aspects that this pull may change, known before it acts.

        Raises:
            InputError: there is no such lever, or an argument is wrong; nothing was done.
        """

    async def pull(self, call: LeverCall) -> LeverResult:
        """Pull a lever and read back what it did. Raises StackError when it could not be done."""

    async def look(self, topic: Topic, arguments: Mapping[str, str]) -> Answer:
        """Ask the system; answers with what it knows now."""

    def by_hand(self, things: Things) -> Sequence[str]:
        """Shell commands that a person can run to bring these things back when gameday could not."""
