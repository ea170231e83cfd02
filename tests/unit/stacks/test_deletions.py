"""Who deleted a pod: everybody but people is told apart, so who is left over was somebody by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gameday.stacks.kubernetes import deletions
from gameday.stacks.kubernetes.cluster import Cluster, Object
from gameday.stacks.kubernetes.deletions import Deletions
from gameday.stacks.kubernetes.pods import Pod

EVICTED = {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}]}


def pod(**status: Any) -> Pod:
    """One that has just been deleted."""
    metadata = {"name": "auth-1", "uid": "u-1", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return Pod(Cluster(None, "here"), {"metadata": metadata, "status": {"phase": "Running", **status}})


def event(message: str, reason: str = "SuccessfulDelete") -> Object:
    """As the controller of ReplicaSets writes it."""
    return {"metadata": {"uid": "e"}, "type": "Normal", "reason": reason, "message": message}


def told(
    monkeypatch: pytest.MonkeyPatch, one: Pod, *events: Object, announced: tuple[str, ...] = ()
) -> list[str]:
    """Whose deletion is told as by hand; events come after it."""
    monkeypatch.setattr(deletions, "TOLD_SECONDS", 0.01)
    found: list[str] = []

    async def body() -> None:
        watched = Deletions(lambda left, ago: found.append(left.name) if ago >= 0.01 else None)
        watched.announce(announced)
        watched.left(one)
        for item in events:
            await watched.heard(item, True)
        await asyncio.gather(*watched._waiting)

    asyncio.run(body())
    return found


def test_what_nobody_else_accounts_for_was_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where others' events say something of it, or of other pods."""
    others = [event("Deleted pod: auth-2"), event("Killing auth-1", "Killing")]
    assert told(monkeypatch, pod(), *others, announced=("u-2",)) == ["auth-1"]


@pytest.mark.parametrize(
    ("one", "events", "announced"),
    [
        (pod(), [event("Deleted pod: auth-1")], ()),
        (pod(**EVICTED), [], ()),
        (pod(phase="Failed"), [], ()),
        (pod(), [], ("u-1",)),
    ],
    ids=["its ReplicaSet", "an eviction", "it failed", "a fault said so"],
)
def test_who_is_accounted_for_is_nobodys_act(
    monkeypatch: pytest.MonkeyPatch, one: Pod, events: list[Object], announced: tuple[str, ...]
) -> None:
    """A scale-down or a roll-out, a drain, its own end, a fault's kill."""
    assert told(monkeypatch, one, *events, announced=announced) == []


def test_what_the_platform_ends_itself_is_nobodys_act(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the lever that kills a replica."""

    class Deaf(Cluster):
        async def delete(self, *_: Any, **__: Any) -> None:
            """It is well."""

    one = pod()
    one._cluster = Deaf(None, "here")
    asyncio.run(one.stop())
    assert told(monkeypatch, one) == []
