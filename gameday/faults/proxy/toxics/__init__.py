"""The toxics by the name of their type, each in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping

from gameday.faults.proxy.toxics.bandwidth import Bandwidth
from gameday.faults.proxy.toxics.base import Toxic
from gameday.faults.proxy.toxics.latency import Latency
from gameday.faults.proxy.toxics.limit_data import LimitData
from gameday.faults.proxy.toxics.noop import Noop
from gameday.faults.proxy.toxics.reset_peer import ResetPeer
from gameday.faults.proxy.toxics.slicer import Slicer
from gameday.faults.proxy.toxics.slow_close import SlowClose
from gameday.faults.proxy.toxics.timeout import Timeout

__all__ = [
    "TYPES",
    "Bandwidth",
    "Latency",
    "LimitData",
    "Noop",
    "ResetPeer",
    "Slicer",
    "SlowClose",
    "Timeout",
]

TYPES: Mapping[str, type[Toxic]] = {
    toxic.kind: toxic
    for toxic in (Bandwidth, Latency, LimitData, Noop, ResetPeer, Slicer, SlowClose, Timeout)
}
