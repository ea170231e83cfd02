"""The long form: every scenario, alone and answered, every control, every lever by itself, on the embedded stack.

    python -m benchmarks.prove [--only TEXT] [--fresh]

Trials run one after the other, each a whole game day. What is done is kept in .prove/ under a digest of the code
and the files that it depends on, so a second call goes on where the first was stopped. The table is written to
docs/proof.md. Exit 1 where a trial did not come out as promised.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.kept import ROOT, Kept, digest
from gameday.catalog import Catalog, Kind
from gameday.clients import Clients
from gameday.events import LeverEnded, Requests, RespondEnded
from gameday.history import History
from gameday.log import read
from gameday.model.lever_table import read_table

KEPT = ROOT / ".prove"
TABLE = ROOT / "docs" / "proof.md"
_ALONE = {"fail": 1, "pass": 0, "inconclusive": 3}
_WORSE = 0.1
_SPAN = 5.0
_SHOWN = ("detect", "mitigate", "bad_seconds")

_LEVER_PLAYBOOK = """as: alice
title: One lever alone
acts:
  - {{when: {when}, do: ack, after: 1s}}
  - {{do: lever, with: {with_}}}
"""
_HEALING = "restarts > 0"
"""What there is to see where the platform heals itself and no alert comes."""


@dataclass(frozen=True)
class Trial:
    """One game day and what it must come to."""

    name: str
    scenario: str
    arguments: tuple[str, ...]
    promised: str
    lever: tuple[str, ...] = ()


def trials() -> Iterator[Trial]:
    """Everything that is promised of every scenario."""
    catalog = Catalog(ROOT)
    for scenario in catalog.names(Kind.SCENARIO):
        path = catalog.path(Kind.SCENARIO, scenario)
        model = catalog.load(scenario).inputs.scenario
        yield Trial(f"{scenario}: as its playbook answers", scenario, (), "exit 0")
        yield Trial(
            f"{scenario}: nobody answers",
            scenario,
            ("--responder", "none"),
            f"exit {_ALONE[model.alone or 'fail']}",
        )
        for control, promise in _CONTROLS.items():
            playbook = path.parent / "playbooks" / "controls" / f"{control}-{scenario}.yaml"
            if playbook.is_file():
                yield Trial(f"{scenario}: {control}", scenario, ("--playbook", str(playbook)), promise)
        for row in read_table(path.read_text(), path.name)[0] or ():
            effect = f"relapses after {row.relapse:g} s" if row.effect == "relapses" else row.effect
            yield Trial(f"{scenario}: only {' '.join(row.words)}", scenario, (), effect, row.words)


_CONTROLS = {
    "tick-everything": "exit 1, coverage <= 0.05",
    "fix-before-looking": "mitigated, lucky pass",
    "wrong-order": "mitigated, order < 1",
    "no-words": "mitigated, declared missing",
}


def run(trial: Trial, folder: Path, alone: float | None) -> dict[str, Any]:
    """One game day; gives what it came to, in the words of the promise.

    ``alone`` is the clients' error rate that the same fault comes to when nobody does anything.
    """
    arguments = list(trial.arguments)
    if trial.lever:
        playbook = folder / "lever.yaml"
        recover = Catalog(ROOT).load(trial.scenario).inputs.scenario.expect.recover
        when = "alert" if recover is None else _HEALING
        playbook.write_text(_LEVER_PLAYBOOK.format(when=when, with_=json.dumps(_call(trial.lever))))
        arguments += ["--playbook", str(playbook)]
    command = [
        sys.executable,
        "-m",
        "gameday",
        "run",
        trial.scenario,
        *arguments,
        "--out",
        str(folder),
        "--quiet",
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    try:
        card = json.loads(done.stdout)
    except ValueError:
        return {"exit": done.returncode, "outcome": f"exit {done.returncode}: {done.stderr.strip()[-300:]}"}
    history = read(next(folder.glob("*/events.jsonl")).parent)
    over = history.first(RespondEnded)
    errors = _errors(history, over[0].t) if over else 0.0
    outcome = _effect(history, card, errors, alone) if trial.lever else _came_to(trial, card, done.returncode)
    measures = {measure["id"]: measure["value"] for measure in card["measures"]}
    return {
        "exit": done.returncode,
        "outcome": outcome,
        "detect": measures.get("time_to_detect"),
        "mitigate": measures.get("time_to_mitigate"),
        "bad_seconds": measures.get("bad_seconds"),
        "errors": errors,
    }


def _call(words: tuple[str, ...]) -> dict[str, str]:
    """A lever's words as a playbook writes them."""
    from gameday.levers import read_call
    from gameday.stacks.local.lever_table import LEVERS

    call = read_call(words, LEVERS)
    return {"name": call.name, **call.arguments}


