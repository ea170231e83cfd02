"""The end of replicas by SIGKILL, as a node or a careless hand brings it about; the supervisor starts them again."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gameday.errors import InputError, StackError
from gameday.model.amounts import Amount, amount
from gameday.stacks.platform.catalog import SERVICE, known
from gameday.stacks.platform.rollout import AuthService

PICKS = ("random", "oldest")
_GONE_SECONDS = 2.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Victim:
    """A replica that was killed."""

    name: str
    pid: int


def choose(oldest_first: Sequence[T], wanted: Amount, pick: str, dice: random.Random) -> list[T]:
    """Those to kill: the oldest, or any, each as likely as the others."""
    many = wanted.of(len(oldest_first))
    return list(oldest_first[:many]) if pick == "oldest" else dice.sample(oldest_first, many)


async def kill_replicas(service: AuthService, body: Mapping[str, Any]) -> list[Victim]:
    """Kill ``count`` of ``service``, picked as ``pick`` says, and see that their processes are gone.

    The same ``seed`` picks the same ones again among as many; 0, others each time. That none runs is an error,
    unless ``nobody_is_fine``: whoever kills again and again may come while all of them wait to be started again.

    Raises:
        InputError: a word or a number is wrong; nothing was killed.
        StackError: no replica runs, so nothing was killed; or one did not end.
    """
    known("service", str(body.get("service", "")), [SERVICE])
    pick = known("pick", str(body.get("pick", PICKS[0])), PICKS)
    try:
        wanted = amount(body.get("count", 1))
    except ValueError as error:
        raise InputError(f"count: {error}") from error
    running = [(replica.child, pid) for replica in service.replicas if (pid := replica.child.pid) is not None]
    if not running and not body.get("nobody_is_fine"):
        raise StackError(f"no replica of {SERVICE} runs, so none was killed")
    oldest_first = sorted(running, key=lambda one: (one[0].started_at, one[0].name))
    dice = random.Random(body.get("seed") or None)  # noqa: S311 - no secret hangs on it
    chosen = choose(oldest_first, wanted, pick, dice)
    for child, _ in chosen:
        await child.kill()
    for child, pid in chosen:
        if not await child.gone(pid, _GONE_SECONDS):
            raise StackError(f"{child.name} (pid {pid}) did not end within {_GONE_SECONDS:g} s of SIGKILL")
        _log.info("%s (pid %d) was killed", child.name, pid)
    return [Victim(child.name, pid) for child, pid in chosen]
