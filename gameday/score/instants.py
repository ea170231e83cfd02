"""Small makers of instants, so that every milestone says what is known of it in the same way."""

from __future__ import annotations

from typing import Literal

from gameday.score.card import Instant, State

Kind = Literal["objective", "corroborated", "attested", "inferred"]


def observed(
    name: str,
    at: float,
    evidence: list[int],
    *,
    earliest: float | None = None,
    latest: float | None = None,
    kind: Kind = "objective",
    reason: str = "",
) -> Instant:
    """It happened at ``at``; the bounds are that instant itself where none are given."""
    return Instant(
        id=name,
        state=State.OBSERVED,
        at=at,
        earliest=at if earliest is None else earliest,
        latest=at if latest is None else latest,
        evidence=evidence,
        kind=kind,
        reason=reason,
    )


def censored(name: str, after: float, reason: str, evidence: list[int] | None = None) -> Instant:
    """It had not happened by ``after``, and what came then hides whether it would have."""
    return Instant(id=name, state=State.CENSORED, earliest=after, reason=reason, evidence=evidence or [])


def missing(name: str, after: float | None, reason: str) -> Instant:
    """It was looked for up to ``after`` and did not happen."""
    return Instant(id=name, state=State.MISSING, earliest=after, reason=reason)


def not_applicable(name: str, reason: str) -> Instant:
    """It cannot happen here, for this reason."""
    return Instant(id=name, state=State.NOT_APPLICABLE, reason=reason)


def is_observed(instant: Instant) -> bool:
    """Whether it happened, as far as is known."""
    return instant.state is State.OBSERVED
