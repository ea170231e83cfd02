"""The fault proxy's HTTP API for who owns the proxies: make them, read them, bring them to a state.

Speaks to Toxiproxy 2.12 and to gameday's own proxy alike. Every request has a deadline; a removal that hangs
is answered by deleting the proxy and making it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from gameday.errors import StackError

_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """One proxy: where it listens and where it leads."""

    name: str
    listen: str
    upstream: str

    def body(self, *, enabled: bool = True) -> dict[str, Any]:
        """As the API takes it."""
        return {"name": self.name, "listen": self.listen, "upstream": self.upstream, "enabled": enabled}


@dataclass(frozen=True, slots=True)
class ProxyState:
    """What a proxy does to its traffic: toxic's name -> type, stream, toxicity, attributes."""

    enabled: bool
    toxics: Mapping[str, Mapping[str, Any]]


class Toxiproxy:
    """The API at one address."""

    def __init__(self, url: str, proxies: Mapping[str, ProxySpec]) -> None:
        self.url = url
        self.proxies = proxies
        """Component -> the proxy in front of it."""

    @classmethod
    async def found(cls, url: str, names: Mapping[str, str]) -> Self:
        """One whose proxies are there already: component -> proxy's name. Raises StackError where one is not."""
        there = await cls(url, {}).listed()
        missing = sorted(set(names.values()) - set(there))
        if missing:
            raise StackError(f"the fault proxy at {url} has no proxy {', '.join(missing)}")
        specs = {
            component: ProxySpec(name, there[name]["listen"], there[name]["upstream"])
            for component, name in names.items()
        }
        return cls(url, specs)

    async def listed(self) -> dict[str, dict[str, Any]]:
        """Every proxy of the server, by name."""
        proxies: dict[str, dict[str, Any]] = await self._call("GET", "/proxies")
        return proxies

    async def populate(self) -> None:
        """Make all proxies, free of toxics."""
        await self._call("POST", "/populate", [spec.body() for spec in self.proxies.values()])

    async def version(self) -> str:
        """What answers."""
        return str(await self._call("GET", "/version"))

    async def populated(self) -> bool:
        """Whether the server answers and has every proxy: one that has just come back has none at first."""
        try:
            there = await self.listed()
        except StackError:
            return False
        return all(spec.name in there for spec in self.proxies.values())

    async def read(self, component: str) -> ProxyState:
        """What the proxy in front of a component does now."""
        found = await self._call("GET", f"/proxies/{self.proxies[component].name}")
        kept = ("type", "stream", "toxicity", "attributes")
        toxics = {toxic["name"]: {key: toxic[key] for key in kept} for toxic in found["toxics"]}
        return ProxyState(found["enabled"], toxics)

    async def restore(self, component: str, wanted: ProxyState) -> None:
        """Bring a proxy to a state; nothing is touched where it holds. Raises StackError."""
        spec = self.proxies[component]
        try:
            now = await self.read(component)
            if now == wanted:
                return
            await self._change(spec.name, now, wanted)
        except StackError:
            await self._make_anew(spec, wanted)

    async def _change(self, name: str, now: ProxyState, wanted: ProxyState) -> None:
        for toxic, what in now.toxics.items():
            if wanted.toxics.get(toxic) != what:
                await self._call("DELETE", f"/proxies/{name}/toxics/{toxic}")
        for toxic, what in wanted.toxics.items():
            if now.toxics.get(toxic) != what:
                await self._call("POST", f"/proxies/{name}/toxics", {"name": toxic, **what})
        if now.enabled != wanted.enabled:
            await self._call("POST", f"/proxies/{name}", {"enabled": wanted.enabled})

    async def _make_anew(self, spec: ProxySpec, wanted: ProxyState) -> None:
        if spec.name in await self._call("GET", "/proxies"):
            await self._call("DELETE", f"/proxies/{spec.name}")
        await self._call("POST", "/proxies", spec.body(enabled=wanted.enabled))
        for toxic, what in wanted.toxics.items():
            await self._call("POST", f"/proxies/{spec.name}/toxics", {"name": toxic, **what})

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.request(method, self.url + path, json=body) as answer,
            ):
                text = await answer.text()
                if not answer.ok:
                    raise StackError(
                        f"the fault proxy refused {method} {path}: {answer.status} {text.strip()}"
                    )
                # Some answers are JSON sent as text/plain, some are empty.
                return await answer.json(content_type=None) if text.startswith(("{", "[")) else text
        except (TimeoutError, aiohttp.ClientError) as error:
            raise StackError(
                f"the fault proxy does not answer {method} {path}: {str(error) or 'no answer'}"
            ) from error
