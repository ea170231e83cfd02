"""The levers of the embedded stack: how responders see them, what each may change, what its arguments may be.

Everything here is known without asking the stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameday.errors import InputError
from gameday.levers import check_names
from gameday.model.quantities import duration
from gameday.ports import LeverCall, LeverSpec
from gameday.stacks.platform.catalog import (
    DATABASE,
    FLAGS,
    IDENTITY,
    RELEASES,
    SERVICE,
    SETTINGS,
    STANDBY,
    Value,
    known,
    read_breaker,
    read_replicas,
    read_value,
)
from gameday.stacks.platform.database import ORDINARY_ROLES
from gameday.stacks.platform.failover import SERVER_ASPECTS, STANDBY_ASPECTS
from gameday.stacks.platform.inventory import BREAKER

_SERVICE = f"the service ({SERVICE})"
SERVERS = (DATABASE, STANDBY)

LEVERS = (
    LeverSpec(
        "rollback",
        "bring back the release that was out before, replica by replica",
        {"service": _SERVICE, "to": "the release to go to instead"},
        "gameday lever rollback auth",
    ),
    LeverSpec(
        "disable-flag",
        "turn a feature flag off in every replica, at once",
        {"flag": f"the flag ({', '.join(FLAGS)})"},
        "gameday lever disable-flag new-login-flow",
    ),
    LeverSpec(
        "restart",
        "replace the replicas by fresh ones, one after the other",
        {"service": _SERVICE, "replica": "only this one, by its name in `gameday look metrics`"},
        "gameday lever restart auth",
    ),
    LeverSpec(
        "scale",
        "run more or fewer replicas",
        {"service": _SERVICE, "replicas": "how many"},
        "gameday lever scale auth replicas=3",
    ),
    LeverSpec(
        "set-config",
        "change settings of the service, by a rolling restart",
        {"service": _SERVICE, **{name: setting.about for name, setting in SETTINGS.items()}},
        "gameday lever set-config auth pool_max=20",
    ),
    LeverSpec(
        "terminate-connections",
        "end the database sessions that have been idle for long",
        {
            "idle_for": "idle at least so long (5s)",
            "user": f"only those of this role ({', '.join(ORDINARY_ROLES)})",
        },
        "gameday lever terminate-connections idle_for=5s",
    ),
    LeverSpec(
        "breaker",
        "stop asking a dependency, or wait for it for a shorter time; logins then go on without it",
        {"dependency": f"the dependency ({IDENTITY})", "state": "open, closed or timeout=200ms"},
        "gameday lever breaker identity-provider state=open",
    ),
    LeverSpec(
        "fail-over",
        "fence a database server that leads, and promote its standby",
        {"service": f"the server that is to lead no more ({' or '.join(SERVERS)})"},
        "gameday lever fail-over database",
    ),
    LeverSpec(
        "start",
        "start a database server, or let one go on; one that leads no more comes back as a standby",
        {"service": f"the server ({' or '.join(SERVERS)})"},
        "gameday lever start database",
    ),
)

Arguments = Mapping[str, Any]


def read_arguments(call: LeverCall) -> Arguments:
    """The call's arguments as values, defaults filled in. Raises InputError with the nearest known name."""
    check_names(call, LEVERS)
    return _READERS[call.name](call.arguments)


def touched(call: LeverCall) -> Mapping[str, tuple[str, ...]]:
    """Component -> aspects of the inventory that the call may change. Raises InputError."""
    arguments = read_arguments(call)
    if call.name == "terminate-connections":
        return {DATABASE: ()}
    if call.name in {"fail-over", "start"}:
        return {DATABASE: SERVER_ASPECTS, STANDBY: STANDBY_ASPECTS}
    aspects = {
        "rollback": ("version", *(f"flag.{flag}" for flag in FLAGS)),
        "disable-flag": (f"flag.{arguments.get('flag')}",),
        "scale": ("replicas",),
        "set-config": tuple(f"setting.{name}" for name in arguments.get("settings", ())),
        "breaker": (BREAKER,),
    }
    return {SERVICE: aspects.get(call.name, ())}


def _service(given: Mapping[str, str]) -> str:
    return known("service", _needed(given, "service"), [SERVICE])


def _needed(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise InputError(f"{name} is missing")
    return given[name]


def _read_rollback(given: Mapping[str, str]) -> Arguments:
    to = known("release", given["to"], RELEASES) if "to" in given else None
    return {"service": _service(given), "to": to}


def _read_flag(given: Mapping[str, str]) -> Arguments:
    return {"flag": known("flag", _needed(given, "flag"), FLAGS)}


def _read_restart(given: Mapping[str, str]) -> Arguments:
    return {"service": _service(given), "replica": given.get("replica")}


def _read_scale(given: Mapping[str, str]) -> Arguments:
    return {"service": _service(given), "replicas": read_replicas(_needed(given, "replicas"))}


def _read_config(given: Mapping[str, str]) -> Arguments:
    service = _service(given)
    return {"service": service, "settings": read_settings({k: v for k, v in given.items() if k != "service"})}


def read_settings(given: object) -> Mapping[str, Value]:
    """Settings as somebody wrote them, as values. Raises InputError."""
    if not isinstance(given, Mapping) or not given:
        raise InputError(f"name a setting: {', '.join(f'{name}=...' for name in SETTINGS)}")
    return {
        name: read_value(name, str(text), SETTINGS[known("setting", name, SETTINGS)].read)
        for name, text in given.items()
    }


def _read_terminate(given: Mapping[str, str]) -> Arguments:
    idle_for = read_value("idle_for", given.get("idle_for", "5s"), duration)
    roles = (known("user", given["user"], ORDINARY_ROLES),) if "user" in given else ORDINARY_ROLES
    return {"idle_for": idle_for, "roles": roles}


def _read_breaker(given: Mapping[str, str]) -> Arguments:
    dependency = known("dependency", _needed(given, "dependency"), [IDENTITY])
    return {"dependency": dependency, "state": read_breaker(_needed(given, "state"))}


def _read_server(given: Mapping[str, str]) -> Arguments:
    return {"service": known("database server", _needed(given, "service"), SERVERS)}


_READERS = {
    "rollback": _read_rollback,
    "disable-flag": _read_flag,
    "restart": _read_restart,
    "scale": _read_scale,
    "set-config": _read_config,
    "terminate-connections": _read_terminate,
    "breaker": _read_breaker,
    "fail-over": _read_server,
    "start": _read_server,
}
