"""What a pod's template makes of the service, and roll-outs that never end, as somebody careless brings them about.

A release is an image's tag. One whose readiness is asked where nobody answers is another one, told by its name: pods of
it are never ready, however well they run.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from gameday.errors import InputError
from gameday.stacks.platform.catalog import SETTINGS, Spec, Value

WAYS = ("image", "configuration", "readiness")
_UNPUBLISHED = "v1.4.0"
"""No image has this tag."""
_UNREADY = "-unready"
_READY_PATH, _NO_PATH = "/readyz", "/readiness"


def stuck(spec: Spec, how: str) -> Spec:
    """A spec whose roll-out never ends.

    By an image that nobody has published, a setting that no replica starts with, or a readiness that is asked in the
    wrong place.

    Raises:
        InputError: there is no such way.
    """
    match how:
        case "image":
            return dataclasses.replace(spec, version=_UNPUBLISHED, flags={})
        case "configuration":
            return dataclasses.replace(spec, settings={**spec.settings, "pool_max": "many"})
        case "readiness":
            return dataclasses.replace(spec, version=spec.version.removesuffix(_UNREADY) + _UNREADY)
    raise InputError(f"how: '{how}' is none of {', '.join(WAYS)}")


def version_of(container: dict[str, Any]) -> str:
    """The release that a container of the service runs."""
    tag = str(container["image"].rpartition(":")[2])
    path = container.get("readinessProbe", {}).get("httpGet", {}).get("path", _READY_PATH)
    return tag if path == _READY_PATH else tag + _UNREADY


def image_of(container: dict[str, Any]) -> str:
    """The name of its image without the tag: releases of a service differ in their tags only."""
    return str(container["image"].rpartition(":")[0])


def container_of(version: str, image: str) -> dict[str, Any]:
    """What to patch so that it runs a release of an image."""
    path = _NO_PATH if version.endswith(_UNREADY) else _READY_PATH
    return {
        "image": f"{image}:{version.removesuffix(_UNREADY)}",
        "readinessProbe": {"httpGet": {"path": path, "port": "http"}},
    }


def settings_of(container: dict[str, Any]) -> dict[str, Value]:
    """The settings that its environment says; what is no number is told as it stands there."""
    environment = {row["name"]: row.get("value", "") for row in container.get("env", ())}
    return {
        name: _read(environment.get(name.upper(), setting.default), type(setting.default))
        for name, setting in SETTINGS.items()
    }


def both(seen: Value, wanted: Value) -> Value:
    """What the replicas say and what they should be, where these differ: ``a, b``."""
    return seen if seen == wanted else ", ".join(sorted({*str(seen).split(", "), str(wanted)}))


def _read(value: Value, kind: type) -> Value:
    try:
        found: Value = kind(value)
    except ValueError:
        return value
    return found
