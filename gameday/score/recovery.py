"""Self-healing: when replicas were ready and service steady again by the platform's own doing."""

from __future__ import annotations

from gameday.score.card import Instant
from gameday.score.case import Case
from gameday.score.instants import censored, not_applicable, observed
from gameday.score.mitigation import Mend
from gameday.score.service import TOLERANCE

_STEP = 0.1
"""Seconds between two looks at the number of ready replicas."""


def recovered(case: Case, found: Mend) -> Instant:
    """When all replicas were ready and service was steady, to the end of Respond, with nobody's help."""
    if case.scenario.expect.recover is None:
        return not_applicable("recovered", "the platform is not asked to heal itself")
    if case.triggered is None:
        return not_applicable("recovered", "nothing was injected")
    helped = next((deed for deed in found.deeds if deed.at > case.triggered), None)
    steady = case.clients.clean_stretch(
        case.scenario.steady_state, case.triggered, case.respond_end, case.now
    )
    ready = _ready_since(case, case.triggered)
    bound = min([case.respond_end, *([helped.at] if helped else [])])
    if steady is None or ready is None:
        what = "service was not steady" if steady is None else "replicas were not all ready"
        return censored("recovered", bound, f"{what} at the end of Respond")
    at = max(steady.at, ready)
    if helped is not None and helped.at <= at:
        return censored("recovered", helped.at, f"{helped.who} acted: {helped.what}", helped.evidence)
    if case.respond_end - at < case.scenario.expect.stable_for - TOLERANCE:
        return censored("recovered", at, f"it did not last for {case.scenario.expect.stable_for:g} s")
    return observed(
        "recovered", at, case.tick_at(steady.at), earliest=max(case.triggered, at - _STEP), latest=at + _STEP
    )


def _ready_since(case: Case, since: float) -> float | None:
    """From when on all replicas were ready; ``since`` if one was never seen missing; None if one still is."""
    wanted = case.values.value("replicas_ready", since)
    if wanted is None:
        wanted = sum(service.replicas or 0 for service in case.inputs.system.services.values())
    steps = int((case.respond_end - since) / _STEP)
    for number in range(steps, -1, -1):
        value = case.values.value("replicas_ready", since + number * _STEP)
        if value is not None and value < wanted:
            return None if number >= steps - 1 else since + (number + 1) * _STEP
    return since
