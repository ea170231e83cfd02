"""Pods killed on a real cluster: how late against the plan, and how soon that is seen by our watch and by another's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import yaml

from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged, spread
from benchmarks.targets import CONTEXT
from gameday.faults.host import FaultChild
from gameday.stacks.kubernetes.adapter import KubernetesStack
from gameday.stacks.kubernetes.cluster import Object
from gameday.stacks.kubernetes.context import connected

_LATE_SECONDS = 0.05
_BEHIND_SECONDS = 0.1
_AHEAD_SECONDS = 0.5
_WATCHER = """
import json, sys, time
from kubernetes import client, config, watch
config.load_kube_config(context=sys.argv[1])
while True:
    try:
        for event in watch.Watch(object).stream(client.CoreV1Api().list_namespaced_pod, sys.argv[2]):
            meta = event["raw_object"]["metadata"]
            row = [time.monotonic(), meta["uid"], event["type"], "deletionTimestamp" in meta]
            print(json.dumps(row), flush=True)
    except client.ApiException:  # a server that has just started may not be as far yet as it says
        time.sleep(0.2)
"""
"""Another's: the blocking client's own watch, in a process of its own; the clock is the machine's. Models are left out:
to build one for each event that came before would be counted as well."""


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` kills, one after the other."""
    if not CONTEXT:
        return [Row("pods killed", "-", "a cluster", None, "GAMEDAY_KUBE_CONTEXT names none")]
    if "kills" not in kept.results:
        kept.put("kills", asyncio.run(_kill(count)))
    found: Mapping[str, list[float]] = kept.results["kills"]
    return [
        _row("plan to the kill begun", found["begun"], _LATE_SECONDS),
        _row("plan to the deletion as another's watch sees it", found["killed"], _LATE_SECONDS),
        _row("our watch behind another's: pod on its way out", found["leaving"], _BEHIND_SECONDS),
        _row("our watch behind another's: pod gone", found["gone"], _BEHIND_SECONDS),
    ]


def _row(what: str, values: Sequence[float], limit: float) -> Row:
    """Judged by the 99th percentile, which of thirty is the latest."""
    latest = max(values)
    shown = f"{len(values)} kills: {spread(values)}"
    why = "of what the cluster takes; see the figures"
    return judged(what, latest, shown, f"p99 at most {limit * 1000:g} ms", limit=limit, why=why)


async def _kill(count: int) -> dict[str, list[float]]:
    stack = KubernetesStack(CONTEXT, f"gameday-kills-{secrets.token_hex(3)}")
    await stack.up()
    found: dict[str, list[float]] = {"begun": [], "killed": [], "leaving": [], "gone": []}
    try:
        async with _ours(stack) as ours, _anothers(stack) as others:
            for _ in range(count):
                for name, value in (await _once(stack, ours, others)).items():
                    found[name].append(value)
                print(
                    f"  { ({name: f'{values[-1] * 1000:.1f} ms' for name, values in found.items()}) }",
                    file=sys.stderr,
                )
    finally:
        await stack.down()
    return found


async def _once(stack: KubernetesStack, ours: Seen, others: Seen) -> dict[str, float]:
    experiment = yaml.safe_load((ROOT / "experiments" / "replica-kill.kubernetes.yaml").read_text())
    child = await FaultChild.start("kill", experiment, {}, stack.environment(), ROOT / ".bench" / "kills.log")
    began: list[float] = []

    def hear(line: dict[str, Any]) -> None:
        if line["event"] == "began" and line["name"] == "kill":
            began.append(line["at"])

    try:
        at = time.monotonic() + _AHEAD_SECONDS
        outcome = await child.inject(at, 30, hear)
        probe = await child.probe("in_place", 10)
        if not outcome.ok:
            raise RuntimeError(outcome.problem)
        uid = str(probe.output).rpartition("uid ")[2].rstrip(")")
        seen = {}
        for state in ("leaving", "gone"):
            seen[state] = await ours.when(uid, state), await others.when(uid, state)
        while not all((await stack.ready()).values()):  # noqa: ASYNC110 - another machine's state
            await asyncio.sleep(_AHEAD_SECONDS)
    finally:
        await child.stop()
    return {
        "begun": began[0] - at,
        "killed": seen["leaving"][1] - at,
        **{state: mine - theirs for state, (mine, theirs) in seen.items()},
    }


class Seen:
    """When each pod was first seen to be on its way out, and gone; seconds of the machine's clock."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], float] = {}

    def saw(self, at: float, uid: str, *, leaving: bool, gone: bool) -> None:
        """Only the first time counts."""
        if leaving or gone:
            self._at.setdefault((uid, "leaving"), at)
        if gone:
            self._at.setdefault((uid, "gone"), at)

    async def when(self, uid: str, state: str) -> float:
        """Waits for it."""
        async with asyncio.timeout(20):
            while (uid, state) not in self._at:  # noqa: ASYNC110 - two watches, one of another process
                await asyncio.sleep(0.01)
        return self._at[uid, state]


@contextlib.asynccontextmanager
async def _ours(stack: KubernetesStack) -> AsyncIterator[Seen]:
    """What the platform follows the namespace with."""
    seen = Seen()

    async def heard(item: Object, there: bool) -> None:
        metadata = item["metadata"]
        seen.saw(time.monotonic(), metadata["uid"], leaving="deletionTimestamp" in metadata, gone=not there)

    handle = stack.handle()
    async with connected(handle["context"], handle["namespace"]) as cluster:
        following = asyncio.create_task(cluster.follow("pods", heard))
        try:
            yield seen
        finally:
            following.cancel()
            await asyncio.wait([following])


@contextlib.asynccontextmanager
async def _anothers(stack: KubernetesStack) -> AsyncIterator[Seen]:
    seen = Seen()
    handle = stack.handle()
    watcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WATCHER, handle["context"], handle["namespace"]),
        stdout=asyncio.subprocess.PIPE,
    )

    async def read() -> None:
        assert watcher.stdout is not None
        async for line in watcher.stdout:
            at, uid, kind, leaving = json.loads(line)
            seen.saw(at, uid, leaving=leaving, gone=kind == "DELETED")

    reading = asyncio.create_task(read())
    try:
        yield seen
    finally:
        watcher.kill()
        await watcher.wait()
        reading.cancel()
        await asyncio.wait([reading])
