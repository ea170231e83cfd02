"""What gameday costs and how exact its clock is: measured, printed as a table, written to docs/performance.md.

    python -m benchmarks.bench [--only GROUP]... [--quick] [--fresh] [--render]

Groups are measured one after the other. What is done is kept in .bench/ under a digest of the code, so a second call
goes on where the first was stopped. ``--quick`` takes a few of everything and writes no document.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.kept import EVERYTHING, ROOT, Kept, digest
from benchmarks.machine import busy, machine
from benchmarks.rows import Group, Row, as_markdown, as_text

KEPT = ROOT / ".bench"
TABLE = ROOT / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Bench:
    """One group: how it is measured, and how often in the two forms."""

    title: str
    measure: Callable[[Kept, int], list[Row]]
    full: int
    quick: int


def benches() -> dict[str, Bench]:
    """Every group, in the order of the document."""
    from benchmarks import (
        alerts,
        clock,
        fault_proxy,
        generator,
        injection,
        kills,
        overhead,
        parts,
        scoring,
        spread,
        stacks,
        start_up,
    )

    return {
        "injection": Bench("The injecting activity", injection.measure, 50, 10),
        "observer": Bench("The card's clock against an observer", clock.measure, 50, 5),
        "parts": Bench("The same for faults that hit a part of the requests", parts.measure, 5, 1),
        "spread": Bench("Spread of detection and mitigation", spread.measure, 30, 3),
        "start-up": Bench("Command line", start_up.measure, 1000, 200),
        "scoring": Bench("Grading", scoring.measure, 1_000_000, 200_000),
        "proxy": Bench("The fault proxy", fault_proxy.measure, 7, 1),
        "overhead": Bench("What a run adds, and what it needs", overhead.measure, 3, 1),
        "alerts": Bench("Alertmanager's webhooks", alerts.measure, 20, 3),
        "kills": Bench("Pods killed on a cluster", kills.measure, 30, 5),
        "stacks": Bench("The clocks of the stacks side by side", stacks.measure, 1, 1),
        "generator": Bench("The load generator", generator.measure, 8, 2),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, print the table, write the document."""
    all_of_them = benches()
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=[*all_of_them], help="only this group; can be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="a few of everything; writes no document")
    parser.add_argument("--fresh", action="store_true", help="measure again what is measured already")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; write the document from what is kept"
    )
    given = parser.parse_args(arguments)
    form = "quick" if given.quick else "full"
    kept = Kept(KEPT / f"{form}-{digest(*EVERYTHING, 'benchmarks')}.json")
    rendered = Kept(KEPT / f"{form}.json")
    begin = time.monotonic()
    for name in () if given.render else given.only or all_of_them:
        rendered.put(name, _measured(name, all_of_them[name], kept, form, fresh=given.fresh))
    groups = [
        _group(name, bench, rendered, form) for name, bench in all_of_them.items() if name in rendered.results
    ]
    print(as_text([group for group in groups if not given.only or group.name in given.only]))
    if not given.quick:
        before = TABLE.read_text() if TABLE.is_file() else ""
        titles = [bench.title for bench in all_of_them.values()]
        TABLE.write_text(as_markdown(groups, machine(), f"{datetime.now(UTC):%Y-%m-%d}", titles, before))
        print(f"table in {TABLE.relative_to(ROOT)}")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


def _measured(name: str, bench: Bench, kept: Kept, form: str, *, fresh: bool) -> dict[str, object]:
    """The rows of one group as plain data; those of a finished one from the file, unless it is to be made again."""
    if fresh:
        for old in [key for key in kept.results if key.startswith(f"{name} ") or key == name]:
            del kept.results[old]
    if name not in kept.results:
        print(f"{name} ...", file=sys.stderr, flush=True)
        load, when = busy(), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        rows = bench.measure(kept, getattr(bench, form))
        kept.put(name, {"when": when, "load": load, "rows": [row.as_json() for row in rows]})
    found: dict[str, object] = kept.results[name]
    return found


def _group(name: str, bench: Bench, rendered: Kept, form: str) -> Group:
    found = rendered.results[name]
    quick = " --quick" if form == "quick" else ""
    return Group(
        name=name,
        title=bench.title,
        command=f"python -m benchmarks.bench --only {name}{quick}",
        when=found["when"],
        rows=tuple(Row.from_json(row) for row in found["rows"]),
        load=found["load"],
    )


if __name__ == "__main__":
    sys.exit(main())
