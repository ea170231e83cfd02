"""Actions and probes on how a service is rolled out: how many replicas of it, and roll-outs that never end."""

from __future__ import annotations

from gameday.faults.actions.control import ask

__all__ = ["scale", "stick", "still_scaled", "still_stuck"]


def scale(service: str, replicas: int, author: str = "autoscaler") -> str:
    """Change how many replicas a service has, as an autoscaler or a careless hand would; gives what was done.

    Raises:
        RuntimeError: the stack refused, or the service has so many already.
    """
    answer = ask("POST", "/scale", {"service": service, "replicas": replicas, "author": author})
    if not answer["changed"]:
        raise RuntimeError(f"nothing was changed: {answer['did']}")
    return str(answer["did"])


def still_scaled(service: str, replicas: int) -> bool:
    """Whether a service has no more replicas than that."""
    return bool(ask("GET", "/inventory")[service]["replicas"] <= replicas)


def stick(service: str, how: str, author: str = "deploy-bot") -> list[str]:
    """Begin a roll-out that never ends; gives which pods wait, and why.

    Args:
        service: which one.
        how: ``image`` that nobody has published, ``configuration`` that no replica starts with, ``readiness`` that is
            asked in the wrong place.
        author: who the history names.

    Raises:
        RuntimeError: the stack refused, or the roll-out is not stuck.
    """
    held: list[str] = ask("POST", "/rollout", {"service": service, "how": how, "author": author})["held"]
    return held


def still_stuck() -> str:
    """Which pods wait, and why; empty where none does."""
    return "; ".join(ask("GET", "/rollout")["held"])
