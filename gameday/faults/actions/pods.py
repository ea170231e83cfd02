"""Actions and probes on the pods of a service: taken away by chaosk8s, read back by their UIDs.

chaosk8s calls a selector that matches nothing a success, takes what is finished or on its way out before what serves,
and without a selector or a namespace reaches for others'. So the victims are chosen here, of those that run, and named
to it. It is imported with this module, which the child does when it is armed: that costs a second.
"""

from __future__ import annotations

import contextlib
import logging
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaosk8s.pod import actions as chaosk8s_pods

from gameday.faults.actions import holding
from gameday.faults.actions.cluster import NAME_LABEL, api, namespace, running, secrets, warmed
from gameday.faults.actions.control import ask
from gameday.model.amounts import amount
from gameday.model.quantities import duration

__all__ = ["kill", "kill_once", "killed_are_missing", "stop_killing"]

HOLD = "gameday.faults.holds.pods:kill_again"
"""What the holder calls for every round after the first."""
_SERVICE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_GONE_SECONDS = 10.0
_BACK_SECONDS = 40.0
_EVERY_SECONDS = 0.05
_log = logging.getLogger(__name__)
_KILLED: dict[str, list[str]] = {}
"""Service -> every pod that this process had killed, as ``name (uid 1234)``."""


warmed()  # with the import, when the child is armed: a kill is to begin at its instant


def kill(
    service: str,
    *,
    count: int | str = 1,
    pick: str = "random",
    seed: int = 0,
    grace: int = 0,
    times: int = 1,
    every: str = "5s",
    lease: str = "10s",
) -> list[str]:
    """Take pods of a service away, and go on in the background where ``times`` says so.

    Args:
        service: whose pods, by their label ``app.kubernetes.io/name``.
        count: how many of those that run: ``2``, ``50%``, ``all``.
        pick: ``random`` ones, or the ``oldest``.
        seed: the same number picks the same ones again; 0, others each time.
        grace: seconds that each gets for its farewell; 0: none.
        times: how many rounds; 0, until it is stopped.
        every: from one round to the next.
        lease: how long it goes on when nobody watches any more.

    Returns:
        Who was killed in the first round, as ``name (uid 1234)``; that they are gone was read back by UID.

    Raises:
        ValueError: a number or a duration is none.
        RuntimeError: nothing was there to kill, the cluster refused, or a killed pod is still there.
    """
    seconds = duration(every)
    if times < 0:
        raise ValueError(f"times is {times}; write how often, or 0 for again and again")
    if times != 1 and seconds < 1:
        raise ValueError(f"every is {every}; less than 1s kills what has not started yet")
    killed = kill_once(service, count, pick, seed, grace)
    _KILLED[service] = killed
    if times != 1:
        more = {"rounds": max(times - 1, 0), "every": seconds, "grace": grace}
        holding.hold(HOLD, lease, service=service, count=count, pick=pick, seed=seed, **more)
    return killed


def kill_once(
    service: str, count: int | str, pick: str, seed: int, grace: int = 0, *, nobody_is_fine: bool = False
) -> list[str]:
    """One round; gives who was killed, as ``name (uid 1234)``. Raises RuntimeError as ``kill`` does."""
    if not _SERVICE.fullmatch(service):
        raise ValueError(f"service: '{service}' is no name of one: pods of others could be killed too")
    if pick not in {"random", "oldest"}:
        raise ValueError(f"pick: '{pick}' is none of random, oldest")
    there = running(service)
    if not there:
        if nobody_is_fine:
            return []
        raise RuntimeError(f"no pod of {service} runs in {namespace()}, so none was killed")
    many = amount(count).of(len(there))
    dice = random.Random(seed or None)  # noqa: S311 - no secret hangs on it
    chosen = there[:many] if pick == "oldest" else dice.sample(there, many)
    uids = {pod["uid"]: pod["name"] for pod in chosen}
    names = "|".join(re.escape(name) for name in uids.values())
    with ThreadPoolExecutor(1) as aside, _connected_already():
        # Else it would be taken for somebody's act by hand. The kill does not wait for it, and counts without it.
        announced = aside.submit(ask, "POST", "/deletions", {"uids": list(uids)})
        said = chaosk8s_pods.terminate_pods(
            label_selector=f"{NAME_LABEL}={service}", name_pattern=f"^({names})$", all=True,
            grace_period=grace, ns=namespace(), secrets=secrets(),
        )  # fmt: skip
    if problem := announced.exception():
        _log.warning("the platform was not told who is killed: %s", problem)
    if set(said) != set(uids.values()):
        raise RuntimeError(
            f"asked for {', '.join(uids.values())}, chaosk8s killed {', '.join(said) or 'nobody'}"
        )
    deadline = time.monotonic() + _GONE_SECONDS + grace
    while still := uids.keys() & {pod["uid"] for pod in running(service)}:
        if time.monotonic() > deadline:
            raise RuntimeError(f"still there: {', '.join(uids[uid] for uid in still)}")
        time.sleep(_EVERY_SECONDS)
    return [f"{name} (uid {uid})" for uid, name in uids.items()]


@contextlib.contextmanager
def _connected_already() -> Iterator[None]:
    """Let chaosk8s use the client that is kept: it would read the kubeconfig and shake hands anew for each act."""
    its_own: Any = chaosk8s_pods.create_k8s_api_client
    chaosk8s_pods.create_k8s_api_client = lambda _secrets=None: api().api_client
    try:
        yield
    finally:
        chaosk8s_pods.create_k8s_api_client = its_own


def killed_are_missing(service: str) -> str:
    """Who was killed last, while the killing goes on or not all replicas are ready again; empty once they are.

    Raises:
        LookupError: nothing of this service was killed by this process.
    """
    if service not in _KILLED:
        raise LookupError(f"no pod of '{service}' was killed by this process")
    said = holding.holds(HOLD)
    if said.get("last", True) and ask("GET", "/ready")[service]:
        return ""
    number = said.get("round", 1)
    names = said["killed"] if number > 1 else _KILLED[service]
    return f"killed {', '.join(names) or 'nobody'}{f' in round {number}' if number > 1 else ''}"


def stop_killing(service: str) -> bool:
    """Stop, and wait until the ReplicaSet has brought all of them back.

    Raises:
        RuntimeError: it has not, within the time that a revert may take.
    """
    holding.let_go(HOLD)
    deadline = time.monotonic() + _BACK_SECONDS
    while not ask("GET", "/ready")[service]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all pods of '{service}' are ready again after {_BACK_SECONDS:g} s")
        time.sleep(_EVERY_SECONDS)
    return True