def _came_to(trial: Trial, card: dict[str, Any], code: int) -> str:
    states = {milestone["id"]: milestone["state"] for milestone in card["milestones"]}
    adherence = card["adherence"] or {}
    mitigated = states["mitigated"] == "observed"
    facts = {
        "exit 0": code == 0,
        "exit 1": code == 1,
        "exit 3": code == 3,
        "mitigated": mitigated,
        "coverage <= 0.05": (adherence.get("coverage_verified") or 0.0) <= 0.05,
        "lucky pass": bool(adherence.get("lucky_pass")),
        "order < 1": adherence.get("order") is not None and adherence["order"] < 1.0,
        "declared missing": states["declared"] == "missing",
    }
    wrong = [word for word in trial.promised.split(", ") if not facts[word]]
    return trial.promised if not wrong else f"not: {', '.join(wrong)} (exit {code}, {card['verdict']})"


def _effect(history: History, card: dict[str, Any], errors: float, alone: float | None) -> str:
    """What one lever did: from the card, and from the clients' errors at the end against doing nothing."""
    states = {milestone["id"]: milestone["state"] for milestone in card["milestones"]}
    if states["mitigated"] == "observed" and (card["mitigation"] or {}).get("by") == "responder":
        return "mends"
    pulled = history.first(LeverEnded)
    if pulled is None:
        return "never pulled"
    after = [
        relapse["ended"] - relapse["began"] for relapse in card["relapses"] if relapse["ended"] > pulled[0].t
    ]
    if after:
        return f"relapses after {max(after):.0f} s"
    return "worse" if alone is not None and errors > alone + _WORSE else "nothing"


def _errors(history: History, until: float) -> float:
    clients = Clients(timeout=history.inputs().scenario.load.timeout)
    for _, event in history.of(Requests):
        clients.add(event)
    return clients.metric("error_rate", until - _SPAN, until, history[-1].t) or 0.0


def as_promised(promised: str, outcome: str) -> bool:
    """A relapse may come somewhat sooner or later than it once was measured; everything else must be the same."""
    if promised.startswith("relapses") and outcome.startswith("relapses"):
        return True
    return promised == outcome


_HEAD = (
    "# What was proven",
    "",
    "Written by `make prove`: each row is a whole game day on the embedded stack. Times are seconds.",
    "",
    "| trial | promised | came to | detected | mitigated | bad seconds |",
    "|---|---|---|---|---|---|",
)


def write_table(results: dict[str, dict[str, Any]], wanted: list[Trial]) -> None:
    """docs/proof.md: one row a trial."""
    rows = [*_HEAD]
    for trial in wanted:
        if found := results.get(trial.name):
            cells = [
                f"{found[key]:.1f}" if found.get(key) is not None else ""
                for key in ("detect", "mitigate", "bad_seconds")
            ]
            rows.append(f"| {trial.name} | {trial.promised} | {found['outcome']} | {' | '.join(cells)} |")
    TABLE.write_text("\n".join(rows) + "\n")


def main() -> int:
    """Run what is not done yet, say each result, write the table."""
    parser = argparse.ArgumentParser(
        prog="make prove", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--only", default="", help="only trials whose name contains this")
    parser.add_argument("--fresh", action="store_true", help="run what is done already again")
    given = parser.parse_args()
    kept = Kept(KEPT / f"{digest()}.json", fresh=given.fresh)
    results: dict[str, dict[str, Any]] = kept.results
    wanted = list(trials())
    failed = 0
    for trial in (trial for trial in wanted if given.only in trial.name):
        if trial.name not in results:
            with tempfile.TemporaryDirectory(prefix="gameday-prove-") as folder:
                alone = results.get(f"{trial.scenario}: nobody answers", {}).get("errors")
                kept.put(trial.name, run(trial, Path(folder), alone))
        outcome = results[trial.name]["outcome"]
        good = as_promised(trial.promised, outcome)
        failed += not good
        print(f"{'as promised' if good else 'NOT AS PROMISED'}  {trial.name}: {outcome}", flush=True)
    write_table(results, wanted)
    asked = sum(given.only in trial.name for trial in wanted)
    print(f"{failed} of {asked} not as promised; table in {TABLE.relative_to(ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
