"""Serve an application on a given address until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 1


def where_argument() -> tuple[str, int]:
    """The ``--host`` (the loopback) and ``--port`` of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    return given.host, given.port


def serve(app: ASGIApp, where: tuple[str, int]) -> None:
    """Run until told to stop; requests in flight then get a second to end."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=GRACE_SECONDS
    )
    with socket.socket() as listener:
        # Whoever starts this may hold the port with a bound socket that does not listen.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
