"""Ports that stay ours from the moment they are chosen.

A port is held by a socket that is bound and does not listen: a program that binds it with SO_REUSEADDR (all
of ours do) can listen there, everybody else is refused, and a connection to a port on which nobody listens is
refused at once. So two stacks never choose the same port, and none is lost while a program restarts.
"""

from __future__ import annotations

import socket
from typing import Self


class HeldPorts:
    """Closes its sockets at the end of a ``with`` block."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def take(self) -> int:
        """A free port of the loopback, held from now on."""
        holder = socket.socket()
        self._sockets.append(holder)
        # Bound exclusively, then opened for others: nobody can have bound it before us.
        holder.bind(("127.0.0.1", 0))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port: int = holder.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for holder in self._sockets:
            holder.close()
