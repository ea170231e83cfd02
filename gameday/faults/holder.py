"""A holder: a process that does something for as long as its lease is renewed, and lets go by itself when not.

    python -m gameday.faults.holder SECONDS MODULE:FUNCTION '{"argument": ...}'

Some faults are a state of the system, which stays when nobody looks (a release, a toxic). Others are there only
while somebody does something: keeps connections open, kills replicas again and again. Those live here. The
function gets a ``Lease`` and the arguments; it holds on for as long as ``lease.lasts(...)`` says so, tells with
``lease.say`` what it holds, and lets go by returning:

    def kill_again_and_again(lease: Lease, every: float) -> None:
        while lease.lasts(every):
            ...

Whatever comes on stdin renews the lease. It ends, and with it the process, when

- it was not renewed for its seconds: who renews died, hangs, or was stopped,
- stdin closes: who renews let go, or died,
- SIGTERM comes,
- the function returns: there is nothing left to hold (a batch job whose sessions were ended opens no others).

The function is asked to let go ``GRACE`` seconds before the lease is up. One that does not come back by then is
ended by the kernel: the alarm clock is set anew with each renewal and kills where nobody stops it, whatever
Python is doing. So no holder outlives its lease by more than the kernel needs. One that was itself stopped
(SIGSTOP) does nothing meanwhile, and dies when it goes on.

Who renews is not known here: ``gameday.faults.actions.holding`` is that side.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

GRACE = 0.5
"""Seconds that a function has for letting go."""
SHORTEST = 1.0
"""Seconds of the shortest lease: less would be over before anybody can renew it."""


class Lease:
    """How long one may go on. ``seconds`` from one renewal to the end; it begins now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = threading.Condition()
        self._over = False
        self._until = 0.0
        self.renew()

    def renew(self) -> None:
        """From now on it lasts for its whole time again, unless it is over already."""
        with self._changed:
            if not self._over:
                self._until = time.monotonic() + self._seconds - GRACE
                signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def end(self) -> None:
        """It is over; who holds on for longer than ``GRACE`` is killed."""
        with self._changed:
            if not self._over:
                self._over = True
                signal.setitimer(signal.ITIMER_REAL, GRACE)
                self._changed.notify_all()

    def lasts(self, seconds: float = 0.0) -> bool:
        """Wait so long, or until the lease is over; gives whether it still lasts."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._over and (now := time.monotonic()) < self._until:
                if now >= until:
                    return True
                self._changed.wait(min(until, self._until) - now)
            return False

    def say(self, **held: Any) -> None:
        """Tell who renews what is held. The first time says that the fault is in place."""
        with contextlib.suppress(OSError):  # nobody listens any more: stdin tells of it
            os.write(sys.stdout.fileno(), (json.dumps(held) + "\n").encode())


def _watch(lease: Lease) -> None:
    """Renew by whatever is written to stdin, until it closes."""
    while os.read(sys.stdin.fileno(), 4096):
        lease.renew()
    lease.end()


def main() -> None:
    """Hold until the lease is over, or until the function returns."""
    seconds, name, arguments = float(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # to be killed by it, also where it was ignored before us
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who renews us
    module, _, function = name.partition(":")
    hold = getattr(importlib.import_module(module), function)
    lease = Lease(seconds)
    # The thread hears it, not the main one: that may be deep in the function.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_watch, args=(lease,), daemon=True).start()
    threading.Thread(target=_terminated, args=(lease,), daemon=True).start()
    hold(lease, **arguments)


def _terminated(lease: Lease) -> None:
    signal.sigwait({signal.SIGTERM})
    lease.end()


if __name__ == "__main__":
    main()
