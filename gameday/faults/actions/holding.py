"""The side that renews: starts holders, renews their leases for as long as it is watched itself, lets them go.

Two can watch. Under gameday the runner asks the fault's child again and again (the ``proves`` probe, every 2 s):
each word of its renews, nothing else does. So a holder is gone within its lease when its runner or its child was
killed, or stopped, or hangs. Under plain ``chaos run`` nobody asks; there a thread of this process renews, and
stops with it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

from gameday.faults.holder import GRACE, SHORTEST

__all__ = ["hold", "holds", "let_go", "renew_all", "watched_by_runner"]

_END_SECONDS = 1.0
_START_SECONDS = 15.0
_RENEWALS = 4
"""How often a lease is renewed while it lasts, where a thread does it."""
_BY_RUNNER = threading.Event()


class _Holder:
    """A holder of this process, and the last thing it said."""

    def __init__(self, name: str, seconds: float, arguments: dict[str, Any]) -> None:
        self.name = name
        self._seconds = seconds
        self.said: dict[str, Any] = {}
        self._spoke = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gameday.faults.holder", str(seconds), name, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Whoever ends the child ends what is in its group: a holder may have something to put back first.
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if not _BY_RUNNER.is_set():
            threading.Thread(target=self._renew_always, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def in_place(self) -> dict[str, Any]:
        """What it holds, once it has said so. Raises RuntimeError where it says nothing."""
        spoke = self._spoke.wait(_START_SECONDS)
        if self.said:
            return self.said
        if spoke:  # it closed its end without a word: it is about to be gone
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        code = self._process.poll()
        self.let_go()
        how = "did not take hold in time" if code is None else f"ended with {code} before it held anything"
        raise RuntimeError(f"the holder {self.name} {how}")

    def renew(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has let go
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def let_go(self) -> None:
        """Have it let go, and wait until it is gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(GRACE * 2)
        except subprocess.TimeoutExpired:  # it was stopped, or the machine is very slow
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.said = json.loads(line)
                self._spoke.set()
        self._spoke.set()

    def _renew_always(self) -> None:
        while True:
            try:
                self._process.wait(self._seconds / _RENEWALS)
            except subprocess.TimeoutExpired:
                self.renew()
            else:
                return


_HOLDERS: dict[str, _Holder] = {}
"""Function -> the holder that this process started for it."""


def watched_by_runner() -> None:
    """From now on a runner speaks to this process, and only what it says renews."""
    _BY_RUNNER.set()


def renew_all() -> None:
    """The runner has spoken: everything that is held is held on."""
    for holder in list(_HOLDERS.values()):
        holder.renew()


def hold(function: str, lease: str, **arguments: Any) -> dict[str, Any]:
    """Start a holder that calls ``module:function`` (see ``gameday.faults.holder``), and wait until it holds.

    Args:
        function: what holds, in a module that can be imported.
        lease: how long it goes on without being renewed, for example ``10s``.
        arguments: the function's own, as JSON.

    Returns:
        What the holder said first.

    Raises:
        ValueError: the lease is none, or too short to be renewed.
        RuntimeError: it is held by this process already, or the holder ended or hung before it held anything.
    """
    from gameday.model.quantities import duration

    seconds = duration(lease)
    if seconds < SHORTEST:
        raise ValueError(f"a lease of {seconds:g} s is too short to be renewed; give {SHORTEST:g} s or more")
    if function in _HOLDERS and _HOLDERS[function].alive:
        raise RuntimeError(f"{function} is held already (process {_HOLDERS[function].pid})")
    holder = _HOLDERS[function] = _Holder(function, seconds, arguments)
    return holder.in_place()


def holds(function: str) -> dict[str, Any]:
    """What the holder said last; empty where it has let go, or where this process has none."""
    holder = _HOLDERS.get(function)
    return holder.said if holder and holder.alive else {}


def let_go(function: str) -> bool:
    """End a holder of this process and wait until it is gone; gives whether there was one to end."""
    holder = _HOLDERS.pop(function, None)
    if holder is None:
        return False
    was_alive = holder.alive
    holder.let_go()
    return was_alive
