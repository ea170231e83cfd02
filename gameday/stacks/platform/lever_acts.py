"""What pulling a lever does in the embedded stack: each act reads back what it did and says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping

from gameday.errors import StackError
from gameday.ports import LeverCall, LeverResult
from gameday.stacks.platform.catalog import RELEASES, SERVICE, Spec, Value
from gameday.stacks.platform.database_acts import fail_over_database, start_database
from gameday.stacks.platform.history import RESPONDER, shown
from gameday.stacks.platform.lever_table import Arguments, read_arguments
from gameday.stacks.platform.parts import Parts
from gameday.stacks.platform.rollout import at_release, with_settings
from gameday.stacks.platform.sessions import end_sessions


async def pull(parts: Parts, call: LeverCall) -> LeverResult:
    """Do it. Raises InputError before anything was done, StackError where it could not be done."""
    arguments = read_arguments(call)
    return await _ACTS[call.name](parts, arguments)


async def deploy(parts: Parts, version: str, author: str) -> LeverResult:
    """Bring a release out, with its flags as it turns them, replica by replica."""
    before, after = await parts.auth.become(lambda spec: at_release(spec, version), author)
    observed = await parts.auth.observed()
    if observed.version != version and parts.auth.overtaken:
        did = f"{SERVICE} {before.version} -> {version}, until {parts.auth.overtaken} made it {observed.version}"
        return LeverResult(ok=True, did=did)
    if observed.version != version:
        raise StackError(f"{SERVICE} runs {observed.version} after the deploy of {version}")
    count = f"{len(parts.auth.replicas)} replicas"
    if before.version == after.version:
        return LeverResult(ok=True, did=f"{SERVICE} is at {version} already, {count}", changed=False)
    return LeverResult(ok=True, did=f"{SERVICE} {before.version} -> {version}, {count}")


async def _rollback(parts: Parts, arguments: Arguments) -> LeverResult:
    to = arguments["to"] or parts.auth.previous_release()
    if to is None:
        now = (await parts.auth.observed()).version
        return LeverResult(
            ok=True, did=f"{SERVICE} stays at {now}: no release was out before it", changed=False
        )
    return await deploy(parts, to, RESPONDER)


async def _disable_flag(parts: Parts, arguments: Arguments) -> LeverResult:
    flag = arguments["flag"]

    def off(spec: Spec) -> Spec:
        if flag not in RELEASES.get(spec.version, ()):
            return spec
        return dataclasses.replace(spec, flags={**spec.flags, flag: False})

    before, after = await parts.auth.become(off, RESPONDER)
    if flag not in after.flags:
        return LeverResult(ok=True, did=f"{after.version} has no flag {flag}", changed=False)
    seen = await parts.auth.observed()
    if seen.flags.get(flag) is not False:
        raise StackError(f"flag {flag} is not off in every replica")
    if not before.flags[flag]:
        return LeverResult(ok=True, did=f"flag {flag} was off already", changed=False)
    return LeverResult(ok=True, did=f"flag {flag} turned off in {len(parts.auth.replicas)} replicas")


async def _restart(parts: Parts, arguments: Arguments) -> LeverResult:
    old = await parts.auth.restart(arguments["replica"])
    new = [replica.name for replica in parts.auth.replicas][-len(old) :]
    ready = await parts.auth.ready_replicas()
    total = len(parts.auth.replicas)
    did = f"{', '.join(old)} replaced by {', '.join(new)}; {ready} of {total} ready"
    return LeverResult(ok=ready == total, did=did, changed=bool(old))


async def _scale(parts: Parts, arguments: Arguments) -> LeverResult:
    return await scale(parts, arguments["replicas"], RESPONDER)


async def scale(parts: Parts, wanted: int, author: str) -> LeverResult:
    """Change how many replicas there should be."""
    before, _ = await parts.auth.become(lambda spec: dataclasses.replace(spec, replicas=wanted), author)
    ready = await parts.auth.ready_replicas()
    did = f"{SERVICE} {before.replicas} -> {wanted} replicas, {ready} ready"
    return LeverResult(ok=ready == wanted, did=did, changed=before.replicas != wanted)


async def _set_config(parts: Parts, arguments: Arguments) -> LeverResult:
    return await configure(parts, arguments["settings"], RESPONDER)


async def configure(parts: Parts, wanted: Mapping[str, Value], author: str) -> LeverResult:
    """Change settings, replica by replica, as whoever writes the configuration does."""
    before, _ = await parts.auth.become(lambda spec: with_settings(spec, wanted), author)
    seen = (await parts.auth.observed()).settings
    wrong = [name for name, value in wanted.items() if seen[name] != value]
    if wrong:
        raise StackError(f"not set in every replica: {', '.join(wrong)}")
    parts_of = [f"{name} {shown(before.settings[name])} -> {shown(value)}" for name, value in wanted.items()]
    changed = any(before.settings[name] != value for name, value in wanted.items())
    return LeverResult(ok=True, did=f"{SERVICE}: {', '.join(parts_of)}", changed=changed)


async def _terminate(parts: Parts, arguments: Arguments) -> LeverResult:
    idle_for, roles = arguments["idle_for"], arguments["roles"]
    ended = await end_sessions(parts.database, roles, idle_for)
    total = sum(ended.values())
    by_role = f" ({', '.join(f'{role} {count}' for role, count in ended.items())})" if total else ""
    did = f"{total} sessions of {' and '.join(roles)} ended, idle for {idle_for:g} s{by_role}"
    return LeverResult(ok=True, did=did, changed=total > 0)


async def _breaker(parts: Parts, arguments: Arguments) -> LeverResult:
    state = arguments["state"]
    before, _ = await parts.auth.become(lambda spec: dataclasses.replace(spec, breaker=state), RESPONDER)
    seen = (await parts.auth.observed()).breaker
    if seen != state:
        raise StackError(f"the breaker of {arguments['dependency']} is {seen}, not {state}")
    did = f"{arguments['dependency']} {before.breaker} -> {state}"
    return LeverResult(ok=True, did=did, changed=before.breaker != state)


_ACTS: dict[str, Callable[[Parts, Arguments], Awaitable[LeverResult]]] = {
    "rollback": _rollback,
    "disable-flag": _disable_flag,
    "restart": _restart,
    "scale": _scale,
    "set-config": _set_config,
    "terminate-connections": _terminate,
    "breaker": _breaker,
    "fail-over": fail_over_database,
    "start": start_database,
}
