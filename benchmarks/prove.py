"""The long form: every scenario, alone and answered, every control, every lever by itself, and on compose.

    python -m benchmarks.prove [--only TEXT] [--fresh] [--parallel N]

Each trial is a whole game day. What is done is kept in .prove/ under a digest of the code and of what the trial's
scenario says, so a second call goes on where the first was stopped. The table is written to docs/proof.md, in which
trials that were not run with this code keep their last row and its day. Exit 1
where a trial did not come out as promised.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.kept import ROOT, Kept, digest
from benchmarks.outcomes import as_promised, came_to, effect, errors_at
from benchmarks.targets import STACKS, environment, project_for
from gameday.catalog import Catalog, Kind
from gameday.events import RespondEnded
from gameday.log import read
from gameday.model.lever_table import read_table
from gameday.model.quantities import duration

KEPT = ROOT / ".prove"
TABLE = ROOT / "docs" / "proof.md"
_ALONE = {"fail": 1, "pass": 0, "inconclusive": 3}
_LEVER_SECONDS = 60
"""How long a fault lasts at most while one lever alone is tried: what it does shows within this."""

_LEVER_PLAYBOOK = """as: alice
title: One lever alone
acts:
  - {{when: {when}, do: ack, after: 1s}}
  - {{do: lever, with: {with_}}}
