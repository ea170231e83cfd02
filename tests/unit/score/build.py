"""Histories told as stories: who did what when, and what the clients felt meanwhile.

    story = incident(bad=[(22.0, 40.0)])
    story.at(27.0, act(Acknowledged)).at(38.0, *lever(1, "rollback", took=2.0))
    card = story.grade()

Instants are seconds of the run's clock. ``incident`` tells everything but the responders: prepare, baseline, the
trigger at ``TRIGGER``, Respond to ``END``, everything put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gameday import events as e
from gameday.history import History
from gameday.score import grade
from gameday.score.card import Scorecard

TRIGGER = 20.0
IMPACT = 22.0
FIRED = 26.0
MEND = 40.0
END = 75.0
RATE = 50.0

Outcome = tuple[float | None, str] | None
"""Seconds to the end (None: never) and the problem; None for a slot that nobody sent."""
GOOD: Outcome = (0.05, "")
REFUSED: Outcome = (0.01, "503")
HANGS: Outcome = (None, "")
UNSENT: Outcome = None

INPUTS: dict[str, Any] = {
    "name": "leak",
    "scenario": {
        "title": "A release leaks connections",
        "system": "auth",
        "load": {"locustfile": "load/logins.py", "users": 25, "timeout": "2s"},
        "baseline": "10s",
        "steady_state": ["error_rate < 1%", "latency_p95 < 500ms"],
        "faults": {"release": {"experiment": "bad-release", "for": "4m"}},
        "expect": {
            "impact": {"when": "error_rate > 10%", "within": "45s"},
            "detect": {"monitors": ["errors", "connections"], "within": "30s"},
            "acknowledge": {"within": "1m"},
            "mitigate": {"within": "30s", "levers": ["rollback"]},
            "stable_for": "30s",
        },
        "truth": {"severity": "SEV1", "component": "auth", "mechanism": "connection-leak"},
    },
    "system": {
        "title": "Sign-in",
        "services": {"auth": {"replicas": 2}, "gateway": {}, "identity-provider": {"external": True}},
        "slo": {"availability": "99.9%"},
        "monitors": {
            "errors": {"when": "error_rate > 5% for 3s", "severity": "SEV2"},
            "connections": {"when": "database_connections > 80% for 3s", "severity": "SEV2"},
            "latency": {"when": "latency_p95 > 1000ms for 3s", "severity": "SEV3"},
        },
    },
    "experiments": {
        "bad-release": {"title": "Deploy a leak", "description": "It leaks.", "method": [], "rollbacks": []}
    },
    "rubric": {"budgets": {"SEV1": {"declare": "10m", "first_update": "0s", "update_every": "15m"}}},
}

RUNBOOK: dict[str, Any] = {
    "title": "Connections are exhausted",
    "steps": {
        "check-deploys": {"evidence": {"look": "deploys"}, "within": "10s"},
        "check-connections": {"evidence": {"look": "connections"}},
        "roll-back": {
            "evidence": {"lever": "rollback"},
            "after": ["check-deploys"],
            "confirm": "error_rate < 1% for 5s",
        },
        "check-again": {"evidence": {"look": "metrics"}, "after": ["roll-back"]},
        "kill-idle": {"evidence": {"lever": "terminate-connections"}, "optional": True},
    },
}  # fmt: skip


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``over`` laid over it; None removes a key."""
    found = dict(base)
    for key, value in over.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key] = merged(found[key], value)
        else:
            found[key] = value
    return found


