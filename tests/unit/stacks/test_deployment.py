"""The service as a Deployment: what is heard of it late, twice or by another hand, and which releases were out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gameday.stacks.kubernetes.cluster import Cluster, Object
from gameday.stacks.kubernetes.deployment import DeploymentService
from gameday.stacks.kubernetes.names import PLATFORM_MANAGER, RESTARTED_AT, REVISION
from gameday.stacks.kubernetes.objects import author_of
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.platform.catalog import Spec
from gameday.stacks.platform.history import History


def deployment(version: str, generation: int, by: str = PLATFORM_MANAGER, restarted: str = "") -> Object:
    """As the API tells it."""
    container = {"name": "auth", "image": f"gameday-auth:{version}", "env": []}
    template: Object = {
        "metadata": {"annotations": {RESTARTED_AT: restarted}},
        "spec": {"containers": [container]},
    }
    managed = [{"manager": by, "time": f"2026-01-01T00:00:{generation:02d}Z"}]
    metadata = {"name": "auth", "generation": generation, "managedFields": managed}
    return {"metadata": metadata, "spec": {"replicas": 2, "template": template}}


class Service(DeploymentService):
    """One whose acts by another hand are kept, and whose roll-outs end at once."""

    def __init__(self) -> None:
        super().__init__(Cluster(None, "here"), Spec("v1.2.3", 2, {}, {}, "closed"), History())
        self.acts: list[tuple[str, str]] = []
        self.told = lambda row: (
            self.acts.append((row["who"], row["lever"])) if row["event"] == "began" else None
        )

    async def _rolled_out(self) -> None:
        """It has."""

    async def hear(self, *items: Object) -> None:
        """One after the other, as they are told."""
        for item in items:
            await self.heard(item, True)


def hearing(*items: Object, changing: bool = False) -> Service:
    """A service that has heard these; the first is how it was found, the others come while ``changing``."""

    async def body() -> Service:
        service = Service()
        await service.hear(items[0])
        if not changing:
            await service.hear(*items[1:])
            return service
        async with service._changing:
            await service.hear(*items[1:])
        return service

    return asyncio.run(body())


def test_what_is_told_late_changes_nothing() -> None:
    """A status from before a change may come after it: nobody has taken that change back."""
    service = hearing(
        deployment("v1.2.3", 1), deployment("v1.3.0", 2, "kubectl-set"), deployment("v1.2.3", 1)
    )

    assert service.acts == [("kubectl-set", "deploy")]
    assert service.spec.version == "v1.3.0"


@pytest.mark.parametrize(
    ("item", "act"),
    [
        (deployment("v1.2.4", 2, "kubectl-set"), ("kubectl-set", "deploy")),
        (deployment("v1.2.3", 2, "kubectl-rollout", "now"), ("kubectl-rollout", "restart")),
    ],
)
def test_an_act_by_hand_counts_while_we_roll_out(item: Object, act: tuple[str, str]) -> None:
    """Also one that leaves the spec as it is."""
    service = hearing(deployment("v1.2.3", 1), item, changing=True)

    assert service.acts == [act]
    assert service.overtaken == act[0]


def test_what_we_roll_out_is_nobodys_act() -> None:
    """Our own field manager's."""
    assert hearing(deployment("v1.2.3", 1), deployment("v1.3.0", 2), changing=True).acts == []


def test_of_two_within_a_second_it_was_the_one_who_is_not_us() -> None:
    """Times of field managers are whole seconds."""
    rows: list[dict[str, Any]] = [
        {"manager": PLATFORM_MANAGER, "time": "2026-01-01T00:00:01Z"},
        {"manager": "kubectl-rollout", "time": "2026-01-01T00:00:01Z"},
        {"manager": "kube-controller-manager", "time": "2026-01-01T00:00:02Z", "subresource": "status"},
    ]
    assert author_of({"metadata": {"managedFields": rows}}) == "kubectl-rollout"
    assert author_of({"metadata": {"managedFields": rows[::-1]}}) == "kubectl-rollout"


@pytest.mark.parametrize(
    ("sets", "before"),
    [
        ([("v1.2.4", 1)], None),
        ([("v1.2.4", 1), ("v1.3.0", 2)], "v1.2.4"),
        ([("v1.2.3", 3), ("v1.3.0", 2)], None),
        ([("v1.2.3", 1), ("v1.2.4", 4), ("v1.3.0", 3)], "v1.2.3"),
        ([], None),
    ],
)
def test_a_platform_that_starts_anew_knows_what_was_out(
    sets: list[tuple[str, int]], before: str | None
) -> None:
    """From the ReplicaSets, oldest first here: a release that never ran is nothing to roll back to."""

    async def body() -> str | None:
        service = Service()

        async def listed(*_: Any, **__: Any) -> list[Object]:
            return [
                {
                    "metadata": {
                        "creationTimestamp": f"2026-01-01T00:00:0{n}Z",
                        "annotations": {REVISION: str(number)},
                    },
                    "spec": deployment(version, 1)["spec"],
                }
                for n, (version, number) in enumerate(sets)
            ]

        service._cluster.listed = listed  # type: ignore[method-assign]
        await service.read_releases()
        return service.previous_release()

    assert asyncio.run(body()) == before


@pytest.mark.parametrize(("phase", "leaving"), [("Running", False), ("Failed", True), ("Succeeded", True)])
def test_a_pod_that_is_over_is_no_replica(phase: str, leaving: bool) -> None:
    """A node under pressure evicts pods whose objects stay: they never run again."""
    shown = {"metadata": {"name": "a", "uid": "1"}, "status": {"phase": phase}, "spec": {}}
    assert Pod(Cluster(None, "here"), shown).leaving is leaving


def test_each_pod_that_somebody_deletes_is_an_act_of_its_own() -> None:
    """Also while the one before is being replaced; a roll-out by another hand is told by what changed it."""

    async def body() -> tuple[Service, bool, bool]:
        service = Service()
        await service.hear(deployment("v1.2.3", 1))
        for name in ("auth-1", "auth-2"):
            service.deleted(Pod(Cluster(None, "here"), {"metadata": {"name": name, "uid": name}}), 1.0)
        deleting = service.rolling
        await service.hear(deployment("v1.3.0", 2, "kubectl-set"))
        return service, deleting, service.rolling

    service, deleting, rolling = asyncio.run(body())
    assert service.acts == [("somebody", "restart"), ("somebody", "restart"), ("kubectl-set", "deploy")]
    assert (deleting, rolling) == (False, True)
