"""The scorecard of the sample incident, written by hand, so that layout is tested apart from grading."""

from __future__ import annotations

from typing import Any

from gameday import events as e
from gameday.history import History
from gameday.score import card as c
from tests.unit.report.samples import IMPACT, MITIGATED, TRIGGER, seq_of


def _observed(name: str, at: float, evidence: list[int], **more: Any) -> c.Instant:
    bounds = {"earliest": at - 0.05, "latest": at + 0.05} | more
    return c.Instant(id=name, state=c.State.OBSERVED, at=at, evidence=evidence, **bounds)


def _measure(name: str, value: float, budget: float | None, evidence: list[int], **more: Any) -> c.Measure:
    fields: dict[str, Any] = {
        "state": c.State.OBSERVED,
        "value": value,
        "earliest": value - 0.06,
        "latest": value + 0.05,
        "budget": budget,
        "verdict": None if budget is None else c.Verdict.PASS,
        "evidence": evidence,
    }
    return c.Measure(id=name, **(fields | more))


def near(log: History, t: float) -> int:
    """The sequence number of the requests record that covers an instant."""
    return next(record.seq for record, _ in log.of(e.Requests) if record.t >= t)


def milestones(log: History) -> list[c.Instant]:
    """Every milestone of the sample incident."""
    return [
        _observed("triggered", TRIGGER, [seq_of(log, e.FaultTriggered)]),
        _observed("in_place", 13.6, [seq_of(log, e.FaultChecked)]),
        _observed("impact", IMPACT, [near(log, IMPACT)], earliest=IMPACT - 0.008, latest=IMPACT),
        _observed("alert_firing", 24.8, [seq_of(log, e.AlertFired)]),
        _observed("notified", 24.8, [seq_of(log, e.AlertFired)]),
        _observed("detected", 24.8, [seq_of(log, e.AlertFired)]),
        _observed("acknowledged", 25.8, [seq_of(log, e.Acknowledged)]),
        _observed("engaged", 26.6, [seq_of(log, e.Looked)]),
        _observed("declared", 26.0, [seq_of(log, e.Declared)]),
        _observed("diagnosed", 30.0, [seq_of(log, e.Hypothesised)]),
        _observed("mitigating_act", 32.0, [seq_of(log, e.LeverBegan)]),
        _observed(
            "mitigated", MITIGATED, [near(log, MITIGATED)], earliest=MITIGATED - 0.1, latest=MITIGATED + 0.01
        ),
        _observed("resolved", 46.3, [seq_of(log, e.Resolved)]),
        c.Instant(id="closed", state=c.State.NOT_APPLICABLE, reason="the desk cannot record it yet"),
    ]


def measures(log: History) -> list[c.Measure]:
    """Every measure of the sample incident."""
    impact, mitigated = near(log, IMPACT), near(log, MITIGATED)
    fired = seq_of(log, e.AlertFired)
    return [
        _measure("time_to_impact", 6.2, 45.0, [seq_of(log, e.FaultTriggered), impact]),
        _measure("time_to_detect", 6.1, 30.0, [impact, fired]),
        _measure("time_to_acknowledge", 1.0, 60.0, [fired, seq_of(log, e.Acknowledged)]),
        _measure("time_to_engage", 1.8, None, [fired, seq_of(log, e.Looked)]),
        _measure("time_to_declare", 1.2, 600.0, [fired, seq_of(log, e.Declared)]),
        _measure("time_to_diagnose", 11.3, None, [impact, seq_of(log, e.Hypothesised)]),
        _measure("time_to_act", 13.3, None, [impact, seq_of(log, e.LeverBegan)]),
        _measure("time_to_mitigate", 21.4, 120.0, [impact, seq_of(log, e.LeverEnded), mitigated]),
        c.Measure(id="time_to_recover", state=c.State.NOT_APPLICABLE, reason="not the platform's to heal"),
        _measure("time_to_resolve", 27.6, None, [impact, seq_of(log, e.Resolved)]),
        _measure("bad_seconds", 12.9, None, [impact, mitigated]),
        _measure("budget_spent", 0.0049, None, [impact, mitigated], unit="ratio", earliest=None, latest=None),
        _measure("runbook_coverage", 6 / 7, 0.8, [], unit="ratio", earliest=6 / 7, latest=1.0),
    ]


def _step(log: History, name: str, kind: type[e.Event] | None, nth: int, **more: Any) -> c.StepGrade:
    if kind is None:
        return c.StepGrade(step=name, **more)
    record = [record for record, _ in log.of(kind)][nth]
    level = "attested" if kind is e.StepTicked else "verified"
    fields: dict[str, Any] = {"move": "sync", "level": level, "at": record.t, "evidence": [record.seq]}
    return c.StepGrade(step=name, **(fields | more))


def adherence(log: History) -> c.Adherence:
    """Seven of seven steps, six of them verified."""
    return c.Adherence(
        runbook="database-connection-exhaustion",
        coverage_verified=6 / 7,
        coverage_attested=1.0,
        order=1.0,
        economy=1.0,
        timeliness=1.0,
        fitness=1.0,
        applicable=7,
        done=7,
        verified=6,
        attested=1,
        lucky_pass=False,
        steps=[
            _step(log, "check-deploys", e.Looked, 0),
            _step(log, "check-active", e.Looked, 1),
            _step(log, "check-logs", e.Looked, 2),
            _step(log, "check-config", e.Looked, 3),
            _step(log, "tell-the-team", e.StepTicked, 0),
            _step(log, "roll-back", e.LeverEnded, 0, detail="error_rate < 1% for 5s held"),
            _step(log, "check-again", e.Looked, 4),
            _step(log, "kill-idle", None, 0, move="not_applicable", detail="optional"),
        ],
    )


