"""Start a program that dies with whoever started it, as an ordinary user where it refuses to be root.

    python -I -S launch.py PARENT SIGNAL AS PROGRAM ARGUMENT...

PARENT is the process to die with, SIGNAL the number it is then sent. AS is ``self``, or how to stop being
root: ``namespace`` (a user namespace; files stay reachable, and belong to root outside) or ``nobody`` (really
another user: binaries and data must be reachable for it). Run as a file, so that it starts in milliseconds.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def enter_namespace(libc: ctypes.CDLL) -> None:
    """Become nobody in a user namespace of our own, where our files are nobody's too."""
    # A user that the password file knows: initdb looks its name up.
    user, group = pwd.getpwnam("nobody")[2:4]
    outside_user, outside_group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are refused here")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {outside_user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {outside_group} 1", encoding="ascii")


def become_nobody() -> None:
    """Give up being root for good."""
    user, group = pwd.getpwnam("nobody")[2:4]
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def main(parent: str, signal: str, way: str, *command: str) -> None:
    """Bind the process to its parent's life and become the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if way == "namespace":
        enter_namespace(libc)
    elif way == "nobody":
        become_nobody()
    # After the change of user, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
    if os.getppid() != int(parent):
        return
    os.execvp(command[0], command)  # noqa: S606 - there is no shell, which is meant


if __name__ == "__main__":
    main(*sys.argv[1:])
