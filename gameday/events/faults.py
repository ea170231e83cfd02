"""Events of faults, and of putting back."""

from __future__ import annotations

from typing import Any, Literal

from gameday.events.base import Event


class RecipeWritten(Event):
    """How to put back, on disk before the act: states read from the stack."""

    type: Literal["recipe_written"] = "recipe_written"
    owner: str
    """``fault:<id>`` or ``lever:<act>``."""
    things: dict[str, dict[str, Any]]


class FaultArmed(Event):
    """The child has imported and validated the experiment and waits for this instant itself."""

    type: Literal["fault_armed"] = "fault_armed"
    fault: str
    experiment: str
    at: float
    after: str = ""
    """The fault that must be seen in place before: then ``at`` is the earliest instant."""


class FaultActivity(Event):
    """One activity of an experiment, as the child streamed it."""

    type: Literal["fault_activity"] = "fault_activity"
    fault: str
    request: Literal["inject", "revert", "probe"]
    name: str
    kind: Literal["action", "probe"]
    status: str
    """Chaos Toolkit's own: ``succeeded``, ``failed``, or ``unknown`` where it gave none."""
    began: float
    ended: float
    output: Any = None
    problem: str = ""


class FaultTriggered(Event):
    """The injecting activity began."""

    type: Literal["fault_triggered"] = "fault_triggered"
    fault: str
    planned: float
    """The instant that its child was told."""
    at: float


class FaultInjected(Event):
    """The inject request is over; ``ok`` only if every activity succeeded and none hid a failure."""

    type: Literal["fault_injected"] = "fault_injected"
    fault: str
    ok: bool
    problem: str = ""


class FaultChecked(Event):
    """The experiment's ``proves`` probe was asked and its answer was another than before, or the first."""

    type: Literal["fault_checked"] = "fault_checked"
    fault: str
    in_place: bool | None
    """None: the probe could not tell."""
    at: float
    last_in_place: float | None = None
    detail: str = ""
    """What the probe said besides: why it could not tell, or what is in place."""


class FaultReverting(Event):
    """The fault is about to be put back, by the runner or by ``gameday revert``."""

    type: Literal["fault_reverting"] = "fault_reverting"
    fault: str
    by: Literal["runner", "revert"]


class FaultReverted(Event):
    """The revert request is over."""

    type: Literal["fault_reverted"] = "fault_reverted"
    fault: str
    ok: bool
    problem: str = ""


class ThingsRestored(Event):
    """States were brought back through the stack itself."""

    type: Literal["things_restored"] = "things_restored"
    things: dict[str, dict[str, Any]]
    by: Literal["runner", "revert"]
    ok: bool
    problem: str = ""


class SteadyAgain(Event):
    """Whether steady state held again after everything was put back."""

    type: Literal["steady_again"] = "steady_again"
    held: bool
    took: float


class StackCompared(Event):
    """The inventory after against the one before: what is left different, and how to finish by hand."""

    type: Literal["stack_compared"] = "stack_compared"
    clean: bool
    differences: list[str]
    by_hand: list[str]
