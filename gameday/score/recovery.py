"""Self-healing: when replicas were ready and service steady again by the platform's own doing."""

from __future__ import annotations

from gameday.readiness import ready_since
from gameday.score.card import Instant
from gameday.score.case import Case
from gameday.score.instants import censored, not_applicable, observed
from gameday.score.mitigation import Mend
from gameday.score.service import TOLERANCE

_STEP = 0.1
"""Seconds by which it may have been sooner or later."""


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
    ready = ready_since(case.values, case.inputs.system, case.triggered, case.respond_end)
    bound = min([case.respond_end, *([helped.at] if helped else [])])
    if steady is None or ready is None:
        what = "service was not steady" if steady is None else "replicas were not all ready"
        return censored("recovered", bound, f"{what} at the end of Respond")
    at = max(steady.at, ready)
    if helped is not None and helped.at <= at:
        return censored("recovered", helped.at, f"{helped.who} acted: {helped.what}", helped.evidence)
    if case.respond_end - at < case.scenario.expect.stable_for - TOLERANCE:
        return censored("recovered", at, f"it did not last for {case.scenario.expect.stable_for:g} s")
    either = _STEP + case.load_either
    return observed(
        "recovered",
        at,
        case.tick_at(steady.at),
        earliest=max(case.triggered, at - either),
        latest=at + either,
    )
