"""What a run refuses before anything is broken, each with its reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable

from gameday.errors import Refused
from gameday.live import listed
from gameday.ports import Endpoints, Identity, Stack, Things
from gameday.runner.order import Order

_READY_SECONDS = 15.0
"""How long a part of a stack that stands may take to be ready: the run before may have ended only now."""
_AGAIN_SECONDS = 0.2


def refuse_what_cannot_be_done(order: Order) -> None:
    """What this stack cannot do, or what nobody has allowed. Nothing has been started yet.

    Raises:
        Refused: the first such thing.
    """
    stack = order.stack
    if stack.kind not in order.allowed:
        raise Refused(
            f"stack '{stack.kind}' is not among the allowed targets ({', '.join(order.allowed)}); "
            "[targets] in gameday.toml says which are"
        )
    if stack.kind == "kubernetes":
        refuse_look_alikes(stack.handle().values(), order.not_production)  # before anything is applied to it
    can = stack.capabilities()
    for use in order.inputs.scenario.faults.values():
        name, ours = use.experiment, order.inputs.experiments[use.experiment].ours
        if ours is None:
            continue
        if ours.stacks and stack.kind not in ours.stacks:
            raise Refused(
                f"experiment '{name}' is not for stack '{stack.kind}' (it names {', '.join(ours.stacks)})"
            )
        for component in ours.touched(use.with_):
            if component not in can.components:
                raise Refused(f"experiment '{name}' touches '{component}': {can.reason(component)}")
    mitigate = order.inputs.scenario.expect.mitigate
    for lever in mitigate.levers if mitigate else ():
        if lever not in can.levers:
            raise Refused(f"lever '{lever}': {can.reason(lever)}")


_PRODUCTION = re.compile(r"(?<![a-z])(prod|prd|production|live)(?![a-z])")


def refuse_production(order: Order, identity: Identity, points: Endpoints) -> None:
    """A target whose name or address looks like production, though it is allowed and proves to be staging.

    Not asked of a stack that the run made itself, nor of the embedded one, whose name is a folder.

    Raises:
        Refused: with the flag that says otherwise.
    """
    if order.owned or identity.stack == "local" or identity.name in order.not_production:
        return
    addresses = [points.gateway, points.toxiproxy, points.control or ""]
    refuse_look_alikes([identity.name, *addresses], order.not_production, identity.name)


def refuse_look_alikes(names: Iterable[str], exempt: Collection[str], name: str = "") -> None:
    """What looks like production by one of its names, and of which nobody says that it is none.

    Raises:
        Refused: the first of these, with the flag that says otherwise.
    """
    for what in (word for one in names for word in one.split()):
        if what not in exempt and (found := _PRODUCTION.search(what.lower())):
            raise Refused(
                f"'{what}' looks like production ('{found[0]}'); if it is none, say so: "
                f"--not-production {name or what}"
            )


def refuse_left_over(run: str, stack: str) -> None:
    """An earlier run that died on this very stack must be put back first. Raises Refused."""
    for other in listed():
        if other.run != run and other.stack == stack and not other.alive:
            raise Refused(
                f"run {other.run} died and may have left a fault; put it back first: gameday revert {other.run}"
            )


def refuse_broken(inventory: Things) -> None:
    """A stack that is broken already would be graded for what this run did not do. Raises Refused."""
    for component, aspects in inventory.items():
        if aspects.get("proxy.toxics"):
            toxics = ", ".join(aspects["proxy.toxics"])
            raise Refused(f"{component} has toxics already ({toxics}); remove them first")
        if aspects.get("proxy.enabled") is False:
            raise Refused(f"the proxy in front of {component} is disabled; enable it first")


async def refuse_unready(stack: Stack, now: Callable[[], float]) -> None:
    """A stack of which a part is not ready, or not reached from here, also after a while.

    Raises:
        Refused: with the names of those parts.
    """
    end = now() + _READY_SECONDS
    while waiting := [name for name, is_ready in (await stack.ready()).items() if not is_ready]:
        if now() > end:
            raise Refused(f"the stack stands, but not all of it is ready: {', '.join(waiting)}")
        await asyncio.sleep(_AGAIN_SECONDS)
