"""The auth service as a Deployment: its replicas are pods, and a change of it is a roll-out by Kubernetes.

What it should be stands in the Deployment (image, environment, replicas) and in the ConfigMap of flags and breaker;
both are followed, so that whoever changes them by another hand is noticed and stands in the history.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from gameday.errors import InputError, StackError
from gameday.stacks.kubernetes.by_hand import ByHand, by_hand
from gameday.stacks.kubernetes.cluster import Cluster, Gone, Object
from gameday.stacks.kubernetes.names import (
    LIVE,
    LIVE_KEY,
    NAME_LABEL,
    PLATFORM_MANAGER,
    RESTARTED_AT,
)
from gameday.stacks.kubernetes.objects import (
    author_of,
    change_of,
    generation_of,
    release_of,
    restarted_at,
    revision_of,
)
from gameday.stacks.kubernetes.pod_replica import PodReplica
from gameday.stacks.kubernetes.pods import Pod
from gameday.stacks.kubernetes.releases import both, settings_of, stuck
from gameday.stacks.platform.catalog import RELEASES, SERVICE, Spec
from gameday.stacks.platform.catalog import known as known_name
from gameday.stacks.platform.history import History
from gameday.stacks.platform.replica import Replica
from gameday.stacks.platform.rollout import AuthService
from gameday.stacks.platform.waiting import until

APPS = "apis/apps/v1"
ROLLOUT_SECONDS = 45.0
STUCK_SECONDS = 25.0
LATE_SECONDS = 4.0
"""From a pod's start until one asks why it is not ready."""
_SETTLE_SECONDS = 0.2
"""From a pod's readiness until every node's rules have it."""


