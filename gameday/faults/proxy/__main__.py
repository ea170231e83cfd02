"""``python -m gameday.faults.proxy``: the fault proxy in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gameday.errors import GamedayError
from gameday.faults.proxy import run
from gameday.faults.proxy.address import LAST_PORT


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gameday.faults.proxy", description="A TCP proxy with Toxiproxy's HTTP API and toxics."
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the HTTP API listens (%(default)s)")
    parser.add_argument("--port", type=int, default=8474, help="its port; 0 for a free one (%(default)s)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON list of proxies to begin with")
    parser.add_argument("--seed", type=int, help="makes jitter, sizes and toxicity repeatable")
    given = parser.parse_args(arguments)
    if not 0 <= given.port <= LAST_PORT:
        parser.error(f"--port must be 0 to {LAST_PORT}, not {given.port}")
    try:
        run(given.host, given.port, given.config, given.seed)
    except GamedayError as problem:
        print(f"gameday: {problem}", file=sys.stderr)  # noqa: T201 - a command line tool speaks to its user
        return int(problem.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
