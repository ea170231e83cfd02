"""The stack's state as things: read back part by part, and brought back to where it was.

auth                version, replicas, flag.<name> (its effective value, also in releases that have no such
                    flag), setting.<name> (seconds or counts), breaker.identity-provider
identity-provider   running, proxy.enabled, proxy.toxics
database            primary, replica, sessions.batch (of jobs beside the service), proxy.enabled, proxy.toxics
"""

from __future__ import annotations

import asyncio
import dataclasses
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence

from gameday.errors import StackError
from gameday.ports import Json, Things
from gameday.stacks.local.catalog import (
    COMPONENTS,
    DATABASE,
    FLAGS,
    IDENTITY,
    RELEASES,
    SERVICE,
    SETTINGS,
    Spec,
    known,
)
from gameday.stacks.local.parts import Parts
from gameday.stacks.local.rollout import at_release, with_settings
from gameday.stacks.local.sessions import BATCH_SESSIONS, batch_sessions, restore_batch_sessions
from gameday.stacks.local.toxiproxy import ProxyState

BREAKER = f"breaker.{IDENTITY}"
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
    DATABASE: ("primary", "replica", BATCH_SESSIONS, *PROXY_ASPECTS),
}


async def read_inventory(parts: Parts) -> Things:
    """All of it, asked of the parts themselves. Raises StackError where one does not answer."""
    auth, identity, database, primary, replica, batch = await asyncio.gather(
        parts.auth.observed(),
        parts.toxiproxy.read(IDENTITY),
        parts.toxiproxy.read(DATABASE),
        parts.database.primary_answers(),
        parts.database.replica_streams(),
        batch_sessions(parts.database),
    )
    return {
        SERVICE: _of_auth(auth),
        IDENTITY: {"running": parts.identity.running, **_of_proxy(identity)},
        DATABASE: {
            "primary": "running" if primary else "stopped",
            "replica": "streaming" if replica else "stopped",
            BATCH_SESSIONS: batch,
            **_of_proxy(database),
        },
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
    # The proxies first and at once: a service cannot be rolled through a dependency that hangs.
    problems = await _all(
        [
            _restore_identity(parts, things.get(IDENTITY, {})),
            _restore_database(parts, things.get(DATABASE, {})),
            *(_restore_proxy(parts, name, things.get(name, {})) for name in (IDENTITY, DATABASE)),
        ]
    )
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


async def _restore_database(parts: Parts, wanted: Mapping[str, Json]) -> None:
    primary, replica = parts.database.children()
    if wanted.get("primary") == "running" and not primary.running:
        await primary.stop()
        await parts.database.start_primary()
    if BATCH_SESSIONS in wanted:
        await restore_batch_sessions(parts.database, wanted[BATCH_SESSIONS])
    if wanted.get("replica") == "streaming" and not await parts.database.replica_streams():
        await parts.database.start_replica()
    if wanted.get("replica") == "stopped":
        await replica.stop(signal.SIGQUIT, within=5)
    if wanted.get("primary") == "stopped":
        await primary.stop(signal.SIGQUIT, within=5)


async def _restore_proxy(parts: Parts, component: str, wanted: Mapping[str, Json]) -> None:
    if not any(aspect in wanted for aspect in PROXY_ASPECTS):
        return
    try:
        now = await parts.toxiproxy.read(component)
        state = ProxyState(wanted.get("proxy.enabled", now.enabled), wanted.get("proxy.toxics", now.toxics))
        await parts.toxiproxy.restore(component, state)
    except StackError:
        # A proxy that hangs or has lost its list is replaced; then it takes the state anew.
        await parts.proxy.stop()
        await parts.proxy.start()
        await parts.populate()
        fresh = ProxyState(wanted.get("proxy.enabled", True), wanted.get("proxy.toxics", {}))
        await parts.toxiproxy.restore(component, fresh)


async def _all(calls: Sequence[Awaitable[object]]) -> list[str]:
    """Do them all at once; the words of those that failed."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, StackError):
            raise result
    return [str(result) for result in results if isinstance(result, StackError)]
