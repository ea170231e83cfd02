"""One history in, one scorecard out."""

from __future__ import annotations

from gameday.events import Act, LeverEnded
from gameday.history import History
from gameday.score import adherence as runbook
from gameday.score import communication, faults, load, measures
from gameday.score.card import Measure, Responder, Scorecard, State
from gameday.score.case import Case
from gameday.score.milestones import Milestones, milestones
from gameday.score.verdict import judge


def grade(history: History) -> Scorecard:
    """Grade a run from its log, whole or torn off anywhere after its first record.

    Raises:
        ValueError: the log does not begin with ``run_started``, or its inputs are not of their shape.
    """
    return grade_case(Case(history))


def grade_case(case: Case) -> Scorecard:
    """Grade a case that was read already."""
    marks = milestones(case)
    followed = runbook.adherence(case, marks)
    facts = load.load_facts(case, marks)
    found = [
        *measures.clocks(case, marks),
        measures.bad_seconds(case, marks),
        measures.budget_spent(case, marks, facts.baseline_rate),
        *runbook.measures(case, followed),
        _precision(marks),
        communication.severity_correct(case, marks),
        communication.updates_on_time(case, marks),
    ]
    clean, differences, by_hand = faults.clean(case)
    judgement = judge(case, marks, found, clean=clean)
    return Scorecard(
        run=case.started.run,
        scenario=case.inputs.name,
        title=case.scenario.title,
        profile=case.inputs.profile,
        stack=case.started.stack,
        verdict=judgement.verdict,
        exit_code=judgement.exit_code,
        reasons=list(judgement.reasons),
        gates=list(judgement.gates),
        milestones=list(marks.by_name.values()),
        measures=found,
        adherence=followed,
        detection=marks.noticed.facts,
        mitigation=marks.mend.by,
        relapses=list(marks.mend.relapses),
        load=facts,
        faults=faults.fault_facts(case, marks["mitigating_act"]),
        responders=_responders(case),
        clean=clean,
        differences=differences,
        by_hand=by_hand,
    )


def _precision(marks: Milestones) -> Measure:
    """The share of alerts that the incident explains."""
    value, alerts = marks.noticed.facts.precision, marks.noticed.facts.alerts
    evidence = [seq for alert in alerts for seq in alert.evidence]
    if value is None:
        return Measure(
            id="alert_precision",
            state=State.NOT_APPLICABLE,
            unit="ratio",
            reason="no alert began during the incident",
        )
    return Measure(
        id="alert_precision", state=State.OBSERVED, value=value, earliest=value, latest=value, unit="ratio",
        evidence=evidence,
    )  # fmt: skip


def _responders(case: Case) -> list[Responder]:
    """Everybody who acted at the desk, by name, a lever counted once; who did anything by hand counts as a person."""
    acts: dict[str, list[bool]] = {}
    for record in case.history:
        if isinstance(record.event, Act) and not isinstance(record.event, LeverEnded):
            acts.setdefault(record.event.by, []).append(record.event.scripted)
    return [
        Responder(name=name, scripted=all(scripted), acts=len(scripted))
        for name, scripted in sorted(acts.items())
    ]
