"""Addresses as Toxiproxy writes them: ``host:port``, ``[v6]:port``, ``:port``; and listening on them."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Self

_RESOLVE_TIMEOUT = 5.0
_BACKLOG = 1024
LAST_PORT = 65535
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - what somebody may ask for


@dataclass(frozen=True, slots=True)
class Address:
    """A host, perhaps empty or a name, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; nothing at all is any host and any port. Raises OSError, as resolving it would."""
        host, colon, port = (text or ":0").rpartition(":")
        if not colon:
            raise OSError(f"address {text}: missing port in address")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise OSError(f"address {text}: too many colons in address")
        if not (port.isascii() and port.isdigit() and int(port) <= LAST_PORT):
            raise OSError(f"address {port}: invalid port")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def resolved(self) -> Self:
        """With a number for the host, an IPv4 one where there is a choice. Raises OSError."""
        if not self.host:
            return self
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT):
                found = await asyncio.get_running_loop().getaddrinfo(
                    self.host, self.port, type=socket.SOCK_STREAM
                )
        except TimeoutError:
            raise OSError(f"lookup {self.host}: no answer in {_RESOLVE_TIMEOUT:.0f} s") from None
        except UnicodeError:
            raise OSError(f"lookup {self.host}: no such host") from None
        hosts = [str(sockaddr[0]) for family, *_, sockaddr in found if family == socket.AF_INET]
        return type(self)(hosts[0] if hosts else str(found[0][4][0]), self.port)

    async def listen(self) -> socket.socket:
        """A listening socket; any host means IPv6 and IPv4 where the machine has both. Raises OSError."""
        address = await self.resolved()
        everywhere = address.host in _ANY
        both = everywhere and socket.has_dualstack_ipv6()
        host = ("::" if both else "0.0.0.0") if everywhere else address.host  # noqa: S104 - as asked
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if both:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind((host, address.port))
            listener.listen(_BACKLOG)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        return listener

    @classmethod
    def of(cls, listener: socket.socket) -> Self:
        """Where a socket listens."""
        host, port = listener.getsockname()[:2]
        return cls(host, port)
