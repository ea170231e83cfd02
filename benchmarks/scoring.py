"""Grading long logs: how long, whether in proportion to their length, in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, judged

_SECONDS = 5.0 / 1_000_000
_MEGABYTES = 500
_PROPORTION = 1.25
"""By how much the whole may take longer than ten times a tenth."""
_ONE = """
import json, resource, sys, time
from benchmarks.big_log import big_history
from gameday.score.grading import grade
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
history = big_history(int(sys.argv[1]))
before, begin, spent = peak(), time.perf_counter(), time.process_time()
grade(history)
taken = {"seconds": time.perf_counter() - begin, "processor": time.process_time() - spent}
print(json.dumps({**taken, "log": before, "peak": peak()}))
"""


def measure(kept: Kept, count: int) -> list[Row]:
    """A log of ``count`` requests and one of a tenth, each in a process of its own, three times."""
    del kept
    found = {
        requests: [_one(requests) for _ in range(3)]
        for requests in (count // 10, count // 5, count // 2, count)
    }
    best = {requests: min(one["seconds"] for one in ones) for requests, ones in found.items()}
    spent = {requests: min(one["processor"] for one in ones) for requests, ones in found.items()}
    peak = max(one["peak"] for one in found[count])
    log = max(one["log"] for one in found[count])
    times = ", ".join(f"{requests:,} in {taken:.2f} s" for requests, taken in spent.items())
    proportion = spent[count] / (10 * spent[count // 10])
    limit = _SECONDS * count
    return [
        judged(
            f"scoring {count:,} requests",
            best[count],
            f"{best[count]:.2f} s (best of 3)",
            f"at most {limit:g} s",
            limit=limit,
            why="of the time that each request takes",
        ),
        judged(
            "linear in the log's length",
            proportion,
            f"{proportion:.2f} x ten times the processor time of a tenth ({times})",
            f"at most {_PROPORTION:g} x",
            limit=_PROPORTION,
            why="something is looked at more often the longer the log is",
        ),
        judged(
            f"memory for {count:,} requests",
            peak,
            f"{peak:.0f} MB at its peak, {log:.0f} MB of it the log itself and the program",
            f"under {_MEGABYTES} MB",
            limit=_MEGABYTES,
            why="the log as Python objects takes most of it",
        ),
    ]


def _one(requests: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _ONE, str(requests)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
