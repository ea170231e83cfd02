"""A stack in memory, for tests of what uses one: instant, obedient, and able to fail or hang on demand.

Has the components, aspects and levers of a small sign-in system; nothing runs anywhere. ``calls`` records
what was asked of it, in order; ``fail`` and ``hang`` decide how the next calls of a method end.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping, Sequence
from typing import Any

from gameday.errors import InputError, StackError
from gameday.levers import check_names
from gameday.model.quantities import nearest
from gameday.ports import (
    Alerting,
    Answer,
    Capabilities,
    Endpoints,
    Identity,
    Json,
    LeverCall,
    LeverResult,
    LeverSpec,
    Target,
    Things,
    Topic,
    Witness,
)

RELEASES = ("v1.2.3", "v1.3.0")
_SERVICE = {"service": "the service (auth)"}
_LEVERS = (
    LeverSpec("rollback", "bring back the release before", _SERVICE, "gameday lever rollback auth"),
    LeverSpec(
        "scale",
        "run more or fewer replicas",
        {**_SERVICE, "replicas": "how many"},
        "gameday lever scale auth replicas=3",
    ),
    LeverSpec(
        "fail-over",
        "promote the standby of a database server",
        {"service": "the server that is to lead no more (database)"},
        "gameday lever fail-over database",
    ),
    LeverSpec(
        "breaker",
        "stop asking a dependency",
        {"dependency": "the dependency (identity-provider)", "state": "open or closed"},
        "gameday lever breaker identity-provider state=open",
    ),
)
_BREAKER = "breaker.identity-provider"
_TOUCHES = {
    "rollback": ("auth", "version"),
    "scale": ("auth", "replicas"),
    "fail-over": ("database", "role"),
    "breaker": ("auth", _BREAKER),
}


def _proxied() -> dict[str, Json]:
    return {"proxy.enabled": True, "proxy.toxics": {}}


class FakeStack:
    """Stands from ``up`` or ``attach`` to ``down``; its state may be changed by ``things`` at any time."""

    kind = "fake"

    def __init__(self, name: str = "fake-1", marker: str = "gameday-staging") -> None:
        self.things: dict[str, dict[str, Json]] = {
            "auth": {"version": RELEASES[0], "replicas": 2, _BREAKER: "closed"},
            "identity-provider": _proxied(),
            "database": {"server": "running", "role": "primary", **_proxied()},
        }
        self.calls: list[tuple[str, Any]] = []
        self.stands = False
        self.held_by = ""
        self.pages: Alerting | None = None
        self._name = name
        self._marker = marker
        self._failing: dict[str, str] = {}
        self._hanging: set[str] = set()

    def fail(self, method: str, reason: str | None) -> None:
        """From now on a method raises StackError with this reason; None mends it."""
        self._failing.pop(method, None)
        if reason is not None:
            self._failing[method] = reason

    def hang(self, method: str, *, hangs: bool = True) -> None:
        """From now on a method never returns, or does again."""
        (self._hanging.add if hangs else self._hanging.discard)(method)

    async def _called(self, method: str, what: Any = None, *, standing: bool = True) -> None:
        self.calls.append((method, what))
        if method in self._hanging:
            await asyncio.Event().wait()
        if method in self._failing:
            raise StackError(self._failing[method])
        if standing and not self.stands:
            raise StackError("the fake stack is not up")

    async def up(self) -> None:
        """Stand."""
        await self._called("up", standing=False)
        self.stands = True

    async def attach(self) -> None:
        """Use it, if it stands."""
        await self._called("attach")

    async def down(self) -> None:
        """Stand no more."""
        await self._called("down", standing=False)
        self.stands = False

    async def identity(self) -> Identity:
        """As given when it was made."""
        await self._called("identity")
        return Identity(self.kind, self._marker, self._name)

    async def claim(self, run: str, claim: str, seconds: float) -> str:
        """For ever, until it is released: no time passes here."""
        await self._called("claim", (run, claim, seconds))
        self.held_by = self.held_by or run
        return "" if self.held_by == run else self.held_by

    async def release(self, run: str) -> None:
        """Let go, if it is held by this run."""
        await self._called("release", run)
        self.held_by = "" if self.held_by == run else self.held_by

    async def ready(self) -> Mapping[str, bool]:
        """All of it, while it stands."""
        await self._called("ready")
        return dict.fromkeys(self.things, True)

    def endpoints(self) -> Endpoints:
        """Addresses at which nothing answers."""
        return Endpoints("http://127.0.0.1:9", "http://127.0.0.1:9", {"database": "database"})

    def environment(self) -> Mapping[str, str]:
        """The stack's kind, and no secrets."""
        return {"GAMEDAY_STACK": self.kind, "GAMEDAY_GATEWAY_URL": "http://127.0.0.1:9"}

    def alerting(self) -> Alerting | None:
        """What a test has put here."""
        return self.pages

    def witness(self) -> Witness | None:
        """Nobody."""
        return None

    def capabilities(self) -> Capabilities:
        """All it has."""
        return Capabilities(frozenset(_TOUCHES), frozenset(self.things))

    def handle(self) -> Mapping[str, str]:
        """Its name."""
        return {"name": self._name}

    async def targets(self) -> Sequence[Target]:
        """None: it exports nothing."""
        await self._called("targets")
        return ()

    async def inventory(self) -> Things:
        """A copy of ``things``."""
        await self._called("inventory")
        return copy.deepcopy(self.things)

    async def restore(self, things: Things) -> None:
        """Write them into ``things``."""
        await self._called("restore", copy.deepcopy(dict(things)))
        for component, aspects in things.items():
            if component not in self.things:
                raise InputError(f"there is no component '{component}'{nearest(component, self.things)}")
            self.things[component].update(copy.deepcopy(dict(aspects)))

    def levers(self) -> Sequence[LeverSpec]:
        """Four, with each main parameter but a flag."""
        return _LEVERS

    def touches(self, call: LeverCall) -> Mapping[str, Sequence[str]]:
        """One aspect each."""
        spec = check_names(call, _LEVERS)
        missing = [name for name in spec.parameters if name not in call.arguments]
        if missing:
            raise InputError(f"{missing[0]} is missing (for example: {spec.example})")
        if call.name == "scale" and not call.arguments["replicas"].isdigit():
            raise InputError(f"replicas: '{call.arguments['replicas']}' is not a whole number")
        component, aspect = _TOUCHES[call.name]
        return {component: (aspect,)}

    async def pull(self, call: LeverCall) -> LeverResult:
        """Change the one aspect."""
        [(component, [aspect])] = self.touches(call).items()
        await self._called("pull", call)
        before = self.things[component][aspect]
        wanted: Json = {
            "rollback": RELEASES[0],
            "fail-over": "standby",
            "breaker": call.arguments.get("state"),
        }.get(call.name)
        if call.name == "scale":
            wanted = int(call.arguments["replicas"])
        self.things[component][aspect] = wanted
        return LeverResult(
            ok=True, did=f"{component} {aspect} {before} -> {wanted}", changed=before != wanted
        )

    async def look(self, topic: Topic, arguments: Mapping[str, str]) -> Answer:
        """The state of the service, whatever the topic."""
        await self._called("look", (topic, dict(arguments)))
        if arguments:
            raise InputError(f"look {topic} takes no arguments")
        return Answer(topic, ("what", "now"), [[name, value] for name, value in self.things["auth"].items()])

    def by_hand(self, things: Things) -> Sequence[str]:
        """One line for each thing."""
        return [
            f"set {component} {aspect} to {value!r}"
            for component, row in things.items()
            for aspect, value in row.items()
        ]
