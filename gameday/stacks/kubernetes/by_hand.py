"""What somebody did to the service with tools of their own, in the words of the levers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gameday.ports import Json
from gameday.stacks.platform.catalog import SERVICE, Spec
from gameday.stacks.platform.history import shown


@dataclass(frozen=True, slots=True)
class ByHand:
    """One act: the lever that does the same, what it was given, and the states from before it."""

    lever: str
    arguments: dict[str, str]
    did: str
    before: dict[str, Json] = field(default_factory=dict)
    """Aspects of the service and their values from before; empty where there is no state to return to."""


def by_hand(before: Spec, now: Spec, releases: Sequence[str], *, restarted: bool) -> list[ByHand]:
    """The acts that make one spec of another.

    A release that was out before is a roll-back to it; any other is a deploy. ``restarted`` is whether all replicas are
    made anew though nothing else changed.
    """
    found = []
    if before.version != now.version:
        lever = "rollback" if now.version in releases else "deploy"
        did = f"{SERVICE} {before.version} -> {now.version}, {now.replicas} replicas"
        arguments = {"service": SERVICE, "to": now.version}
        found.append(ByHand(lever, arguments, did, {"version": before.version}))
    changed = [name for name, value in now.settings.items() if before.settings.get(name) != value]
    if changed:
        words = [f"{name} {shown(before.settings[name])} -> {shown(now.settings[name])}" for name in changed]
        found.append(
            ByHand(
                "set-config",
                {"service": SERVICE, **{name: shown(now.settings[name]) for name in changed}},
                f"{SERVICE}: {', '.join(words)}",
                {f"setting.{name}": before.settings[name] for name in changed},
            )
        )
    if before.replicas != now.replicas:
        did = f"{SERVICE} {before.replicas} -> {now.replicas} replicas"
        arguments = {"service": SERVICE, "replicas": str(now.replicas)}
        found.append(ByHand("scale", arguments, did, {"replicas": before.replicas}))
    if restarted and not found:
        found.append(ByHand("restart", {"service": SERVICE}, f"all replicas of {SERVICE} replaced"))
    return found