def scorecard(log: History, **changes: Any) -> c.Scorecard:
    """The passing card, with changes."""
    fired = [record.seq for record, _ in log.of(e.AlertFired)]
    card = c.Scorecard(
        run="2026-01-15T142300Z-auth-7f3a",
        scenario="auth-connection-leak",
        title="A release leaks database connections until nobody can log in",
        profile="",
        stack="local",
        verdict=c.Verdict.PASS,
        exit_code=0,
        reasons=[],
        milestones=milestones(log),
        measures=measures(log),
        adherence=adherence(log),
        detection=c.Detection(
            by="monitor:auth-connections",
            floor=3.6,
            above_floor=2.5,
            precision=1.0,
            alerts=[
                c.Alert(
                    monitor="auth-connections",
                    at=24.8,
                    ended=42.3,
                    severity="SEV2",
                    role="listed",
                    evidence=[fired[0]],
                ),
                c.Alert(
                    monitor="auth-error-rate",
                    at=25.1,
                    ended=41.7,
                    severity="SEV2",
                    role="listed",
                    evidence=[fired[1]],
                ),
            ],
        ),
        mitigation=c.Mitigation(
            by="responder",
            who="alice",
            what="rollback auth v1.3.0 -> v1.2.3",
            evidence=[seq_of(log, e.LeverEnded)],
        ),
        relapses=[],
        load=c.LoadFacts(
            offered=5160,
            impact_offered=2140,
            impact_bad=1520,
            sent=5160,
            bad=1520,
            baseline_rate=120.0,
            achieved_share=1.0,
            peak_error_rate=0.71,
            worst_p95=2.1,
        ),
        faults=[
            c.FaultFacts(
                id="release",
                experiment="bad-release",
                triggered=TRIGGER,
                in_place=13.6,
                ended=37.6,
                reverted=True,
                evidence=[
                    seq_of(log, e.FaultTriggered),
                    seq_of(log, e.FaultChecked),
                    seq_of(log, e.FaultReverted),
                ],
            )
        ],
        responders=[c.Responder(name="alice", scripted=True, acts=12)],
        clean=True,
        differences=[],
    )
    return card.model_copy(update=changes)


def failed(log: History) -> c.Scorecard:
    """The card of the same fault when nobody mended it for good and two monitors were of no use."""
    mitigate = c.Measure(
        id="time_to_mitigate",
        state=c.State.CENSORED,
        earliest=90.0,
        budget=45.0,
        verdict=c.Verdict.FAIL,
        reason="put back by the runner",
        evidence=[near(log, IMPACT), seq_of(log, e.FaultReverting)],
    )
    changes = {
        "time_to_detect": {
            "state": c.State.MISSING, "value": None, "earliest": None, "latest": None,
            "verdict": c.Verdict.FAIL, "reason": "no listed monitor fired",
        },
        "time_to_acknowledge": {
            "state": c.State.NOT_APPLICABLE, "value": None, "earliest": None, "latest": None,
            "verdict": None, "budget": None, "reason": "nothing was detected",
        },
        "time_to_declare": {
            "state": c.State.CENSORED, "value": None, "earliest": 45.3, "latest": None,
            "verdict": c.Verdict.UNKNOWN, "reason": "time was up",
        },
    }  # fmt: skip
    changed = [
        mitigate
        if one.id == mitigate.id
        else one.model_copy(update=changes[one.id])
        if one.id in changes
        else one
        for one in measures(log)
    ]
    marks = [
        c.Instant(id=mark.id, state=c.State.CENSORED, earliest=70.1, reason="put back by the runner")
        if mark.id in {"mitigated", "mitigating_act", "resolved"}
        else mark
        for mark in milestones(log)
    ]
    followed = adherence(log)
    steps = [
        followed.steps[0].model_copy(update={"move": "inverted", "deviation": "unexplained"}),
        followed.steps[1].model_copy(update={"move": "skipped", "level": "none", "deviation": "unexplained"}),
        followed.steps[5].model_copy(
            update={"deviation": "runbook_defect", "detail": "error_rate < 1% for 5s never held"}
        ),
        c.StepGrade(step="restart auth", move="extra", deviation="unexplained", evidence=[334]),
        *followed.steps[6:],
    ]
    return scorecard(
        log,
        verdict=c.Verdict.FAIL,
        exit_code=1,
        reasons=["mitigate: > 90.0 s, put back by the runner", "detect: nobody and nothing noticed"],
        milestones=marks,
        measures=changed,
        adherence=followed.model_copy(
            update={"steps": steps, "order": None, "lucky_pass": True, "coverage_verified": 0.3, "done": 3}
        ),
        detection=c.Detection(
            silent=["auth-error-rate"],
            no_data=["auth-connections"],
            alerts=[
                c.Alert(monitor="auth-disk", at=30.0, severity="SEV3", role="noise", evidence=[334]),
            ],
            precision=0.0,
        ),
        mitigation=None,
        relapses=[
            c.Relapse(
                began=38.0, ended=44.2, after="restart auth", evidence=[near(log, 38.0), near(log, 44.2)]
            )
        ],
        clean=False,
        differences=["auth: version is v1.3.0, was v1.2.3"],
        by_hand=["gameday stack restore auth version=v1.2.3"],
    )