"""
_HEALING = "restarts > 0"
"""What there is to see where the platform heals itself and no alert comes."""
_LOOKS_BEFORE_IT_VANISHES = 3


@dataclass(frozen=True)
class Trial:
    """One game day and what it must come to."""

    name: str
    scenario: str
    arguments: tuple[str, ...]
    promised: str
    lever: tuple[str, ...] = ()
    vanishes: bool = False
    """Whether the fault is taken away meanwhile, by a hand that leaves no event."""

    def key(self, catalog: Catalog) -> str:
        """Name, and a digest of what the scenario and all that it names say; comments change nothing."""
        said = json.dumps(catalog.load(self.scenario).raw, sort_keys=True, default=str) + repr(self)
        said += "".join(Path(word).read_text() for word in self.arguments if word.endswith(".yaml"))
        return f"{self.name} {hashlib.sha256(said.encode()).hexdigest()[:12]}"


def trials() -> Iterator[Trial]:
    """Everything that is promised of every scenario."""
    catalog = Catalog(ROOT)
    for scenario in catalog.names(Kind.SCENARIO):
        path = catalog.path(Kind.SCENARIO, scenario)
        model = catalog.load(scenario).inputs.scenario
        yield Trial(f"{scenario}: as its playbook answers", scenario, (), "exit 0")
        for stack in STACKS[1:]:
            yield Trial(f"{scenario}: the same on {stack}", scenario, ("--stack", stack), "exit 0")
        yield Trial(
            f"{scenario}: nobody answers",
            scenario,
            ("--responder", "none"),
            f"exit {_ALONE[model.alone or 'fail']}",
        )
        for control, promise in _CONTROLS.items():
            playbook = path.parent / "playbooks" / "controls" / f"{control}-{scenario}.yaml"
            if playbook.is_file():
                arguments = ("--playbook", str(playbook))
                vanishes = control == "vanish"
                yield Trial(f"{scenario}: {control}", scenario, arguments, promise, vanishes=vanishes)
        for row in read_table(path.read_text(), path.name)[0] or ():
            effect = f"relapses after {row.relapse:g} s" if row.effect == "relapses" else row.effect
            yield Trial(f"{scenario}: only {' '.join(row.words)}", scenario, (), effect, row.words)


_CONTROLS = {
    "tick-everything": "exit 1, coverage <= 0.05",
    "fix-before-looking": "mitigated, lucky pass",
    "wrong-order": "mitigated, order < 1",
    "no-words": "mitigated, declared missing",
    "vanish": "exit 3, out of band",
}


def run(trial: Trial, folder: Path, alone: float | None) -> dict[str, Any]:
    """One game day; gives what it came to, in the words of the promise.

    ``alone`` is the clients' error rate that the same fault comes to when nobody does anything.
    """
    scenario, arguments = trial.scenario, list(trial.arguments)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    if trial.lever:
        playbook = folder / "lever.yaml"
        recover = Catalog(ROOT).load(trial.scenario).inputs.scenario.expect.recover
        when = "alert" if recover is None else _HEALING
        playbook.write_text(_LEVER_PLAYBOOK.format(when=when, with_=json.dumps(_call(trial.lever))))
        arguments += ["--playbook", str(playbook)]
        scenario = str(_sooner_over(trial.scenario, folder))
    command = [sys.executable, "-m", "gameday", "run", scenario, *arguments]
    command += ["--out", str(folder / "runs"), "--quiet", "--json"]
    pipe = subprocess.PIPE
    where = project_for("kubernetes" if "kubernetes" in arguments else "local", folder)
    with subprocess.Popen(command, cwd=where, env=environment(), stdout=pipe, stderr=pipe, text=True) as game:
        if trial.vanishes:
            _take_away(folder / "runs", game)
        out, err = game.communicate(timeout=1800)
    try:
        card = json.loads(out)
    except ValueError:
        return {
            "exit": game.returncode,
            "day": day,
            "outcome": f"exit {game.returncode}: {err.strip()[-300:]}",
        }
    history = read(next(folder.glob("runs/*/events.jsonl")).parent)
    over = history.first(RespondEnded)
    errors = errors_at(history, over[0].t) if over else 0.0
    outcome = (
        effect(history, card, errors, alone)
        if trial.lever
        else came_to(trial.promised, card, game.returncode)
    )
    measures = {measure["id"]: measure["value"] for measure in card["measures"]}
    return {
        "exit": game.returncode,
        "day": day,
        "outcome": outcome,
        "detect": measures.get("time_to_detect"),
        "mitigate": measures.get("time_to_mitigate"),
        "bad_seconds": measures.get("bad_seconds"),
        "errors": errors,
    }


def _sooner_over(scenario: str, folder: Path) -> Path:
    """A copy of a scenario whose faults are put back after a minute at the latest."""
    path = Catalog(ROOT).path(Kind.SCENARIO, scenario)
    data = yaml.safe_load(path.read_text())
    data["load"]["locustfile"] = Path(data["load"]["locustfile"]).stem  # by name, from wherever the copy is
    for fault in data["faults"].values():
        fault["for"] = f"{_LEVER_SECONDS - duration(fault.get('at', '0s')):g}s"  # all at once
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(data))
    return copy


def _take_away(runs: Path, game: subprocess.Popen[str]) -> None:
    """Once the responder has looked around, bring the stack back behind everybody's back."""
    seen: dict[str, Any] = {}
    while len(seen.get("looked", ())) < _LOOKS_BEFORE_IT_VANISHES and game.poll() is None:
        time.sleep(0.2)
        with contextlib.suppress(StopIteration):
            whole = next(runs.glob("*/events.jsonl")).read_bytes().rpartition(b"\n")[0]
            seen = {}
            for event in map(json.loads, whole.splitlines()):
                seen.setdefault(event["type"], []).append(event)
    if game.poll() is not None:
        return
    ready, before = seen["stack_ready"][0], seen["inventory_taken"][0]["things"]
    token = (Path(ready["handle"]["state_dir"]) / "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = ready["endpoints"]["control"] + "/restore"
    request = urllib.request.Request(url, json.dumps(before).encode(), headers, method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - loopback
        pass


def _call(words: tuple[str, ...]) -> dict[str, str]:
    """A lever's words as a playbook writes them."""
    from gameday.levers import read_call
    from gameday.stacks.platform.lever_table import LEVERS

    call = read_call(words, LEVERS)
    return {"name": call.name, **call.arguments}


_HEAD = (
    "# What was proven",
    "",
    "Written by `make prove`: each row is a whole game day, on the embedded stack unless it says so. Times: seconds.",
    "",
    "| trial | promised | came to | detected | mitigated | bad seconds | last run |",
    "|---|---|---|---|---|---|---|",
)


def write_table(results: Sequence[tuple[Trial, dict[str, Any] | None]], path: Path = TABLE) -> None:
    """docs/proof.md: one row a trial; one that was not run with this code keeps its row, with its day."""
    kept = path.read_text().splitlines() if path.is_file() else []
    rows = [*_HEAD]
    for trial, found in results:
        promise = f"| {trial.name} | {trial.promised} |"
        if found is None:
            rows += [row for row in kept if row.startswith(promise)]
            continue
        cells = [
            f"{found[key]:.1f}" if found.get(key) is not None else ""
            for key in ("detect", "mitigate", "bad_seconds")
        ]
        rows.append(f"{promise} {found['outcome']} | {' | '.join(cells)} | {found['day']} |")
    path.write_text("\n".join(rows) + "\n")


class Proof:
    """The trials that are wanted, and what those that are done came to."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._keys = {trial: trial.key(Catalog(ROOT)) for trial in trials()}

    def found(self, trial: Trial) -> dict[str, Any] | None:
        """What it came to, if it is done."""
        found: dict[str, Any] | None = self._kept.results.get(self._keys[trial])
        return found

    def do(self, wanted: Sequence[Trial], at_once: int) -> None:
        """Those that are not done yet, so many side by side. What nobody's answer comes to is known first."""
        left = [trial for trial in wanted if self.found(trial) is None]
        for part in ([t for t in left if not t.lever], [t for t in left if t.lever]):
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(self._do, part))

    def _do(self, trial: Trial) -> None:
        nobody = next(t for t in self._keys if t.scenario == trial.scenario and "none" in t.arguments)
        with tempfile.TemporaryDirectory(prefix="gameday-prove-") as folder:
            result = run(trial, Path(folder), (self.found(nobody) or {}).get("errors"))
        self._kept.put(self._keys[trial], result)
        self.tell(trial)

    def tell(self, trial: Trial) -> bool:
        """Say what it came to; gives whether that is what was promised."""
        found = self.found(trial)
        outcome = found["outcome"] if found else "not done"
        good = as_promised(trial.promised, outcome)
        print(f"{'as promised' if good else 'NOT AS PROMISED'}  {trial.name}: {outcome}", flush=True)
        return good

    def write(self) -> None:
        """The table of everything that is done."""
        write_table([(trial, self.found(trial)) for trial in self._keys])


def main() -> int:
    """Run what is not done yet, say each result, write the table."""
    about = __doc__.splitlines()[0] if __doc__ else None
    parser = argparse.ArgumentParser(prog="make prove", description=about)
    parser.add_argument("--only", default="", help="only trials whose name contains this")
    parser.add_argument("--fresh", action="store_true", help="run what is done already again")
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="so many trials side by side")
    given = parser.parse_args()
    code = digest("gameday", "scorecards", "scenarios/load")
    proof = Proof(Kept(KEPT / f"{code}.json", fresh=given.fresh))
    wanted = [trial for trial in trials() if given.only in trial.name]
    proof.do(wanted, given.parallel)
    print(f"\n{len(wanted)} trials:")
    failed = sum(not proof.tell(trial) for trial in wanted)
    proof.write()
    print(f"{failed} of {len(wanted)} not as promised; table in {TABLE.relative_to(ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
