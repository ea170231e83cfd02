"""Results that outlive an interruption: one JSON file a state of the code, so that a second call goes on.

Shared by the trials (`make prove`) and the benchmarks (`make bench`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = ("gameday", "scenarios", "experiments", "scorecards")
"""What a game day's outcome depends on."""


def digest(*folders: str) -> str:
    """Of every file in these folders."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


class Kept:
    """Results by name, written to their file one by one."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self.results: dict[str, Any] = {} if fresh or not path.exists() else json.loads(path.read_text())

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The result of this name, made and kept now where there is none."""
        if name not in self.results:
            self.put(name, make())
        return self.results[name]

    def put(self, name: str, result: Any) -> None:
        """Keep a result; it is on disk when this returns."""
        with self._writing:
            self.results[name] = result
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(self.results, indent=1))
            fresh.replace(self.path)
