"""The card's clock against an independent observer, over faults that hit every request."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.gamedays import Ended, Project, RunError, Standing
from benchmarks.judging import Comparison
from benchmarks.kept import ROOT, Kept
from benchmarks.kinds import Hit, hits, toxics
from benchmarks.observed import EVERY, Watch, against_card, play
from benchmarks.rows import Row, spread
from benchmarks.variants import STEADY, short, write_system
from gameday.catalog import Catalog
from gameday.log import LOG_NAME

LOGS = ROOT / ".bench" / "logs"
"""What was recorded, for looking into: the log of each run, and what the observer wrote beside it."""
WIDEST = 0.150
_EXACT = 1e-6
ATTEMPTS = 4
"""Runs begun until one comes to an injection: on a busy machine the baseline may not hold."""
_HOLD = 2.6
"""Seconds, at least: by then requests that hang are overdue, and the impact is known."""
GOLDEN = 0.6180339887498949
"""Spreads the holds of successive runs evenly over a second."""
MILESTONES = ("impact", "mitigated")


def measure(kept: Kept, count: int) -> list[Row]:
    """Runs over every kind of fault that hits every request, in turn."""
    kinds = hits(Catalog(ROOT))
    wanted = [(f"observer {number}: {kinds[number % len(kinds)].name}", number) for number in range(count)]
    missing = [(name, number) for name, number in wanted if name not in kept.results]
    if missing:
        with Project.temporary() as project, project.standing() as standing:
            write_system(project)
            for name, experiment in toxics().items():
                project.write(f"experiments/{name}", experiment)
            for name, number in missing:
                kept.put(name, _one(project, standing, kinds, number))
                print(f"  {name}: {_told(kept.results[name])}", file=sys.stderr, flush=True)
    return _rows([kept.results[name] for name, _ in wanted], EVERY)


def _one(project: Project, standing: Standing, kinds: Sequence[Hit], number: int) -> dict[str, Any]:
    """One run; again, on a fresh stack, where it did not come to an injection: the machine was too busy."""
    hit = kinds[number % len(kinds)]
    errors_only = (number + number // len(kinds)) % 2 == 0  # each kind is judged both ways
    watch = Watch() if errors_only else Watch(steady_within=0.5)
    use = {"experiment": hit.experiment, "for": "60s", "with": dict(hit.with_)}
    words: tuple[str, ...] = ("--responder", "none")
    hold: float | None = _HOLD + (number * GOLDEN) % 1.0
    extra: dict[str, Any] = {}
    if hit.lever:
        acts = [
            {"when": "error_rate > 20% for 1s", "do": "wait", "after": f"{hold:.1f}s"},
            {"do": "lever", "with": _call(hit.lever)},
        ]
        project.write("scenarios/playbooks/bench", {"as": "alice", "acts": acts})
        extra, words, hold = {"playbook": "bench"}, ("--responder", "bot"), None
    elif hit.platform:
        extra, hold = {"recover": {"by": "platform", "within": "20s"}}, None
    steady = STEADY[:1] if errors_only else STEADY
    impact = {"when": "error_rate > 10%", "within": "10s"}
    project.write("scenarios/hit", short({"it": use}, impact=impact, steady_state=steady, **extra))
    tried: list[str] = []
    while True:
        try:
            ended, rows = play(project, standing, "hit", watch, hold=hold, words=words)
            break
        except RunError as problem:
            tried.append(str(problem))
            standing.again()
            if len(tried) == ATTEMPTS:
                return {"kind": hit.name, "mend": hit.mend, "problem": problem.args[0], "tried": tried}
    keep_log(project, f"observer-{number}", ended, rows)
    found = {"kind": hit.name, "mend": hit.mend, "tried": tried, **against_card(ended, rows, watch)}
    if ended.code == 4:
        standing.again()
    return found


def _call(words: str) -> dict[str, str]:
    from gameday.levers import read_call
    from gameday.stacks.platform.lever_table import LEVERS

    call = read_call(words.split(), LEVERS)
    return {"name": call.name, **call.arguments}


def keep_log(project: Project, name: str, ended: Ended, rows: list[list[Any]]) -> None:
    """Keep what was recorded under this name."""
    folder = LOGS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    logs = [*project.folder.glob(f"runs-*/{ended.history.started.run}/{LOG_NAME}")]
    shutil.copy(logs[0], folder / LOG_NAME)
    (folder / "observed.json").write_text(json.dumps(rows))


def comparison_of(found: Mapping[str, float] | None) -> Comparison | None:
    """What was kept of one comparison, as one."""
    return None if found is None else Comparison(found["observed"], found["earliest"], found["latest"])


def _inside(found: Mapping[str, float] | None, slack: float) -> bool:
    comparison = comparison_of(found)
    return comparison is not None and comparison.inside(slack) and comparison.width <= WIDEST + _EXACT


def _told(found: Mapping[str, Any]) -> str:
    if found.get("problem"):
        return f"NOT COMPARED: {found['problem']}"
    parts = []
    for name in MILESTONES:
        comparison = comparison_of(found[name])
        assert comparison is not None
        mark = "" if comparison.inside(EVERY) else " OUTSIDE"
        parts.append(
            f"{name} {comparison.outside * 1000:+.0f} ms, width {comparison.width * 1000:.0f} ms{mark}"
        )
    return "; ".join(parts)


def _rows(found: Sequence[Mapping[str, Any]], slack: float) -> list[Row]:
    rows = []
    for name in MILESTONES:
        compared = [each for each in (comparison_of(one.get(name)) for one in found) if each is not None]
        inside = sum(each.inside(slack) for each in compared)
        wide = [each.width for each in compared]
        why = _whose(found, name, slack)
        rows += [
            Row(
                f"observer's {name} within the card's interval widened by {slack * 1000:.0f} ms",
                f"{inside} of {len(found)}",
                f"{len(found)} of {len(found)}",
                inside == len(found),
                "" if inside == len(found) else why,
            ),
            Row(
                f"width of the card's interval for {name}",
                spread(wide),
                f"at most {WIDEST * 1000:.0f} ms",
                bool(wide) and max(wide) <= WIDEST + _EXACT,
                f"{sum(width > WIDEST + _EXACT for width in wide)} of {len(wide)} are wider"
                if wide
                else "none was compared",
            ),
            Row(
                f"observer's {name} from the interval's nearer end",
                spread([each.outside for each in compared]),
                why="0: inside; negative: before it",
            ),
        ]
        rows[-2] = _without_reason(rows[-2])
    return [*rows, *_by_kind(found, slack)]


def _without_reason(row: Row) -> Row:
    return Row(row.what, row.figure, row.goal, row.met) if row.met else row


def _whose(found: Iterable[Mapping[str, Any]], name: str, slack: float) -> str:
    """Which runs were outside, in words."""
    told = []
    for one in found:
        comparison = comparison_of(one.get(name))
        if comparison is None:
            told.append(f"{one['kind']}: {one.get('problem', 'not seen')}")
        elif not comparison.inside(slack):
            told.append(f"{one['kind']}: {comparison.outside * 1000:+.0f} ms")
    return "; ".join(told)


def _by_kind(found: Sequence[Mapping[str, Any]], slack: float) -> list[Row]:
    kinds = dict.fromkeys((one["kind"], one["mend"]) for one in found)
    rows = []
    for kind, mend in kinds:
        mine = [one for one in found if one["kind"] == kind]
        inside = sum(all(_inside(one.get(name), slack) for name in MILESTONES) for one in mine)
        rows.append(Row(f"{kind}, mended by {mend}", f"{inside} of {len(mine)} with both inside"))
    again = sum(len(one["tried"]) for one in found)
    if again:
        rows.append(Row("runs begun anew since the baseline did not hold", str(again)))
    return rows
