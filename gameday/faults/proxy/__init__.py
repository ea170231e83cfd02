"""The fault proxy: a TCP proxy with Toxiproxy's HTTP API and toxics, for where no real one is at hand.

    server > api > collection > proxy > connection > link > stage > toxics

Each imports only what stands to its right, and ``body``, ``errors``, ``address`` and ``placed``. It knows
nothing of scenarios and runs: to gameday it is one more server that speaks HTTP.
"""

from __future__ import annotations

from gameday.faults.proxy.server import run, serve, standing

__all__ = ["run", "serve", "standing"]
