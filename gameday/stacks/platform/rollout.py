"""The auth service as a whole: N replicas of a spec, and every change of it as a rolling one.

One change at a time. A replica is replaced by starting the new one in a free slot, waiting until it is ready
and the gateway has seen it, taking the old one out, letting its requests end, and stopping it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gameday.errors import InputError, StackError
from gameday.stacks.platform.catalog import RELEASES, SERVICE, Spec, Value, known
from gameday.stacks.platform.history import History
from gameday.stacks.platform.replica import Replica


class AuthService:
    """Its spec is what it should be; ``observed`` asks the replicas what it is."""

    def __init__(
        self, spec: Spec, slots: Sequence[int], make: Callable[[int, int, Spec], Replica], history: History
    ) -> None:
        """``make`` gives a replica, not yet started, for a running number, a slot and a spec."""
        self.spec = spec
        self.replicas: list[Replica] = []
        self._free = list(slots)
        self._make = make
        self._history = history
        self._named = 0
        self._changing = asyncio.Lock()
        self.overtaken = ""
        """Who changed it by another hand while our last change was going out; empty where nobody did."""
        self._releases = [spec.version]
        """The releases that are out and those below them that a rollback returns to; the last one runs."""
        for change in history.deploys:
            self._went_out(change.after)

    async def start(self, author: str) -> None:
        """Start all replicas at once and wait until they serve and hold connections."""
        async with self._changing:
            await self._add(self.spec.replicas, self.spec, with_database=True)
        self.begin(author)

    async def stop(self) -> None:
        """End all replicas at once."""
        await asyncio.gather(*(replica.child.stop() for replica in self.replicas))

    async def ready_replicas(self) -> int:
        """How many say that they are ready, now."""
        return sum(await asyncio.gather(*(replica.ready() for replica in self.replicas)))

    async def observed(self) -> Spec:
        """What the replicas say they are; the spec where none answers. Where they differ: ``a, b``."""
        answers = await asyncio.gather(
            *(replica.admin("state") for replica in self.replicas), return_exceptions=True
        )
        states = [answer for answer in answers if isinstance(answer, dict)]
        if not states:
            return self.spec

        def agreed(values: list[Any]) -> Any:
            distinct = list(dict.fromkeys(values))
            return distinct[0] if len(distinct) == 1 else ", ".join(map(str, sorted(distinct)))

        return Spec(
            agreed([state["release"] for state in states]),
            len(self.replicas),
            {
                flag: agreed([state["flags"].get(flag, False) for state in states])
                for flag in {flag for state in states for flag in state["flags"]}
            },
            {name: agreed([state["settings"][name] for state in states]) for name in self.spec.settings},
            agreed([state["breaker"] for state in states]),
        )

    def previous_release(self) -> str | None:
        """What a rollback returns to; None where nothing was out before."""
        return self._releases[-2] if len(self._releases) > 1 else None

    async def become(self, change: Callable[[Spec], Spec], author: str) -> tuple[Spec, Spec]:
        """Bring the service to the spec that a change makes of the present one: (before, after).

        Raises:
            StackError: a new replica would not start; those not yet replaced go on.
        """
        async with self._changing:
            before, wanted = self.spec, change(self.spec)
            # From here on what dies comes back as it should be; the replicas follow one after the other.
            self.spec = wanted
            try:
                await self._replace([r for r in self.replicas if not _same_process(r.spec, wanted)])
                await asyncio.gather(*(replica.become(wanted) for replica in self.replicas))
                await self._resize(wanted)
            except StackError:
                self.spec = before
                raise
            self._remember(before, wanted, author)
            return before, wanted

    async def restart(self, name: str | None) -> list[str]:
        """Replace one replica, or all, one after the other, by fresh ones; the names of the old ones."""
        async with self._changing:
            if name is not None:
                known("replica", name, [replica.name for replica in self.replicas])
            old = [replica for replica in self.replicas if name in {None, replica.name}]
            await self._replace(old)
            return [replica.name for replica in old]

    async def _replace(self, old: Sequence[Replica]) -> None:
        leaving: list[asyncio.Task[None]] = []
        try:
            for replica in old:
                await self._add(1, self.spec)
                # The next one may start while this one's requests end.
                leaving.append(asyncio.create_task(self._remove(replica)))
        finally:
            await asyncio.gather(*leaving)

    async def _resize(self, wanted: Spec) -> None:
        await self._add(max(wanted.replicas - len(self.replicas), 0), wanted)
        await asyncio.gather(*(self._remove(replica) for replica in self.replicas[wanted.replicas :]))

    async def _add(self, count: int, spec: Spec, *, with_database: bool = False) -> None:
        if count > len(self._free):
            raise InputError(f"there are only {len(self._free)} free slots for replicas")
        new = []
        for _ in range(count):
            self._named += 1
            new.append(self._make(self._named, self._free.pop(0), spec))
        # Known from the start, so that whatever stops the stack stops them too.
        self.replicas.extend(new)
        results = await asyncio.gather(
            *(replica.start(with_database=with_database) for replica in new), return_exceptions=True
        )
        for replica, result in zip(new, results, strict=True):
            if isinstance(result, BaseException):
                self._forget(replica)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _remove(self, replica: Replica) -> None:
        await replica.retire()
        self._forget(replica)

    def _forget(self, replica: Replica) -> None:
        if replica in self.replicas:
            self.replicas.remove(replica)
            self._free.append(replica.slot)

    def _remember(self, before: Spec, after: Spec, author: str) -> None:
        if before.version != after.version:
            self._went_out(after.version)
            self._history.deployed(author, SERVICE, before.version, after.version)
        old, new = _shown_settings(before), _shown_settings(after)
        for name in new:
            self._history.configured(author, name, old.get(name), new[name])

    def _went_out(self, version: str) -> None:
        if version in self._releases:
            del self._releases[self._releases.index(version) + 1 :]
        else:
            self._releases.append(version)

    def begin(self, author: str) -> None:
        """Note the release and the settings that are there from the start."""
        self._history.deployed(author, SERVICE, "", self.spec.version)
        for name, value in _shown_settings(self.spec).items():
            self._history.configured(author, name, None, value)

    def adopt(self, replica: Replica, author: str) -> None:
        """Take in a replica that somebody else has started, in a slot that was free."""
        if replica.slot in self._free:
            self._free.remove(replica.slot)
        self.replicas.append(replica)
        if not self.changing and len(self.replicas) > self.spec.replicas:
            self._by_hand(author)

    def lose(self, replica: Replica, author: str) -> None:
        """A replica that somebody else has taken away."""
        self._forget(replica)
        if not self.changing:
            self._by_hand(author)

    @property
    def changing(self) -> bool:
        """Whether a change is being rolled out."""
        return self._changing.locked()

    def _by_hand(self, author: str) -> None:
        before, now = self.spec.replicas, len(self.replicas)
        self.spec = dataclasses.replace(self.spec, replicas=now)
        self._history.configured(author, "replicas", before, now)


def _same_process(running: Spec, wanted: Spec) -> bool:
    return running.version == wanted.version and running.settings == wanted.settings


def _shown_settings(spec: Spec) -> Mapping[str, object]:
    flags = {f"flag.{flag}": value for flag, value in spec.flags.items()}
    return {**spec.settings, **flags, "breaker.identity-provider": spec.breaker, "replicas": spec.replicas}


def at_release(spec: Spec, version: str, flags: Mapping[str, bool] | None = None) -> Spec:
    """The spec at a release, with that release's flags as it turns them, or turned otherwise."""
    own = RELEASES[known("release", version, RELEASES)]
    turned = {flag: (flags or {}).get(flag, value) for flag, value in own.items()}
    return dataclasses.replace(spec, version=version, flags=turned)


def with_settings(spec: Spec, settings: Mapping[str, Value]) -> Spec:
    """The spec with some settings changed. Raises InputError where they contradict each other."""
    merged = {**spec.settings, **settings}
    least, most = merged["pool_min"], merged["pool_max"]
    if not isinstance(least, str) and not isinstance(most, str) and least > most:
        raise InputError(f"pool_min {least} is more than pool_max {most}")
    return dataclasses.replace(spec, settings=merged)
