"""What a run refuses before anything is broken, each with its reason."""

from __future__ import annotations

from gameday.errors import Refused
from gameday.live import listed
from gameday.ports import Things
from gameday.runner.order import Order


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
                reason = can.reasons.get(component, "it is not on the stack's list of what may be touched")
                raise Refused(f"experiment '{name}' touches '{component}': {reason}")
    mitigate = order.inputs.scenario.expect.mitigate
    for lever in mitigate.levers if mitigate else ():
        if lever not in can.levers:
            raise Refused(f"lever '{lever}': {can.reasons.get(lever, 'the stack does not have it')}")


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
