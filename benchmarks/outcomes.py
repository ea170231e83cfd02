"""What a trial came to, in the words in which it was promised."""

from __future__ import annotations

from typing import Any

from gameday.clients import Clients
from gameday.events import LeverEnded, Requests
from gameday.history import History

_WORSE = 0.1
"""Of error rate more than when nobody does anything."""
_SPAN = 5.0


def came_to(promised: str, card: dict[str, Any], code: int) -> str:
    """The promise where every part of it was kept, else which part was not."""
    states = {milestone["id"]: milestone["state"] for milestone in card["milestones"]}
    adherence = card["adherence"] or {}
    mitigated = states["mitigated"] == "observed"
    facts = {
        "exit 0": code == 0,
        "exit 1": code == 1,
        "exit 3": code == 3,
        "mitigated": mitigated,
        "coverage <= 0.05": (adherence.get("coverage_verified") or 0.0) <= 0.05,
        "lucky pass": bool(adherence.get("lucky_pass")),
        "order < 1": adherence.get("order") is not None and adherence["order"] < 1.0,
        "declared missing": states["declared"] == "missing",
        "out of band": (card["mitigation"] or {}).get("by") == "out_of_band",
    }
    wrong = [word for word in promised.split(", ") if not facts[word]]
    return promised if not wrong else f"not: {', '.join(wrong)} (exit {code}, {card['verdict']})"


def effect(history: History, card: dict[str, Any], errors: float, alone: float | None) -> str:
    """What one lever did: from the card, and from the clients' errors at the end against doing nothing."""
    states = {milestone["id"]: milestone["state"] for milestone in card["milestones"]}
    if states["mitigated"] == "observed" and (card["mitigation"] or {}).get("by") == "responder":
        return "mends"
    pulled = history.first(LeverEnded)
    if pulled is None:
        return "never pulled"
    if not pulled[1].changed:
        return "nothing"  # whatever service did then, it would have done without it
    after = [
        relapse["ended"] - relapse["began"] for relapse in card["relapses"] if relapse["ended"] > pulled[0].t
    ]
    if after:
        return f"relapses after {max(after):.0f} s"
    return "worse" if alone is not None and errors > alone + _WORSE else "nothing"


def errors_at(history: History, until: float) -> float:
    """The clients' error rate over the last seconds before an instant."""
    clients = Clients(timeout=history.inputs().scenario.load.timeout)
    for _, event in history.of(Requests):
        clients.add(event)
    return clients.metric("error_rate", until - _SPAN, until, history[-1].t) or 0.0


def as_promised(promised: str, outcome: str) -> bool:
    """A relapse may come sooner or later than it once was measured, or service may not become good in between.

    Everything else must be the same.
    """
    return promised == outcome or (
        promised.startswith("relapses") and (outcome.startswith("relapses") or outcome == "nothing")
    )
