"""What is asked of one run, put together by the command line: inputs, stack, who responds, where it is kept."""

from __future__ import annotations

import os
import platform
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from gameday import __version__
from gameday.events import RunStarted
from gameday.load.driver import Address
from gameday.model.inputs import Inputs
from gameday.ports import Stack

Responder = Literal["bot", "people", "agent", "none"]
_SAID = ("chaostoolkit-lib", "locust", "pydantic", "toxiproxy-python")


@dataclass(frozen=True, slots=True)
class Order:
    """One run to execute."""

    inputs: Inputs
    raw: dict[str, Any]
    """``inputs`` as plain data: what the log keeps."""
    digests: dict[str, str]
    locustfile: Path
    stack: Stack
    owned: bool
    """Whether the run brings the stack up and takes it down."""
    keep: bool
    """Leave an owned stack up afterwards."""
    responder: Responder
    out: Path
    seed: int
    allowed: tuple[str, ...] = ("local",)
    """Kinds of stack that may be broken."""
    not_production: tuple[str, ...] = ()
    """Targets that look like production and, somebody says, are none."""
    load_master: Address | None = None
    """Where Locust's workers join that somebody started elsewhere; None: the run starts its own."""
    id: str = ""
    """The run's id, where whoever asks for it has chosen one already."""

    def new_id(self) -> str:
        """A run's id: sorts by time, tells the system, spells no cause."""
        system = re.sub(r"[^a-z0-9]+", "-", self.raw["scenario"]["system"].rsplit("/", 1)[-1].lower()).strip(
            "-"
        )
        return f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{system}-{secrets.token_hex(2)}"

    def started(self, run: str) -> RunStarted:
        """The first record."""
        versions = {"gameday": __version__, "python": platform.python_version()}
        for name in _SAID:
            versions[name] = metadata.version(name)
        return RunStarted(
            run=run,
            versions=versions,
            host={
                "system": platform.system(),
                "machine": platform.machine(),
                "cpus": os.cpu_count(),
                "monotonic_base": time.monotonic(),
            },
            seed=self.seed,
            stack=self.stack.kind,
            responder=self.responder,
            inputs=self.raw,
            digests=self.digests,
        )
