"""A program under the platform's care, whatever it runs in: a process of ours, or a container."""

from __future__ import annotations

from typing import Protocol

from gameday.errors import StackError

CRASH_LOOP = "CrashLoopBackOff"
"""What waits is called that died again soon after it had been started again."""


class Program(Protocol):
    """Whoever dies unasked comes back, later each time that it dies soon again."""

    @property
    def name(self) -> str:
        """As people see it."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs: of another process after each start."""

    @property
    def running(self) -> bool:
        """Whether it runs now."""

    @property
    def restarts(self) -> int:
        """How often the platform has started it again."""

    @property
    def started_at(self) -> float:
        """When it was last started, in seconds; only compared with others of its kind."""

    @property
    def last_end(self) -> str:
        """How it ended when it last died unasked: ``OOMKilled``, ``SIGKILL``, ``exit 1``; empty where it has not."""

    @property
    def starts_in(self) -> float | None:
        """Seconds until it is started again; None while it runs, or where nobody knows."""

    @property
    def waits(self) -> str:
        """Why it does not run though it should, in the platform's words; empty where nothing holds it up.

        ``CrashLoopBackOff`` where it died again soon after it had been started again, ``ImagePullBackOff``.
        """

    async def memory(self) -> int | None:
        """Bytes in use now; None where it does not run."""

    async def start(self) -> None:
        """Start it and keep it running. Does nothing where it is under care already. Raises StackError."""

    async def stop(self) -> None:
        """End it for good, at once."""

    async def kill(self, why: str = "") -> None:
        """End the process where it stands, as SIGKILL does; whoever is under care comes back. ``why`` is its end."""

    async def gone(self, pid: int, within: float) -> bool:
        """Whether a process of this program, by its id, has ended within so many seconds."""

    def failure(self, what: str) -> StackError:
        """What went wrong with it, and the end of its log."""
