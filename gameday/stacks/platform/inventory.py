"""The stack's state as things: read back part by part, and brought back to where it was.

auth                version, replicas, flag.<name> (its effective value, also in releases that have no such
                    flag), setting.<name> (seconds or counts), breaker.identity-provider
identity-provider   running, proxy.enabled, proxy.toxics
database            server (running, stopped, frozen, unplugged; silent where it runs and does not answer), role
                    (primary or standby: what it says, or would start as), sessions.batch (of jobs beside the
                    service), proxy.enabled, proxy.toxics
database-replica    server, role, proxy.enabled, proxy.toxics, and replication: whether who leads streams to the other
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence

from gameday.errors import StackError
from gameday.ports import Json, Things
from gameday.stacks.platform.catalog import (
    COMPONENTS,
    DATABASE,
    FLAGS,
    IDENTITY,
    PROXIES,
    RELEASES,
    SERVICE,
    SETTINGS,
    STANDBY,
    Spec,
    known,
)
from gameday.stacks.platform.failover import SERVER_ASPECTS, STANDBY_ASPECTS, read_servers, restore_servers
from gameday.stacks.platform.parts import Parts
from gameday.stacks.platform.rollout import at_release, with_settings
from gameday.stacks.platform.sessions import BATCH_SESSIONS, batch_sessions, restore_batch_sessions
from gameday.stacks.platform.toxiproxy import ProxyState

BREAKER = f"breaker.{IDENTITY}"
LEADER = "database leader"
"""How the history of settings calls who leads."""
RESTORED_BY = "gameday"
AUTH_ASPECTS = (
    "version",
    "replicas",
    *(f"flag.{flag}" for flag in FLAGS),
    *(f"setting.{name}" for name in SETTINGS),
    BREAKER,
)
PROXY_ASPECTS = ("proxy.enabled", "proxy.toxics")
ASPECTS: Mapping[str, tuple[str, ...]] = {
    SERVICE: AUTH_ASPECTS,
    IDENTITY: ("running", *PROXY_ASPECTS),
    DATABASE: (*SERVER_ASPECTS, BATCH_SESSIONS, *PROXY_ASPECTS),
    STANDBY: (*STANDBY_ASPECTS, *PROXY_ASPECTS),
}


async def read_inventory(parts: Parts) -> Things:
    """All of it, asked of the parts themselves. Raises StackError where one does not answer."""
    auth, servers, batch, proxies = await asyncio.gather(
        parts.auth.observed(),
        read_servers(parts.database),
        batch_sessions(parts.database),
        asyncio.gather(*(parts.toxiproxy.read(component) for component in PROXIES)),
    )
    of_proxy = {name: _of_proxy(state) for name, state in zip(PROXIES, proxies, strict=True)}
    return {
        SERVICE: _of_auth(auth),
        IDENTITY: {"running": parts.identity.running, **of_proxy[IDENTITY]},
        DATABASE: {**servers[DATABASE], BATCH_SESSIONS: batch, **of_proxy[DATABASE]},
        STANDBY: {**servers[STANDBY], **of_proxy[STANDBY]},
    }


async def restore_things(parts: Parts, things: Things) -> None:
    """Bring these things to these states, whatever is there now.

    Raises:
        InputError: a component or aspect that is not in an inventory; nothing was done.
        StackError: a part did not come to its state; the others did.
    """
    for component, aspects in things.items():
        for aspect in aspects:
            known(f"thing in {component}", aspect, ASPECTS[known("component", component, COMPONENTS)])
    change = _change_of_auth(things.get(SERVICE, {}))
    # The ways first and at once: a database that leads is to be reached, and a service cannot be rolled through
    # a dependency that hangs.
    problems = await _all(
        [
            _restore_identity(parts, things.get(IDENTITY, {})),
            *(_restore_proxy(parts, name, things.get(name, {})) for name in PROXIES),
        ]
    )
    problems += await _all([_restore_database(parts, things)])
    if things.get(SERVICE):
        problems += await _all([parts.auth.become(change, RESTORED_BY)])
    if problems:
        raise StackError("; ".join(problems))


def _of_auth(spec: Spec) -> dict[str, Json]:
    return {
        "version": spec.version,
        "replicas": spec.replicas,
        **{f"flag.{flag}": spec.flags.get(flag, False) for flag in FLAGS},
        **{f"setting.{name}": spec.settings[name] for name in SETTINGS},
        BREAKER: spec.breaker,
    }


def _of_proxy(state: ProxyState) -> dict[str, Json]:
    return {"proxy.enabled": state.enabled, "proxy.toxics": dict(state.toxics)}


def _change_of_auth(wanted: Mapping[str, Json]) -> Callable[[Spec], Spec]:
    """How the service's spec changes. Raises InputError for a release that there is not."""

    def change(spec: Spec) -> Spec:
        version = wanted.get("version", spec.version)
        flags = {flag: wanted[f"flag.{flag}"] for flag in FLAGS if f"flag.{flag}" in wanted}
        # A flag that nobody names stays as it is, unless the release changes.
        kept = {} if version != spec.version else spec.flags
        spec = at_release(spec, version, {**kept, **flags})
        settings = {name: wanted[f"setting.{name}"] for name in SETTINGS if f"setting.{name}" in wanted}
        return dataclasses.replace(
            with_settings(spec, settings),
            replicas=wanted.get("replicas", spec.replicas),
            breaker=wanted.get(BREAKER, spec.breaker),
        )

    if "version" in wanted:
        known("release", wanted["version"], RELEASES)
    return change


async def _restore_identity(parts: Parts, wanted: Mapping[str, Json]) -> None:
    if wanted.get("running") is True:
        if not parts.identity.running:
            # Under care it would come back by itself, in a moment.
            await parts.identity.stop()
            await parts.identity.start()
    elif wanted.get("running") is False:
        await parts.identity.stop()


async def _restore_database(parts: Parts, things: Things) -> None:
    before = parts.database.leader.name
    try:
        await restore_servers(parts.database, things)
    finally:
        parts.history.configured(RESTORED_BY, LEADER, before, parts.database.leader.name)
    wanted = things.get(DATABASE, {})
    if BATCH_SESSIONS in wanted:
        await restore_batch_sessions(parts.database, wanted[BATCH_SESSIONS])


async def _restore_proxy(parts: Parts, component: str, wanted: Mapping[str, Json]) -> None:
    if not any(aspect in wanted for aspect in PROXY_ASPECTS):
        return
    try:
        now = await parts.toxiproxy.read(component)
        state = ProxyState(wanted.get("proxy.enabled", now.enabled), wanted.get("proxy.toxics", now.toxics))
        await parts.toxiproxy.restore(component, state)
    except StackError:
        # A proxy that hangs or has lost its list is replaced; then it takes the state anew.
        await parts.replace_proxy()
        fresh = ProxyState(wanted.get("proxy.enabled", True), wanted.get("proxy.toxics", {}))
        await parts.toxiproxy.restore(component, fresh)


async def _all(calls: Sequence[Awaitable[object]]) -> list[str]:
    """Do them all at once; the words of those that failed."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, StackError):
            raise result
    return [str(result) for result in results if isinstance(result, StackError)]