class DeploymentService(AuthService):
    """Its ``spec`` is what the Deployment says; ``replicas`` are its pods that are not on their way out."""

    def __init__(self, cluster: Cluster, spec: Spec, history: History) -> None:
        super().__init__(spec, (), _nobody, history)
        self._cluster = cluster
        self._live: dict[str, Any] = {}
        self._seen: Object | None = None
        self.told: Callable[[dict[str, Any]], None] = lambda _: None
        """Told of each act by another hand, when it begins and when it has ended."""
        self._numbers = itertools.count(1)
        self._rolling: set[asyncio.Task[None]] = set()
        self._healing: set[asyncio.Task[None]] = set()
        """What waits for the ends of acts by another hand: of roll-outs, and of pods that are replaced."""

    async def heard(self, item: Object, there: bool) -> None:
        """The Deployment as it is now."""
        if item["metadata"]["name"] != SERVICE or not there:
            return
        if self._seen is not None and generation_of(item) < generation_of(self._seen):
            return  # told late: we have changed it since
        last, self._seen = self._seen, item
        before, now, who = self.spec, self._spec_of(item), author_of(item)
        changed = last is not None and generation_of(last) != generation_of(item)
        restarted = last is not None and restarted_at(last) != restarted_at(item)
        if self.changing:  # by us, unless somebody else comes in between
            if not changed or who == PLATFORM_MANAGER or (now == before and not restarted):
                return
            self.overtaken = who
        if changed:
            self._witness(by_hand(before, now, self._releases[:-1], restarted=restarted), who, self._rolling)
        if now != before:
            self.spec = now
            if last is not None:
                self._remember(before, now, who)

    def deleted(self, pod: Pod, ago: float) -> None:
        """Somebody has deleted a pod of it so many seconds ago; Kubernetes does not tell who."""
        arguments = {"service": SERVICE, "replica": pod.name}
        act = ByHand("restart", arguments, f"{pod.name} of {SERVICE} deleted")
        self._witness([act], "somebody", self._healing, ago)

    @property
    def rolling(self) -> bool:
        """Whether it is being changed, by us or by another hand: then pods go because of that."""
        return self.changing or bool(self._rolling)

    def _witness(
        self, acts: Sequence[ByHand], who: str, endings: set[asyncio.Task[None]], ago: float = 0.0
    ) -> None:
        """Tell of what somebody did by another hand, and later how it ended."""
        for act in acts:
            number = next(self._numbers)
            row = {**dataclasses.asdict(act), "number": number, "who": who, "ago": round(ago, 3)}
            self.told({"event": "began", **row})
            ending = asyncio.create_task(self._tell_end(number))
            endings.add(ending)
            ending.add_done_callback(endings.discard)

    async def _tell_end(self, number: int) -> None:
        try:
            await self._rolled_out()
        except StackError as problem:
            self.told({"event": "ended", "number": number, "ok": False, "problem": str(problem)})
        else:
            self.told({"event": "ended", "number": number, "ok": True, "problem": ""})

    async def read_releases(self) -> None:
        """Which releases were out, as the ReplicaSets that Kubernetes keeps tell: the last one is out now.

        One that went out again stands there once, under its new number: so they go out as they were made, then the
        one that is out, which returns to its place.
        """
        selector = f"{NAME_LABEL}={SERVICE}"
        items = await self._cluster.listed("replicasets", group=APPS, labelSelector=selector)
        if not items:
            return
        self._releases = []
        for item in sorted(items, key=lambda item: str(item["metadata"]["creationTimestamp"])):
            self._went_out(release_of(item))
        self._went_out(release_of(max(items, key=revision_of)))

    async def read_live(self) -> None:
        """Flags and breaker, as they stand in the ConfigMap."""
        found = await self._cluster.read("configmaps", LIVE)
        text = ((found or {}).get("data") or {}).get(LIVE_KEY)
        self._live = json.loads(text) if text else {}

    def _spec_of(self, item: Object) -> Spec:
        container = item["spec"]["template"]["spec"]["containers"][0]
        version = release_of(item)
        own = RELEASES.get(version, {})
        return Spec(
            version,
            int(item["spec"]["replicas"]),
            {name: self._live.get("flags", {}).get(name, value) for name, value in own.items()},
            settings_of(container),
            self._live.get("breaker", "closed"),
        )

    async def become(self, change: Callable[[Spec], Spec], author: str) -> tuple[Spec, Spec]:
        """Bring the service to the spec that a change makes of the present one: (before, after).

        It stands in the history from its beginning on: somebody may change it again before it is out everywhere.

        Raises:
            StackError: the roll-out did not end well in time; it goes on, or stands where it is.
        """
        async with self._changing:
            before, wanted = self.spec, change(self.spec)
            self.spec, self.overtaken = wanted, ""
            try:
                if (before.flags, before.breaker) != (wanted.flags, wanted.breaker):
                    await self._write_live(wanted)
                same = before.version == wanted.version and before.settings == wanted.settings
                if same:
                    await asyncio.gather(*(replica.become(wanted) for replica in self.replicas))
                rolls = not same or before.replicas != wanted.replicas
                if rolls:
                    await self._patch(self._change(before, wanted, author))
                self._remember(before, wanted, author)
                if rolls or await self.ready_replicas() < wanted.replicas:
                    await self._rolled_out()
            except StackError:
                if self._seen is not None:
                    self.spec = self._spec_of(self._seen)
                raise
            for replica in self.replicas:
                replica.spec = self.spec
            return before, wanted

    async def observed(self) -> Spec:
        """What the replicas say they are, and what they should be where a roll-out has not ended."""
        seen = await super().observed()
        settings = {name: both(seen.settings[name], value) for name, value in self.spec.settings.items()}
        version = both(seen.version, self.spec.version)
        return dataclasses.replace(seen, version=str(version), settings=settings)

    async def stick(self, how: str, author: str) -> list[str]:
        """Begin a roll-out that never ends, in one of ``WAYS``; who waits then, and why.

        Raises:
            InputError: there is no such way, or it is stuck already. StackError: it is not stuck.
        """
        async with self._changing:
            before, wanted = self.spec, stuck(self.spec, how)
            if before == wanted:
                raise InputError(f"{SERVICE} is stuck in that way already")
            self.overtaken = ""
            await self._patch(self._change(before, wanted, author))
            self.spec = wanted
            self._remember(before, wanted, author)

            async def held() -> bool:
                return bool(self.overtaken or self.held())

            if not await until(held, STUCK_SECONDS):
                raise StackError(f"the roll-out of {SERVICE} is not stuck after {STUCK_SECONDS:g} s")
            return [f"{SERVICE}: {self.overtaken} has changed it again"] if self.overtaken else self.held()

    def held(self) -> list[str]:
        """Pods that should be ready and are not, and why; those that have begun only now do not count."""
        pods = [one.child for one in self.pods]
        late = [pod for pod in pods if pod.waits or pod.last_end or pod.late(LATE_SECONDS)]
        return [f"{pod.name}: {pod.trouble}" for pod in late if pod.trouble]

    async def restart(self, name: str | None) -> list[str]:
        """Replace one replica, or all, one after the other, by fresh ones; the names of the old ones."""
        async with self._changing:
            if name is not None:
                known_name("replica", name, [replica.name for replica in self.replicas])
            old = [replica for replica in self.replicas if name in {None, replica.name}]
            if name is None:
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                annotations = {RESTARTED_AT: now}
                await self._patch({"spec": {"template": {"metadata": {"annotations": annotations}}}})
            else:
                await self._cluster.delete("pods", name)
            gone = {replica.name for replica in old}

            async def replaced() -> bool:
                return not gone & {replica.name for replica in self.replicas}

            if not await until(replaced, ROLLOUT_SECONDS):
                raise StackError(
                    f"{SERVICE}: {', '.join(sorted(gone))} not replaced in {ROLLOUT_SECONDS:g} s"
                )
            await self._rolled_out()
            return [replica.name for replica in old]

    def _change(self, before: Spec, wanted: Spec, author: str) -> Object:
        if self._seen is None:
            raise StackError(f"the cluster has told nothing of deployment/{SERVICE} yet")
        return change_of(self._seen, before, wanted, author)

    async def _patch(self, change: Object) -> None:
        self._seen = await self._cluster.patch(
            "deployments", SERVICE, change, manager=PLATFORM_MANAGER, group=APPS
        )

    async def _write_live(self, wanted: Spec) -> None:
        self._live = {"flags": dict(wanted.flags), "breaker": wanted.breaker}
        body = {"data": {LIVE_KEY: json.dumps(self._live)}}
        try:
            await self._cluster.patch("configmaps", LIVE, body, manager=PLATFORM_MANAGER)
        except Gone:
            made = {"metadata": {"name": LIVE}, **body}
            await self._cluster.ask("POST", self._cluster.path("configmaps"), made)

    async def _rolled_out(self) -> None:
        """Until Kubernetes says so, and every pod of it is ready. Raises StackError with what is in the way."""

        async def done() -> bool:
            item = self._seen
            if item is None:
                return False
            status, wanted = item.get("status", {}), int(item["spec"]["replicas"])
            return bool(
                status.get("observedGeneration", 0) >= item["metadata"]["generation"]
                and status.get("replicas", 0) == status.get("updatedReplicas", 0) == wanted
                and status.get("readyReplicas", 0) == wanted
                and len(self.replicas) == wanted
                and all(replica.child.ready for replica in self.pods)
            )

        if not await until(done, ROLLOUT_SECONDS):
            held = [f"{pod.name}: {pod.trouble}" for pod in (one.child for one in self.pods) if pod.trouble]
            why = f" ({'; '.join(held)})" if held else ""
            raise StackError(
                f"the roll-out of {SERVICE} did not end within {ROLLOUT_SECONDS:g} s{why}; "
                f"see: kubectl rollout status deployment/{SERVICE}"
            )
        await asyncio.sleep(_SETTLE_SECONDS)

    @property
    def pods(self) -> list[PodReplica]:
        """The replicas as what they are."""
        return [replica for replica in self.replicas if isinstance(replica, PodReplica)]


def _nobody(_number: int, _slot: int, _spec: Spec) -> Replica:
    raise StackError("replicas are made by their ReplicaSet")
