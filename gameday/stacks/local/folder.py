"""The state folder of one stack: where things lie in it, what it says, and whether its supervisor lives.

    config.json     what the adapter asked for              (written before the supervisor starts)
    lock            held by the supervisor as long as it lives
    supervisor.pid  its process id, which is the process group of all its programs too
    state.json      addresses and secrets, once all is ready (readable by its owner only)
    failure.txt     why it could not start
    logs/           what every program said

Only this module reads or writes these files; nothing here starts or asks a process.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

MARKER = "gameday-staging"


@dataclass(frozen=True, slots=True)
class Config:
    """What the stack should be."""

    replicas: int = 2
    version: str = "v1.2.3"
    max_connections: int = 150
    logs: str = ""
    """Folder for the programs' output; empty for ``logs`` in the state folder."""
    database_as: str = "auto"
    """How PostgreSQL is run by root: ``namespace``, ``nobody``, or whichever works."""


@dataclass(frozen=True, slots=True)
class State:
    """What another process needs to use the stack. Holds secrets."""

    token: str
    control: str
    gateway: str
    toxiproxy: str
    database_url: str
    """The service's own role, past the proxies, to whichever server can be written."""
    database_batch_url: str
    """The role of jobs beside the service."""
    database_admin_url: str
    proxies: Mapping[str, str] = field(default_factory=dict)
    marker: str = MARKER
    elsewhere: str = ""
    """A folder outside the state folder that must go with it; empty where there is none."""


class Folder:
    """Paths and files of one state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def logs(self) -> Path:
        """Where the programs' output goes."""
        chosen = self.read_config().logs if (self.path / "config.json").exists() else ""
        return Path(chosen) if chosen else self.path / "logs"

    def create(self, config: Config) -> None:
        """Lay it out for a new stack."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        (self.path / "config.json").write_text(json.dumps(asdict(config)), encoding="utf-8")
        self.logs.mkdir(parents=True, exist_ok=True)

    def read_config(self) -> Config:
        """What was asked for."""
        return Config(**json.loads((self.path / "config.json").read_text(encoding="utf-8")))

    def write_state(self, state: State) -> None:
        """Publish it whole: whoever sees the file can use the stack."""
        draft = self.path / "state.json.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(state), file)
        (self.path / "token").touch(0o600)
        (self.path / "token").write_text(state.token, encoding="utf-8")
        draft.rename(self.path / "state.json")

    def read_state(self) -> State | None:
        """What the supervisor published; None while it has not."""
        try:
            return State(**json.loads((self.path / "state.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write_supervisor(self, pid: int | None) -> None:
        """Note the supervisor's process id, from its start on; None forgets it."""
        (self.path / "supervisor.pid").write_text("" if pid is None else str(pid), encoding="utf-8")

    def read_supervisor(self) -> int | None:
        """The supervisor's process id, also of one that is gone; None where there was none."""
        try:
            return int((self.path / "supervisor.pid").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def write_failure(self, reason: str) -> None:
        """Say why the stack does not stand."""
        (self.path / "failure.txt").write_text(reason, encoding="utf-8")

    def read_failure(self) -> str:
        """Why it does not stand, or an empty string."""
        try:
            return (self.path / "failure.txt").read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the lock, as the supervisor does while it lives; yields False where another holds it."""
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def is_ours(self) -> bool:
        """Whether a stack was ever laid out here."""
        return (self.path / "config.json").exists()

    def is_stale(self) -> bool:
        """Whether a stack was laid out here and its supervisor is gone."""
        if not self.is_ours():
            return False
        with self.held() as free:
            return free
