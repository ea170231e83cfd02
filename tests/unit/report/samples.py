"""The sample incident as a log: a release leaks connections, a scripted responder rolls it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from gameday import events as e
from gameday.history import History

TRIGGER = 12.5
IMPACT = 18.7
MITIGATED = 40.1
END = 72.0
RATE = 120
_BEGAN = datetime(2026, 1, 15, 14, 23, tzinfo=UTC)

INPUTS: dict[str, Any] = {
    "name": "auth-connection-leak",
    "scenario": {
        "title": "A release leaks database connections until nobody can log in",
        "why": "The new login flow never gives its connections back. Is it seen, found, rolled back?",
        "system": "auth",
        "load": {"locustfile": "load/logins.py", "users": 60, "spawn_rate": 30, "timeout": "2s"},
        "baseline": "10s",
        "steady_state": ["error_rate < 1%", "latency_p95 < 500ms"],
        "faults": {
            "release": {
                "experiment": "bad-release",
                "at": "0s",
                "for": "4m",
                "with": {"service": "auth", "version": "v1.3.0"},
            }
        },
        "expect": {
            "impact": {"when": "error_rate > 10%", "within": "45s"},
            "detect": {"monitors": ["auth-error-rate", "auth-connections"], "within": "30s"},
            "acknowledge": {"within": "1m"},
            "mitigate": {"within": "2m", "levers": ["rollback"]},
            "stable_for": "30s",
        },
        "truth": {
            "severity": "SEV1",
            "component": "auth",
            "mechanism": "connection-leak",
            "change": "auth v1.3.0",
        },
        "runbook": "database-connection-exhaustion",
        "playbook": "roll-back-the-release",
    },
    "system": {
        "title": "Sign-in",
        "services": {"auth": {"replicas": 2, "owner": "identity"}, "database": {"kind": "postgresql"}},
        "slo": {"availability": "99.9%", "latency_p95": "500ms"},
        "monitors": {
            "auth-error-rate": {"when": "error_rate > 5% for 5s", "severity": "SEV2"},
            "auth-connections": {"when": "database_connections > 80% for 3s", "severity": "SEV2"},
        },
        "business": {"users": 20000, "revenue_per_minute": "135 USD"},
        "oncall": {"primary": ["alice"], "specialists": {"database": ["bob"]}, "rotation": ["alice", "bob"]},
        "channel": "#incident-{date}-{slug}",
    },
    "experiments": {
        "bad-release": {
            "title": "Deploy a release that leaks database connections",
            "description": "Deploys a version whose new login flow keeps its database connections.",
            "method": [],
            "rollbacks": [],
        }
    },
    "rubric": {"budgets": {"SEV1": {"acknowledge": "5m", "declare": "10m"}}},
    "runbook": {
        "title": "Database Connection Exhaustion",
        "owner": "platform",
        "applies_to": ["connection-leak"],
        "steps": {
            "check-deploys": {"evidence": {"look": "deploys"}, "within": "3m"},
            "check-active": {"evidence": {"look": "connections"}},
            "check-logs": {"evidence": {"look": "logs"}},
            "check-config": {"evidence": {"look": "config"}},
            "tell-the-team": {},
            "roll-back": {
                "evidence": {"lever": "rollback"},
                "after": ["check-deploys"],
                "when": "recent_deploy",
                "confirm": "error_rate < 1% for 5s",
            },
            "check-again": {"evidence": {"look": "metrics"}, "after": ["roll-back"]},
            "kill-idle": {"evidence": {"lever": "terminate-connections"}, "optional": True},
        },
    },
    "runbook_name": "database-connection-exhaustion",
    "playbook": {"as": "alice", "acts": [{"do": "ack", "when": "alert"}]},
    "playbook_name": "roll-back-the-release",
}


def wall(t: float) -> str:
    """The wall time of an instant of the sample run."""
    return (_BEGAN + timedelta(seconds=t)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def history(events: Iterable[tuple[float, e.Event]]) -> History:
    """A log of these events, in the order of their times."""
    ordered = sorted(events, key=lambda pair: pair[0])
    return History(
        e.Record(seq=number, t=round(t, 6), wall=wall(t), source="runner", event=event)
        for number, (t, event) in enumerate(ordered, 1)
    )


def started(inputs: dict[str, Any] | None = None) -> e.RunStarted:
    """The first event of the sample run."""
    return e.RunStarted(
        run="2026-01-15T142300Z-auth-7f3a",
        versions={"gameday": "0.1.0", "python": "3.11.9"},
        host={"cpus": 2},
        seed=1,
        stack="local",
        responder="bot",
        inputs=inputs or INPUTS,
        digests={"scenario": "3f" * 32, "system": "a1" * 32, "runbook": "77" * 32},
    )


def requests(until: float, impact: float | None, mitigated: float | None) -> list[tuple[float, e.Event]]:
    """Steady load of 120 requests/s in ticks of 100 ms, of which most fail between impact and mitigation."""
    ticks: dict[int, dict[str, list[Any]]] = {}

    def tick(t: float) -> dict[str, list[Any]]:
        names = ("offered", "sent_id", "sent_at", "sent_name", "ended_id", "ended_at", "ended_problem")
        return ticks.setdefault(int(t * 10), {name: [] for name in names})

    for number in range(int((until - 1.5) * RATE)):
        at = round(1.5 + number / RATE, 6)
        took, problem = 0.003 + 0.002 * (number % 7) / 7, ""
        if impact is not None and at >= impact and (mitigated is None or at < mitigated):
            worst = min(1.0, 0.35 + (at - impact) / 6)
            if (number * 29 % 100) / 100 < 0.71 * worst:
                took, problem = (2.1, "timeout") if number % 9 == 0 else (0.02, "500")
            else:
                took = 0.08 + 0.5 * (number % 5) / 5
        slot = tick(at)
        slot["offered"].append(at)
        slot["sent_id"].append(number)
        slot["sent_at"].append(at)
        slot["sent_name"].append("POST /login" if number % 4 == 0 else "GET /profile")
        end = tick(at + took)
        end["ended_id"].append(number)
        end["ended_at"].append(round(at + took, 6))
        end["ended_problem"].append(problem)
    return [((number + 1) / 10, e.Requests(**columns)) for number, columns in sorted(ticks.items())]


def scrapes(until: float, impact: float, mitigated: float) -> list[tuple[float, e.Event]]:
    """What gateway and database export, twice a second: errors and connections between two instants."""
    told: list[tuple[float, e.Event]] = []
    failed = 0.0
    for number in range(4, int(until * 2)):
        t = number / 2
        ill = impact + 0.5 < t < mitigated + 0.5
        failed += 0.62 * RATE / 2 if ill else 0.0
        gateway = {"requests_total": RATE * t, "requests_failed_total": failed, "latency_count": RATE * t}
        told.append((t, e.Scraped(job="gateway", ok=True, series=gateway)))
        database = {"connections": 98.0 if ill else 12.0, "connections_max": 100.0}
        told.append((t, e.Scraped(job="database", ok=True, series=database)))
    return told


def _act(kind: type[e.Act], **fields: Any) -> e.Act:
    return kind(by="alice", scripted=True, **fields)


def incident_events() -> list[tuple[float, e.Event]]:
    """What happened, without the requests."""
    leak = e.FaultChecked(fault="release", in_place=True, at=13.6)
    return [
        (0.0, started()),
        (0.1, e.PhaseBegan(phase="prepare")),
        (
            1.2,
            e.StackReady(kind="local", marker="m", name="n", owned=True, handle={}, endpoints={}, took=1.12),
        ),
        (1.3, e.InventoryTaken(when="before", things={"auth": {"version": "v1.2.3"}})),
        (1.4, e.DetectorConfigured(scrape_interval=0.5, evaluation_interval=0.1, window=2.0)),
        (1.5, e.LoadStarted(users=60, spawn_rate=30, timeout=2, period=0.5, locustfile="load/logins.py")),
        (2.0, e.PhaseBegan(phase="baseline")),
        (2.0, e.LoadSteady(users=60)),
        (12.0, e.BaselineJudged(held=True, problems=[], rate=120.0)),
        (12.0, e.RecipeWritten(owner="fault:release", things={"auth": {"version": "v1.2.3"}})),
        (12.1, e.PhaseBegan(phase="inject")),
        (12.5, e.PlanStarted(at=12.5)),
        (12.5, e.FaultArmed(fault="release", experiment="bad-release", at=12.5)),
        (TRIGGER, e.FaultTriggered(fault="release", planned=12.5, at=TRIGGER)),
        (13.5, e.FaultInjected(fault="release", ok=True)),
        (13.6, leak),
        (13.65, e.InventoryTaken(when="incident", things={"auth": {"version": "v1.3.0"}})),
        (13.7, e.PhaseBegan(phase="respond")),
        (19.0, e.ImpactObserved(at=IMPACT)),
        (21.8, e.AlertPending(monitor="auth-connections", value=0.83)),
        (
            24.8,
            e.AlertFired(
                monitor="auth-connections",
                severity="SEV2",
                since=21.8,
                value=0.98,
                condition="database_connections > 80% for 3s",
            ),
        ),
        (
            25.1,
            e.AlertFired(
                monitor="auth-error-rate",
                severity="SEV2",
                since=20.1,
                value=0.41,
                condition="error_rate > 5% for 5s",
            ),
        ),
        (25.8, _act(e.Acknowledged)),
        (26.0, _act(e.Declared, severity="SEV1", affects=["auth"])),
        (26.6, _act(e.Looked, topic="deploys", rows=2)),
        (27.4, _act(e.Looked, topic="connections", rows=97)),
        (28.1, _act(e.Looked, topic="logs", rows=50)),
        (28.8, _act(e.Looked, topic="config", rows=0)),
        (29.2, _act(e.StepTicked, step="tell-the-team")),
        (
            30.0,
            _act(
                e.Hypothesised,
                component="auth",
                mechanism="connection-leak",
                because="v1.3.0 went out just before",
            ),
        ),
        (32.0, _act(e.LeverBegan, act=1, lever="rollback", arguments={"service": "auth"})),
        (
            37.6,
            _act(
                e.LeverEnded,
                act=1,
                lever="rollback",
                ok=True,
                changed=True,
                did="auth v1.3.0 -> v1.2.3, 2 replicas",
            ),
        ),
        (38.2, e.FaultChecked(fault="release", in_place=False, at=38.2, last_in_place=36.2)),
        (41.7, e.AlertEnded(monitor="auth-error-rate", value=0.0)),
        (42.3, e.AlertEnded(monitor="auth-connections", value=0.12)),
        (43.0, _act(e.Looked, topic="metrics", rows=8)),
        (46.1, _act(e.Verified, text="error rate below 1 % for 5 s")),
        (46.3, _act(e.Resolved)),
        (46.4, e.PlaybookStopped(done=12, of=12, reason="")),
        (70.1, e.RespondEnded(reason="mitigated")),
        (70.1, e.PhaseBegan(phase="recover")),
        (70.2, e.FaultReverting(fault="release", by="runner")),
        (70.4, e.FaultReverted(fault="release", ok=True)),
        (71.0, e.InventoryTaken(when="after", things={"auth": {"version": "v1.2.3"}})),
        (71.1, e.StackCompared(clean=True, differences=[], by_hand=[])),
        (71.2, e.PhaseBegan(phase="close")),
        (END, e.RunEnded()),
    ]


def incident() -> History:
    """The whole sample run."""
    return history(
        [*incident_events(), *requests(71.0, IMPACT, MITIGATED), *scrapes(71.0, IMPACT, MITIGATED)]
    )


def nobody() -> History:
    """The same fault when nobody answers: the monitors see nothing, and the runner puts it back."""
    answered = (e.Act, e.PlaybookStopped, e.AlertFired, e.AlertPending, e.AlertEnded)
    events = [
        (t + 38 if t > 70 else t, event)
        for t, event in incident_events()
        if not isinstance(event, answered) and t != 38.2
    ]
    told = [
        (t, e.RespondEnded(reason="time_up") if isinstance(event, e.RespondEnded) else event)
        for t, event in events
    ]
    return history([*told, *requests(109.5, IMPACT, 108.3), *scrapes(109.5, 200.0, 200.0)])


def seq_of(log: History, kind: type[e.Event], nth: int = 0) -> int:
    """The sequence number of the nth event of a type."""
    return [record.seq for record, _ in log.of(kind)][nth]
