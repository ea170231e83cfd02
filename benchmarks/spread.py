"""How much the responders' clocks differ between runs of one scenario, and which parts of them make the difference.

The parts of a clock add up to it, so the covariance of each part with the whole is its share of the whole's
variance: that is where the spread comes from, read from the logs.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from benchmarks.gamedays import Ended, Project, RunError
from benchmarks.kept import ROOT, Kept
from benchmarks.rows import Row, spread
from benchmarks.variants import STABLE_FOR
from gameday.catalog import Catalog
from gameday.clients import Clients
from gameday.events import (
    Acknowledged,
    AlertFired,
    AlertPending,
    LeverBegan,
    LeverEnded,
    Requests,
    Scraped,
)
from gameday.history import History

SCENARIO = "identity-latency"
_ATTEMPTS = 4
_INSTANTS = (
    ("first slow answer arrives", "the fault itself: how late the answers are"),
    (
        "a scrape in which the monitor's condition holds",
        "filling the monitor's window, and the phase of the scrapes",
    ),
    ("the monitor's next evaluation", "evaluation ten times a second"),
    ("the monitor fires", "the monitor's own `for`, in steps of the evaluation"),
    ("acknowledged", "the playbook's wait, in steps of the evaluation"),
    ("the lever is asked for", "the playbook's waits and the looks before it"),
    ("the lever is done", "the stack"),
    ("the first lastingly good answer", "requests that are under way"),
)
_DETECTED = 4
"""How many of the parts make up detection."""


def measure(kept: Kept, count: int) -> list[Row]:
    """``count`` runs with the scripted responder."""
    wanted = [f"spread {number}" for number in range(count)]
    if any(name not in kept.results for name in wanted):
        with Project.temporary() as project, project.standing() as standing:
            project.write("scenarios/short", _short())
            for name in wanted:
                if name not in kept.results:
                    kept.put(name, _run(project, standing))
                    print(f"  {name}: {kept.results[name]}", file=sys.stderr, flush=True)
    found = [kept.results[name] for name in wanted if "instants" in kept.results[name]]
    return _rows(found, count)


def _short() -> dict[str, Any]:
    """The library's scenario with its own playbook, a short baseline and a short proof of lasting."""
    scenario = dict(Catalog(ROOT).load(SCENARIO).raw["scenario"])
    for key in ("profiles", "alone", "runbook", "scorecard", "tags"):
        scenario.pop(key, None)
    scenario["load"] = {
        **scenario["load"],
        "locustfile": "logins",
        "spawn_rate": 2 * scenario["load"]["users"],
    }
    expect = {**scenario["expect"], "stable_for": f"{STABLE_FOR}s"}
    return {**scenario, "baseline": "2s", "expect": expect}


def _run(project: Project, standing: Any) -> dict[str, Any]:
    problem = ""
    for _ in range(_ATTEMPTS):
        game = project.start("short", *standing.words())
        try:
            game.until("respond_ended", within=180)
            ended = game.finish()
        except RunError as failure:
            problem = str(failure)
            standing.again()
        else:
            return _instants(ended)
    return {"problem": problem}


def _instants(ended: Ended) -> dict[str, Any]:
    """The instants that part the clocks, on the run's clock, from its impact on."""
    impact, mitigated = ended.instant("impact")["at"], ended.instant("mitigated")["at"]
    if impact is None or mitigated is None:
        return {"problem": "impact or mitigation was not observed"}
    history = ended.history
    pending = next(record.t for record, _ in history.of(AlertPending) if record.t >= impact)
    found = [
        impact,
        _first_slow_answer(history, impact),
        max(
            record.t
            for record, event in history.of(Scraped)
            if event.job == "gateway" and record.t <= pending
        ),
        pending,
        next(record.t for record, _ in history.of(AlertFired)),
        next(record.t for record, _ in history.of(Acknowledged)),
        next(record.t for record, _ in history.of(LeverBegan)),
        next(record.t for record, _ in history.of(LeverEnded)),
        mitigated,
    ]
    return {"instants": [round(at - impact, 6) for at in found]}


def _first_slow_answer(history: History, impact: float) -> float:
    clients = Clients(timeout=history.inputs().scenario.load.timeout)
    for _, event in history.of(Requests):
        clients.add(event)
    slow = (
        request.ended
        for request in clients
        if request.ended is not None and request.sent >= impact and request.ended - request.sent > 1.0
    )
    return min(slow)


def _rows(found: Sequence[Mapping[str, Any]], count: int) -> list[Row]:
    if not found:
        return [Row("time to detect, time to mitigate", "no run came to an end")]
    runs = [one["instants"] for one in found]
    rows = [
        Row(
            f"time to detect ({len(runs)} of {count} runs)",
            spread([run[_DETECTED] for run in runs], "s", 1, 2),
        ),
        Row(f"time to mitigate ({len(runs)} of {count} runs)", spread([run[-1] for run in runs], "s", 1, 2)),
    ]
    rows += _parts([run[: _DETECTED + 1] for run in runs], "detect")
    rows += _parts([run[_DETECTED:] for run in runs], "mitigate, after the alert")
    return rows


def _parts(runs: Sequence[Sequence[float]], clock: str) -> list[Row]:
    totals = [run[-1] - run[0] for run in runs]
    offset = 0 if clock == "detect" else _DETECTED
    rows = []
    for place, (name, cause) in enumerate(_INSTANTS[offset : offset + len(runs[0]) - 1]):
        mine = [list(pairwise(run))[place] for run in runs]
        lengths = [end - start for start, end in mine]
        rows.append(
            Row(
                f"to {clock}: until {name}",
                spread(lengths, "s", 1, 3),
                why=f"{_share(lengths, totals)} of the spread; {cause}",
            )
        )
    return rows


def _share(part: Sequence[float], whole: Sequence[float]) -> str:
    """The part's share of the whole's variance."""
    if len(part) < 2 or statistics.pvariance(whole) == 0:
        return "no share"
    return f"{statistics.covariance(part, whole) / statistics.variance(whole):.0%}"
