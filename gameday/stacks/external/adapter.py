"""``ExternalStack``: the stack port over a team's own staging system, as one file of theirs describes it."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from gameday.errors import InputError, Refused, StackError
from gameday.levers import check_names
from gameday.model.external import External, Lever
from gameday.ports import (
    Alerting,
    Answer,
    Capabilities,
    Endpoints,
    Identity,
    LeverCall,
    LeverResult,
    LeverSpec,
    Target,
    Things,
    Topic,
    Witness,
)
from gameday.stacks.external.doing import do, shown, token_of
from gameday.stacks.platform.catalog import known
from gameday.stacks.platform.toxiproxy import ProxyState, Toxiproxy

_PROXY_ASPECTS = ("proxy.enabled", "proxy.toxics")
_ANSWER_SECONDS = 5.0


class ExternalStack:
    """Attached to, never brought up or taken down."""

    kind = "external"

    def __init__(self, file: Path, system: External) -> None:
        self._file = file.resolve()
        self._system = system
        self._toxiproxy: Toxiproxy | None = None

    def handle(self) -> Mapping[str, str]:
        """The file."""
        return {"file": str(self._file)}

    async def up(self) -> None:
        """Not ours to do."""
        raise StackError("an external stack is attached to, not brought up")

    async def attach(self) -> None:
        """See that it proves to be staging, and that its fault proxy has what the file says. Raises Refused."""
        await self.identity()
        proxies = self._system.toxiproxy
        if proxies is not None:
            self._toxiproxy = await Toxiproxy.found(proxies.url, proxies.proxies)

    async def down(self) -> None:
        """It stays."""
        self._toxiproxy = None

    async def claim(self, run: str, claim: str, seconds: float) -> str:  # noqa: ARG002 - the port's
        """A system of others has no place to keep it: whoever else breaks it is for its team to know."""
        return ""

    async def release(self, run: str) -> None:
        """Nothing was kept."""

    async def identity(self) -> Identity:
        """Asked of the system as its file says; one that answers something else is not touched. Raises Refused."""
        proof = self._system.identity
        said = await do(proof, {}, self._file.parent)
        if said != proof.equals:
            raise Refused(
                f"{self._file.stem} does not prove to be staging: {shown(proof, {})} says '{said[:80]}', "
                f"not '{proof.equals}'"
            )
        return Identity(self.kind, said, self._file.stem)

    async def ready(self) -> Mapping[str, bool]:
        """Whether the gateway answers at all, and the fault proxy."""
        gateway = self._system.gateway
        ready = {f"gateway at {gateway}": await _answers(gateway)}
        if self._toxiproxy is not None:
            ready["fault-proxy"] = await self._toxiproxy.populated()
        return ready

    def endpoints(self) -> Endpoints:
        """As the file says."""
        proxies = self._system.toxiproxy
        return Endpoints(
            self._system.gateway, proxies.url if proxies else "", proxies.proxies if proxies else {}
        )

    def environment(self) -> Mapping[str, str]:
        """Addresses, proxies' names, and what the file takes from the user's own environment."""
        points = self.endpoints()
        own = {name: token_of(variable) for name, variable in self._system.environment.items()}
        return {
            "GAMEDAY_STACK": self.kind,
            "GAMEDAY_GATEWAY_URL": points.gateway,
            "GAMEDAY_TOXIPROXY_URL": points.toxiproxy,
            **points.proxy_variables(),
            **own,
        }

    def alerting(self) -> Alerting | None:
        """The team's own, where the file names one."""
        pager, prometheus = self._system.alertmanager, self._system.prometheus
        if pager is None or prometheus is None:
            return None
        return Alerting(
            prometheus,
            pager.url,
            token_of(pager.token_env),
            stream=pager.stream or "",
            receiver=pager.receiver,
            listen=pager.listen,
        )

    def witness(self) -> Witness | None:
        """Nobody."""
        return None

    def capabilities(self) -> Capabilities:
        """What the file names, and no more."""
        return Capabilities(
            frozenset(self._system.levers),
            frozenset(self._system.components),
            frozenset(self._system.looks),
            otherwise=f"{self._file.name} does not name it",
        )

    async def targets(self) -> Sequence[Target]:
        """The pages that the file names."""
        return [Target(one.job, one.url, one.job) for one in self._system.targets]

    async def inventory(self) -> Things:
        """What the fault proxy and the levers' ``read`` say."""
        things: dict[str, dict[str, object]] = {name: {} for name in self._system.components}
        if self._toxiproxy is not None:
            for component in self._toxiproxy.proxies:
                proxy = await self._toxiproxy.read(component)
                things[component] |= {"proxy.enabled": proxy.enabled, "proxy.toxics": dict(proxy.toxics)}
        reads = [
            (service, lever)
            for lever in self._system.levers.values()
            for service in lever.services
            if lever.read is not None
        ]
        states = await asyncio.gather(*(self._read(lever, service) for service, lever in reads))
        for (service, lever), state in zip(reads, states, strict=True):
            things[service][lever.state] = state
        return things

    async def restore(self, things: Things) -> None:
        """By the fault proxy, and by the levers' ``undo``. Raises InputError for what nobody can bring back."""
        for component, aspects in things.items():
            for aspect in aspects:
                known(f"thing in {component}", aspect, self._aspects(component))
        problems = []
        for component, aspects in things.items():
            try:
                await self._restore(component, aspects)
            except StackError as problem:
                problems.append(str(problem))
        if problems:
            raise StackError("; ".join(problems))

    def levers(self) -> Sequence[LeverSpec]:
        """Those of the file."""
        return tuple(
            LeverSpec(
                name,
                lever.about or shown(lever.run, {}),
                {"service": f"one of {', '.join(lever.services)}", **lever.parameters},
                " ".join(
                    ["gameday lever", name, lever.services[0], *(f"{key}=..." for key in lever.parameters)]
                ),
            )
            for name, lever in self._system.levers.items()
        )

    def touches(self, call: LeverCall) -> Mapping[str, Sequence[str]]:
        """The state that it reads; none is promised where there is no ``read``. Raises InputError."""
        lever, arguments = self._called(call)
        return {arguments["service"]: (lever.state,) if lever.read else ()}

    async def pull(self, call: LeverCall) -> LeverResult:
        """Do it, and read back what it changed where that can be read."""
        lever, arguments = self._called(call)
        service = arguments["service"]
        if lever.read is None:
            said = await do(lever.run, arguments, self._file.parent)
            last = said.splitlines()[-1] if said else "done, not read back"
            return LeverResult(ok=True, did=f"{service}: {last[:200]}")
        before = await self._read(lever, service)
        await do(lever.run, arguments, self._file.parent)
        after = await self._read(lever, service)
        if before == after:
            return LeverResult(ok=True, did=f"{service}: {lever.state} is {after}, as before", changed=False)
        return LeverResult(ok=True, did=f"{service}: {lever.state} {before} -> {after}")

    async def look(self, topic: Topic, arguments: Mapping[str, str]) -> Answer:
        """The table or the lines that the team's own command gives. Raises InputError, StackError."""
        act = self._system.looks.get(topic)
        if arguments:
            raise InputError(f"look {topic} takes no arguments on this stack")
        if act is None:
            raise StackError(f"nobody answers look {topic}: {self._file.name} does not name it")
        return _table(topic, await do(act, {}, self._file.parent))

    def by_hand(self, things: Things) -> Sequence[str]:
        """Calls of the fault proxy, and the team's own commands."""
        lines = []
        for component, aspects in things.items():
            if self._system.toxiproxy and set(aspects) & set(_PROXY_ASPECTS):
                proxy = (
                    f"{self._system.toxiproxy.url}/proxies/{self._system.toxiproxy.proxies.get(component)}"
                )
                wanted = shlex.quote(
                    json.dumps({key: aspects[key] for key in aspects if key in _PROXY_ASPECTS})
                )
                lines.append(
                    f"curl {proxy}  # bring it to {wanted}: DELETE {proxy}/toxics/NAME removes a toxic"
                )
            lines += [
                f"cd {shlex.quote(str(self._file.parent))} && "
                + shown(lever.undo, {"service": component, lever.state: str(aspects[lever.state])})
                for lever in self._system.levers.values()
                if component in lever.services and lever.undo and lever.state in aspects
            ]
        return lines

    def _called(self, call: LeverCall) -> tuple[Lever, Mapping[str, str]]:
        check_names(call, self.levers())
        lever = self._system.levers[call.name]
        for name in ("service", *lever.parameters):
            if not call.arguments.get(name):
                raise InputError(f"{name} is missing")
        known("service", call.arguments["service"], lever.services)
        return lever, call.arguments

    async def _read(self, lever: Lever, service: str) -> str:
        assert lever.read is not None
        return await do(lever.read, {"service": service}, self._file.parent)

    def _aspects(self, component: str) -> list[str]:
        known("component", component, self._system.components)
        proxied = self._system.toxiproxy is not None and component in self._system.toxiproxy.proxies
        return [
            *(_PROXY_ASPECTS if proxied else ()),
            *(one.state for one in self._system.levers.values() if one.undo and component in one.services),
        ]

    async def _restore(self, component: str, aspects: Mapping[str, object]) -> None:
        if self._toxiproxy is not None and set(aspects) & set(_PROXY_ASPECTS):
            now = await self._toxiproxy.read(component)
            toxics = aspects.get("proxy.toxics", now.toxics)
            assert isinstance(toxics, Mapping)
            wanted = ProxyState(bool(aspects.get("proxy.enabled", now.enabled)), toxics)
            await self._toxiproxy.restore(component, wanted)
        for lever in self._system.levers.values():
            if component in lever.services and lever.undo and lever.state in aspects:
                wanted_state = str(aspects[lever.state])
                if await self._read(lever, component) != wanted_state:
                    arguments = {"service": component, lever.state: wanted_state}
                    await do(lever.undo, arguments, self._file.parent)


async def _answers(url: str) -> bool:
    """Whether anybody does, whatever the answer: its certificate and its start page are the load's business."""
    try:
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            aiohttp.ClientSession() as client,
            client.get(url, allow_redirects=False, ssl=False),
        ):
            return True
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def _table(topic: Topic, text: str) -> Answer:
    """JSON rows as a table, anything else line by line."""
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if (
        isinstance(rows, dict)
        and isinstance(rows.get("columns"), list)
        and isinstance(rows.get("rows"), list)
    ):
        return Answer(topic, rows["columns"], [[_cell(value) for value in row] for row in rows["rows"]])
    if isinstance(rows, dict):
        return Answer(topic, ("what", "now"), [(key, _cell(value)) for key, value in rows.items()])
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        columns = list(dict.fromkeys(key for row in rows for key in row))
        return Answer(topic, columns, [[_cell(row.get(column)) for column in columns] for row in rows])
    return Answer(topic, ("line",), [[line] for line in text.splitlines() or ["(nothing)"]])


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else json.dumps(value)
