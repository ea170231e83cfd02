"""The command line by itself: how long the help takes, and how long many files take to validate."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged

_RATIO = 3.0
_RUNS = 15
_SECONDS_PER_SCENARIO = 3.0 / 1000


def _seconds(command: Sequence[str]) -> float:
    """Wall time of a whole process."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begin


def measure(kept: Kept, count: int) -> list[Row]:
    """Help against an interpreter that does nothing, in turn; validating ``count`` scenarios."""
    del kept
    return [_help(), _validating(count)]


def _help() -> Row:
    taken: dict[str, list[float]] = {"pass": [], "import click": [], "help": []}
    for _ in range(_RUNS):
        taken["pass"].append(_seconds([sys.executable, "-c", "pass"]))
        taken["import click"].append(_seconds([sys.executable, "-c", "import click"]))
        taken["help"].append(_seconds([sys.executable, "-m", "gameday", "--help"]))
    bare, click, ours = (min(times) for times in taken.values())  # what is longer waited for something else
    shown = f"{ours / bare:.1f} x ({ours * 1000:.0f} ms against {bare * 1000:.0f} ms; best of {_RUNS})"
    return judged(
        "gameday --help against python -c pass",
        ours / bare,
        shown,
        f"at most {_RATIO:g} x",
        limit=_RATIO,
        why=f"importing click, which reads the command line, takes {(click - bare) * 1000:.0f} ms of it",
    )


def _validating(count: int) -> Row:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("experiments", "scenarios", "scorecards"):
            shutil.copytree(ROOT / part, folder / part)
        text = (ROOT / "scenarios" / "auth-connection-leak.yaml").read_text()
        for number in range(count):
            (folder / "scenarios" / f"copy-{number}.yaml").write_text(text)
        taken = _seconds([sys.executable, "-m", "gameday", "validate", str(folder / "scenarios")])
    limit = _SECONDS_PER_SCENARIO * count
    return judged(
        f"gameday validate, {count:,} scenarios",
        taken,
        f"{taken:.2f} s",
        f"at most {limit:.1f} s",
        limit=limit,
        why=f"reading one takes {taken / count * 1000:.1f} ms",
    )
