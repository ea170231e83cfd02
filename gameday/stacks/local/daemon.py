"""The supervisor as a process: spawned in a session of its own, and ended with everything it holds.

Works on the folder alone, so that a stack can be ended by another process than the one that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time

import psutil

from gameday.errors import StackError
from gameday.stacks.local.folder import Folder, State
from gameday.stacks.local.programs import python_environment, python_module

UP_SECONDS = 30.0
STOP_SECONDS = 8.0
GONE_SECONDS = 8.0
_POLL_SECONDS = 0.02


async def start_supervisor(folder: Folder) -> State:
    """Spawn it and wait until its stack is ready. Raises StackError with its reason."""
    log = folder.logs / "supervisor.log"
    # Without an object that would have to outlive us: the stack may stay when we go.
    pid = os.posix_spawn(
        sys.executable,
        python_module("gameday.stacks.local.supervisor", str(folder.path)),
        python_environment(),
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    folder.write_supervisor(pid)
    deadline = time.monotonic() + UP_SECONDS
    while True:
        state = folder.read_state()
        if state:
            return state
        if _reap(pid):
            # Nobody to end any more, and the number may become another's.
            folder.write_supervisor(None)
            raise StackError(folder.read_failure() or "its supervisor ended without a word")
        if time.monotonic() > deadline:
            raise StackError(f"it was not ready within {UP_SECONDS:g} s")
        await asyncio.sleep(_POLL_SECONDS)


async def stop_supervisor(folder: Folder) -> None:
    """End it and all its processes. Raises StackError where some are left."""
    pid = folder.read_supervisor()
    if pid is None:
        return
    for farewell in (signal.SIGTERM, signal.SIGKILL):
        # Only who holds the folder's lock is the supervisor; its id may be another's by now.
        if folder.is_stale() and not _is_our_child(pid):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, farewell)
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(folder, pid) and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_SECONDS)
    await _programs_gone(pid)


def remove_files(folder: Folder) -> None:
    """Everything that the stack has written, but logs that were asked for elsewhere."""
    state = folder.read_state()
    if state and state.elsewhere:
        shutil.rmtree(state.elsewhere, ignore_errors=True)
    shutil.rmtree(folder.path, ignore_errors=True)


async def _programs_gone(group: int) -> None:
    """A killed supervisor's programs get their farewell from the kernel: wait until they have followed it."""
    deadline = time.monotonic() + GONE_SECONDS
    while left := _members(group):
        if time.monotonic() > deadline:
            raise StackError(f"processes of the stack are left: {', '.join(map(str, left))}")
        await asyncio.sleep(_POLL_SECONDS)


def _members(group: int) -> list[int]:
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


def _alive(folder: Folder, pid: int) -> bool:
    return not _reap(pid) and (not folder.is_stale() or _is_our_child(pid))


def _is_our_child(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).ppid() == os.getpid())
    except psutil.NoSuchProcess:
        return False


def _reap(pid: int) -> bool:
    """Whether the process has ended; takes its exit status where it was our child."""
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return not psutil.pid_exists(pid)
    return done == pid
