"""Guards: stop conditions checked on every tick. Pure."""

from __future__ import annotations

from gameday.events import GuardTripped
from gameday.metrics import Side
from gameday.model.quantities import Condition
from gameday.situation import Situation

_CLIENT_WINDOW = 2.0


def value_of(condition: Condition, situation: Situation, now: float) -> float | None:
    """The value a guard looks at: exported unless it says ``client.`` or only clients can see it."""
    exported = condition.side is not Side.CLIENT and condition.metric not in {"offered_rate", "achieved_rate"}
    if exported:
        return situation.exported.value(condition.metric, now)
    return situation.clients.metric(condition.metric, now - _CLIENT_WINDOW, now, now)


def tripped(
    situation: Situation, since: dict[str, float], now: float
) -> tuple[GuardTripped | None, dict[str, float]]:
    """The first guard whose condition has held for its ``for``, and since when each one holds."""
    holding: dict[str, float] = {}
    for condition in situation.inputs.scenario.guards:
        value = value_of(condition, situation, now)
        if value is None or not condition.holds(value):
            continue
        holding[condition.text] = since.get(condition.text, now)
        if now - holding[condition.text] >= condition.hold - 1e-9:
            return GuardTripped(guard=condition.text, value=value), holding
    return None, holding
