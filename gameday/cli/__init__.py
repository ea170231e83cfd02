"""The command line. ``--help`` is written from a table, so that it waits for no library that reads options.

This package is the composition root: it alone knows which adapter implements which seam.
"""

from __future__ import annotations

import os
import sys

COMPLETE = "_GAMEDAY_COMPLETE"
"""The variable by which a shell asks for completions; whatever else is typed, it finds the same program."""


def main() -> None:
    """Write the overview at once; everything else is the program's."""
    if sys.argv[1:] in (["--help"], ["-h"]) and COMPLETE not in os.environ and sys.stdout is not None:
        from gameday.cli.overview import overview, width

        try:
            print(overview(width()), flush=True)  # noqa: T201 - what the program would write, sooner
        except OSError:
            os._exit(0)  # nobody reads on: nothing is left to say, and nobody to say it to
        sys.exit(0)
    from gameday.cli.program import run

    run()
