"""What the users felt, as milestones: impact, good service that lasts, and good service that broke again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gameday.clients import Impact, Stretch
from gameday.model import scenario as model
from gameday.score.card import Instant
from gameday.score.case import Case
from gameday.score.instants import is_observed, missing, not_applicable, observed

TOLERANCE = 0.5
"""Seconds by which a stretch may be shorter than asked: the live plan dates it from another tick."""


def impact(case: Case) -> Instant:
    """M2: when users began to feel it; missing if they never did."""
    if case.triggered is None:
        return not_applicable("impact", "nothing was injected")
    expected = case.scenario.expect.impact
    if isinstance(expected, model.Impact):
        found = case.clients.impact(expected.when, case.triggered, case.respond_end, case.now)
        what = expected.when.text
    else:
        found = case.clients.first_break(
            case.scenario.steady_state, case.triggered, case.respond_end, case.now
        )
        what = "a break of steady state"
    if found is None:
        return missing("impact", case.respond_end, f"no request showed {what}")
    return _instant(case, found)


def _instant(case: Case, found: Impact) -> Instant:
    either = case.load_either
    return observed(
        "impact",
        found.latest,
        case.tick_at(found.latest),
        earliest=max(found.earliest - either, case.triggered or 0.0),
        latest=found.latest + either,
    )


@dataclass(frozen=True, slots=True)
class Service:
    """Good service after the impact."""

    lasting: Stretch | None
    """The stretch that reaches the end of Respond."""
    long_enough: bool
    broken: tuple[Stretch, ...]


def service(case: Case, began: Instant) -> Service:
    """Every stretch of good service from the impact to the end of Respond."""
    if not is_observed(began) or began.at is None:
        return Service(None, long_enough=False, broken=())
    either = case.load_either
    stretches = [
        replace(found, earliest=found.earliest - either, latest=found.latest + either)
        for found in case.clients.stretches(case.scenario.steady_state, began.at, case.respond_end, case.now)
    ]
    last = stretches[-1] if stretches and stretches[-1].lasts else None
    held = case.respond_end - last.began if last else 0.0
    return Service(
        lasting=last,
        long_enough=last is not None and held >= case.scenario.expect.stable_for - TOLERANCE,
        broken=tuple(_without(stretches, last)),
    )


def _without(stretches: Iterable[Stretch], last: Stretch | None) -> Iterable[Stretch]:
    return (stretch for stretch in stretches if stretch is not last)
