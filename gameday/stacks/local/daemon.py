"""The supervisor as a process: spawned in a session of its own, and ended with everything it holds.

Works on the folder alone, so that a stack can be ended by another process than the one that started it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys

import psutil

from gameday.errors import StackError
from gameday.stacks.local.folder import Folder, State
from gameday.stacks.local.programs import python_environment, python_module
from gameday.stacks.platform.waiting import until

_MODULE = "gameday.stacks.local.supervisor"
UP_SECONDS = 45.0
STOP_SECONDS = 8.0
GONE_SECONDS = 8.0


async def start_supervisor(folder: Folder) -> State:
    """Spawn it and wait until its stack is ready. Raises StackError with its reason."""
    pid = _spawn(folder)

    async def settled() -> bool:
        return folder.read_state() is not None or _reap(pid)

    if not await until(settled, UP_SECONDS):
        raise StackError(f"it was not ready within {UP_SECONDS:g} s")
    state = folder.read_state()
    if state is None:
        raise StackError(folder.read_failure() or "its supervisor ended without a word")
    return state


async def stop_supervisor(folder: Folder) -> None:
    """End it and all its processes. Raises StackError where some are left."""
    pid = _supervisor_of(folder)
    if pid is None:
        return

    async def ended() -> bool:
        return _reap(pid) or not _is_supervisor(pid, folder)

    async def programs_gone() -> bool:
        return not _members(pid)

    for farewell in (signal.SIGTERM, signal.SIGKILL):
        if await ended():
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, farewell)
        if await until(ended, STOP_SECONDS):
            break
    # A killed supervisor's programs get their farewell from the kernel; a frozen one only when it goes on.
    _let_go_on(pid)
    if not await until(programs_gone, GONE_SECONDS):
        raise StackError(f"processes of the stack are left: {', '.join(map(str, _members(pid)))}")


def remove_files(folder: Folder) -> None:
    """Everything that the stack has written, but logs that were asked for elsewhere."""
    state = folder.read_state()
    if state and state.elsewhere:
        shutil.rmtree(state.elsewhere, ignore_errors=True)
    shutil.rmtree(folder.path, ignore_errors=True)


def _spawn(folder: Folder) -> int:
    """Without an object that would have to outlive us: the stack may stay when we go."""
    log = folder.logs / "supervisor.log"
    pid = os.posix_spawn(
        sys.executable,
        python_module(_MODULE, str(folder.path)),
        python_environment(),
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    folder.write_supervisor(pid)
    return pid


def _members(group: int) -> list[int]:
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


def _let_go_on(group: int) -> None:
    """Wake what is frozen of the stack; children first, since they left the group and only their parent knows them."""
    for member in _members(group):
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(member)
            for process in (*first.children(recursive=True), first):
                if process.status() == psutil.STATUS_STOPPED:
                    process.send_signal(signal.SIGCONT)


def _supervisor_of(folder: Folder) -> int | None:
    """As noted, or, where who spawned it died before the note, as it runs."""
    noted = folder.read_supervisor()
    return noted or next((pid for pid in psutil.pids() if _is_supervisor(pid, folder)), None)


def _is_supervisor(pid: int, folder: Folder) -> bool:
    """Whether it is this folder's, told by its command line: its id may be another's by now, its lock comes late."""
    try:
        words: list[str] = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return words[-2:] == [_MODULE, str(folder.path)]


def _reap(pid: int) -> bool:
    """Whether the process has ended; takes its exit status where it was our child."""
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return not psutil.pid_exists(pid)
    return done == pid
