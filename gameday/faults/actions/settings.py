"""Actions and probes on a service's settings, through the stack's control API."""

from __future__ import annotations

from typing import Any

from gameday.faults.actions.control import ask

__all__ = ["configure", "still_set"]

_PUT: dict[tuple[str, str], Any] = {}
"""(service, setting) -> the value as the inventory shows it, once this process had put it."""


def configure(service: str, setting: str, value: str, author: str = "config-bot") -> str:
    """Change a setting in every replica of a service; gives what was done.

    Raises:
        RuntimeError: the stack refused, or the setting has this value already.
    """
    body = {"service": service, "settings": {setting: value}, "author": author}
    answer = ask("POST", "/settings", body)
    if not answer["changed"]:
        raise RuntimeError(f"nothing was changed: {answer['did']}")
    _PUT[service, setting] = _now(service, setting)
    return str(answer["did"])


def still_set(service: str, setting: str) -> bool:
    """Whether a replica of the service still has the value that this process put.

    Raises:
        LookupError: this process has not put any.
    """
    if (service, setting) not in _PUT:
        raise LookupError(f"this process has not changed {setting} of {service}")
    # While a change is being rolled out, the inventory shows both values.
    return str(_PUT[service, setting]) in str(_now(service, setting)).split(", ")


def _now(service: str, setting: str) -> Any:
    return ask("GET", "/inventory")[service][f"setting.{setting}"]
