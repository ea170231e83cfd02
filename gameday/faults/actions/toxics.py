"""Actions and probes through Toxiproxy, by toxiproxy-python.

That library raises on three statuses only, returns None or False on others and keeps its server's address in a
class, so every answer here is checked by reading the proxy back, and one process talks to one server.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from toxiproxy import Toxiproxy
from toxiproxy.proxy import Proxy

from gameday.faults.actions import memory

__all__ = ["add_toxic", "disable", "enabled", "remember_toxics", "restore_toxics", "toxic_listed"]

_KEYS = ("type", "stream", "toxicity", "attributes")


def _proxy(name: str) -> Proxy:
    address = urlsplit(os.environ["GAMEDAY_TOXIPROXY_URL"])
    server = Toxiproxy()
    server.update_api_consumer(address.hostname, address.port)
    # A stack may call the proxy in front of a component otherwise than the component.
    name = os.environ.get(f"GAMEDAY_PROXY_{name.upper().replace('-', '_')}", name)
    found = server.get_proxy(name)
    if found is None:
        raise LookupError(f"Toxiproxy at {address.netloc} has no proxy '{name}'")
    return found


def _toxics(name: str) -> dict[str, dict[str, Any]]:
    """Toxics of a proxy as a stack's inventory writes them: name -> type, stream, toxicity, attributes."""
    return {
        toxic: {key: getattr(toxic_object, key) for key in _KEYS}
        for toxic, toxic_object in _proxy(name).toxics().items()
    }


def add_toxic(
    proxy: str,
    type: str,  # noqa: A002 - Toxiproxy's own word
    *,
    stream: str = "downstream",
    toxicity: float = 1.0,
    attributes: dict[str, Any] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Add a toxic and read it back; gives it as the server lists it.

    Raises:
        RuntimeError: it is not listed afterwards.
    """
    wanted = name or f"{type}_{stream}"
    _proxy(proxy).add_toxic(
        type=type, stream=stream, name=wanted, toxicity=float(toxicity), attributes=dict(attributes or {})
    )
    listed = _toxics(proxy)
    if wanted not in listed:
        raise RuntimeError(f"toxic '{wanted}' was added to proxy '{proxy}' but is not listed")
    return listed[wanted]


def disable(proxy: str) -> None:
    """Cut a proxy off: it drops what it has and refuses what comes.

    Raises:
        RuntimeError: it is still enabled afterwards.
    """
    _proxy(proxy).disable()
    if enabled(proxy):
        raise RuntimeError(f"proxy '{proxy}' was disabled but is still enabled")


def enabled(proxy: str) -> bool:
    """Whether a proxy lets anything through."""
    return bool(_proxy(proxy).enabled)


def toxic_listed(proxy: str, name: str) -> bool:
    """Whether a proxy has a toxic of this name."""
    return name in _toxics(proxy)


def remember_toxics(proxy: str) -> list[str]:
    """Keep the proxy's present toxics for ``restore_toxics``; gives their names."""
    memory.keep(proxy, {"proxy.toxics": _toxics(proxy)})
    return sorted(memory.recall(proxy)["proxy.toxics"])


def restore_toxics(proxy: str) -> bool:
    """Bring the proxy's toxics back to what is remembered, and read them back.

    Raises:
        RuntimeError: they are still different afterwards.
    """
    wanted: dict[str, dict[str, Any]] = memory.recall(proxy).get("proxy.toxics", {})
    there = _toxics(proxy)
    for name in there:
        if there[name] != wanted.get(name):
            _proxy(proxy).destroy_toxic(name)
    for name, toxic in wanted.items():
        if there.get(name) != toxic:
            _proxy(proxy).add_toxic(name=name, **toxic)
    if (now := _toxics(proxy)) != wanted:
        raise RuntimeError(f"toxics of proxy '{proxy}' are {sorted(now)}, not {sorted(wanted)}")
    return True