def inputs(runbook: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The sample's inputs with changes by top-level key, deep."""
    found = merged(INPUTS, changes)
    return merged(found, {"runbook": dict(runbook), "runbook_name": "exhaustion"}) if runbook else found


def act(kind: type[e.Act], by: str = "alice", **fields: Any) -> e.Act:
    """An act at the desk."""
    return kind(by=by, **fields)


class Story:
    """Events in any order; ``history`` puts them in the order of their times."""

    def __init__(self, told: Mapping[str, Any] | None = None) -> None:
        self.inputs = dict(told or INPUTS)
        self._events: list[tuple[float, e.Event]] = []
        run: dict[str, Any] = {
            "run": "run-1",
            "versions": {},
            "host": {},
            "seed": 1,
            "stack": "local",
            "responder": "bot",
        }
        self.at(0.0, e.RunStarted(**run, inputs=self.inputs, digests={}))

    def at(self, t: float, *events: e.Event) -> Story:
        """These happened at ``t``."""
        self._events += [(t, event) for event in events]
        return self

    def without(self, *kinds: type[e.Event]) -> Story:
        """None of these happened."""
        self._events = [(t, event) for t, event in self._events if not isinstance(event, kinds)]
        return self

    def lever(
        self, t: float, number: int, name: str, took: float = 2.0, by: str = "alice", **fields: Any
    ) -> Story:
        """A lever pulled at ``t`` that did what it should."""
        ended = {"ok": True, "changed": True, "did": "auth v1.3.0 -> v1.2.3"}
        ended |= {key: fields.pop(key) for key in ("ok", "changed", "did") if key in fields}
        if "touches" in fields:
            self.at(t - 0.01, e.RecipeWritten(owner=f"lever:{number}", things=fields.pop("touches")))
        self.at(t, e.LeverBegan(by=by, act=number, lever=name, arguments={"service": "auth"}, **fields))
        return self.at(t + took, e.LeverEnded(by=by, act=number, lever=name, **ended))

    def load(
        self,
        rate: float = RATE,
        until: float = END + 3,
        *,
        start: float = 1.0,
        bad: Sequence[tuple[float, float]] = (),
        how: Outcome = REFUSED,
        outcome: Callable[[float], Outcome] | None = None,
        scrapes: bool = True,
    ) -> Story:
        """A constant pace of requests; those sent within ``bad`` end ``how``, or each as ``outcome`` says.

        The gateway exports what it answered, every half second, unless ``scrapes`` is off.
        """

        def plain(at: float) -> Outcome:
            return how if any(low <= at < high for low, high in bad) else GOOD

        ticks: dict[int, dict[str, list[Any]]] = {}
        ends: list[tuple[float, str]] = []

        def tick(t: float) -> dict[str, list[Any]]:
            names = ("offered", "sent_id", "sent_at", "sent_name", "ended_id", "ended_at", "ended_problem")
            return ticks.setdefault(int(t * 10 + 1e-6), {name: [] for name in names})

        for number in range(round((until - start) * rate)):
            at = round(start + number / rate, 6)
            found = (outcome or plain)(at)
            slot = tick(at)
            slot["offered"].append(at)
            if found is None:
                continue
            slot["sent_id"].append(number)
            slot["sent_at"].append(at)
            slot["sent_name"].append("POST /login")
            took, problem = found
            if took is not None and at + took < until:
                end = tick(at + took)
                end["ended_id"].append(number)
                end["ended_at"].append(round(at + took, 6))
                end["ended_problem"].append(problem)
                ends.append((at + took, problem))
        for number, columns in ticks.items():
            self.at((number + 1) / 10, e.Requests(**columns))
        self.at(until, e.Requests(**{name: [] for name in tick(-1)}))
        return self.exported(ends, until) if scrapes else self

    def exported(self, ends: Iterable[tuple[float, str]], until: float) -> Story:
        """The gateway's counters, twice a second, from what it answered."""
        ordered, place, total, failed = sorted(ends), 0, 0, 0
        for number in range(int(until * 2)):
            now = number / 2
            while place < len(ordered) and ordered[place][0] <= now:
                total, failed = total + 1, failed + bool(ordered[place][1])
                place += 1
            series = {"requests_total": float(total), "requests_failed_total": float(failed)}
            self.at(now, e.Scraped(job="gateway", ok=True, series=series))
        return self

    def records(self) -> list[e.Record]:
        """The log's records."""
        began = datetime(2026, 1, 15, 14, 20, tzinfo=UTC)
        ordered = sorted(self._events, key=lambda pair: pair[0])
        return [
            e.Record(
                seq=number, t=t, wall=(began + timedelta(seconds=t)).isoformat(), source="test", event=event
            )
            for number, (t, event) in enumerate(ordered, 1)
        ]

    def history(self) -> History:
        """The log."""
        return History(self.records())

    def grade(self) -> Scorecard:
        """Its scorecard."""
        return grade(self.history())


def incident(
    told: Mapping[str, Any] | None = None,
    *,
    bad: Sequence[tuple[float, float]] = ((IMPACT, MEND),),
    end: float = END,
    reason: str = "mitigated",
    alert: float | None = FIRED,
    **load: Any,
) -> Story:
    """A whole run but for the responders: the alert ``errors`` fires at ``alert`` and ends when it is mended."""
    story = Story(told)
    story.at(0.1, e.PhaseBegan(phase="prepare"))
    story.at(0.5, e.InventoryTaken(when="before", things={"auth": {"version": "v1.2.3"}}))
    story.at(0.6, e.DetectorConfigured(scrape_interval=0.5, evaluation_interval=0.1, window=2.0))
    story.at(1.0, e.LoadStarted(users=25, spawn_rate=30, timeout=2, period=0.5, locustfile="load/logins.py"))
    story.at(2.0, e.PhaseBegan(phase="baseline"), e.LoadSteady(users=25))
    story.at(19.0, e.BaselineJudged(held=True, problems=[], rate=RATE), e.PhaseBegan(phase="inject"))
    story.at(19.5, e.PlanStarted(at=TRIGGER))
    story.at(19.6, e.RecipeWritten(owner="fault:release", things={"auth": {"version": "v1.2.3"}}))
    story.at(TRIGGER, e.FaultTriggered(fault="release", planned=TRIGGER, at=TRIGGER))
    story.at(20.4, e.FaultInjected(fault="release", ok=True))
    story.at(20.5, e.FaultChecked(fault="release", in_place=True, at=20.5))
    story.at(20.6, e.InventoryTaken(when="incident", things={"auth": {"version": "v1.3.0"}}))
    story.at(20.7, e.PhaseBegan(phase="respond"))
    if alert is not None:
        over = bad[-1][1] + 2 if bad else alert + 5
        fired = e.AlertFired(
            monitor="errors", severity="SEV2", since=alert - 3, value=0.4, condition="error_rate > 5%"
        )
        story.at(alert - 3, e.AlertPending(monitor="errors", value=0.1)).at(alert, fired)
        if over < end:
            story.at(over, e.AlertEnded(monitor="errors", value=0.0))
    story.at(end, e.RespondEnded(reason=reason))
    story.at(end, e.PhaseBegan(phase="recover"))
    story.at(end + 0.1, e.FaultReverting(fault="release", by="runner"))
    story.at(end + 0.5, e.FaultReverted(fault="release", ok=True))
    story.at(end + 1, e.InventoryTaken(when="after", things={"auth": {"version": "v1.2.3"}}))
    story.at(end + 1, e.StackCompared(clean=True, differences=[], by_hand=[]))
    story.at(end + 3.5, e.PhaseBegan(phase="close")).at(end + 4, e.RunEnded())
    return story.load(until=end + 3, bad=bad, **load)


def answered(told: Mapping[str, Any] | None = None, **changes: Any) -> Story:
    """The same, with a responder who does everything right: a pass."""
    story = incident(told if told is not None else inputs(RUNBOOK), **changes)
    story.at(27.0, act(e.Acknowledged)).at(28.0, act(e.Declared, severity="SEV1", affects=["auth"]))
    story.at(28.5, act(e.UpdatePosted, status="investigating", text="Sign-in fails for some"))
    story.at(29.0, act(e.Looked, topic="deploys")).at(30.0, act(e.Looked, topic="connections"))
    story.at(31.0, act(e.Hypothesised, component="auth", mechanism="connection-leak"))
    story.lever(38.0, 1, "rollback", touches={"auth": {"version": "v1.3.0"}})
    story.at(41.0, e.FaultChecked(fault="release", in_place=False, at=41.0, last_in_place=39.0))
    story.at(45.0, act(e.Looked, topic="metrics")).at(48.0, act(e.Verified))
    return story.at(49.0, act(e.Resolved))
