"""The other end of a connection for measuring a proxy, in a process of its own: echoes, or swallows and says when.

    python benchmarks/peer.py        prints its port

The first byte of a connection says which: E, everything comes back; S and a length in eight bytes, one byte comes
back when that much has come.
"""

from __future__ import annotations

import socket
import sys
import threading

_BUFFER = 2**18


def serve(connection: socket.socket) -> None:
    """One connection to its end."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(_BUFFER))
    with connection:
        if connection.recv(1) == b"E":
            while count := connection.recv_into(buffer):
                connection.sendall(buffer[:count])
            return
        left = int.from_bytes(connection.recv(8, socket.MSG_WAITALL))
        while left > 0 and (count := connection.recv_into(buffer)):
            left -= count
        connection.sendall(b".")


def main() -> int:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
