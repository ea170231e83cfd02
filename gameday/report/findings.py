"""What went well, what did not, and what next: from the scorecard, each with its evidence.

The words are about systems, monitors and runbooks. A finding never names a person and never guesses at a
cause; where grading could not tell, the finding says that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gameday.report.figures import budget, clean, clock, plural, share
from gameday.report.measured import clocks, deed, find, name_of, others, reason_text, value_text
from gameday.score.card import Measure, Scorecard, State, StepGrade, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; ``action`` is what it asks for, empty where nothing follows."""

    good: bool | None
    """None: neither well nor wrong, only worth asking about."""
    text: str
    evidence: tuple[int, ...] = ()
    action: str = ""
    owner: str = "owner"


def asks(same: Sequence[Finding]) -> str:
    """The one action of these findings, with what it is about where that is said nowhere else."""
    about = "; ".join(one.text for one in same if one.good is None)
    return f"{about}. {same[0].action}" if about else same[0].action


def findings(scorecard: Scorecard, runbook_owner: str = "") -> list[Finding]:
    """Everything worth saying, in the order of the incident."""
    return [
        *_run(scorecard),
        *(finding for measure in clocks(scorecard) for finding in _clock(measure)),
        *(finding for measure in others(scorecard) for finding in _share(measure)),
        *_detection(scorecard),
        *_mitigation(scorecard),
        *_runbook(scorecard, runbook_owner or "runbook owner"),
        *_put_back(scorecard),
        *_longest_part(scorecard),
    ]


def _run(scorecard: Scorecard) -> Iterator[Finding]:
    if scorecard.load.overloaded:
        yield Finding(
            False,
            "The load generator could not offer what it was asked to, so less was tried than planned",
            action="Give the load generator more room, or ask it for fewer users",
        )
    for fault in scorecard.faults:
        for problem in fault.problems:
            yield Finding(
                False,
                f"Fault {fault.id}: {clean(problem)}",
                tuple(fault.evidence),
                f"Mend experiment {fault.experiment}",
            )


def _clock(measure: Measure) -> Iterator[Finding]:
    noun = name_of(measure).noun
    evidence = tuple(measure.evidence)
    reason = reason_text(measure)
    because = f" ({reason})" if reason else ""
    limit = f", budget {budget(measure.budget)}" if measure.budget is not None else ""
    if measure.verdict is Verdict.PASS and measure.state is State.OBSERVED:
        if measure.id != "time_to_impact":  # that the fault was felt is nobody's merit
            yield Finding(True, f"{noun} within its budget: {value_text(measure)}{limit}{because}", evidence)
    elif measure.verdict is Verdict.FAIL:
        said = "never happened" if measure.state is State.MISSING else f"took {value_text(measure)}"
        yield Finding(False, f"{noun} {said}{limit}{because}", evidence, _shorten(measure))
    elif measure.verdict is Verdict.UNKNOWN:
        yield Finding(
            None,
            f"{noun} could not be judged: {value_text(measure)}{limit}{because}",
            evidence,
            _make_known(measure),
        )


def _share(measure: Measure) -> Iterator[Finding]:
    actions = {
        "severity_correct": "Write down what makes each severity, with an example of each",
        "updates_on_time": "Let a timer remind whoever writes the status updates",
        "alert_precision": "Tune the monitors that fired for nothing",
    }
    reason = reason_text(measure)
    said = f"{name_of(measure).noun}: {value_text(measure)}{f' ({reason})' if reason else ''}"
    if measure.verdict is Verdict.PASS:
        yield Finding(True, said, tuple(measure.evidence))
    elif measure.verdict is Verdict.FAIL:
        yield Finding(False, said, tuple(measure.evidence), actions[measure.id])
    elif measure.verdict is Verdict.UNKNOWN:
        yield Finding(None, f"{name_of(measure).noun} could not be judged: {reason}", tuple(measure.evidence))


def _shorten(measure: Measure) -> str:
    actions = {
        "time_to_impact": "Compare the fault with what the users felt: is it the incident that was meant?",
        "time_to_detect": "Find which signal showed this first, and let a monitor watch it",
        "time_to_acknowledge": "Check how the page reaches the one on call, and who stands in",
        "time_to_declare": "Write down what makes each severity, so that declaring needs no debate",
        "time_to_diagnose": "Put the query that shows this cause at the top of the runbook",
        "time_to_mitigate": "Rehearse the mend of this incident, and automate what took longest",
        "time_to_recover": "Review how soon the platform notices and replaces what is broken",
        "time_to_resolve": "Review what must be checked before an incident counts as resolved",
    }
    return actions.get(measure.id, f"Find out what {name_of(measure).noun.lower()} waited for")


def _make_known(measure: Measure) -> str:
    if measure.state is State.CENSORED:
        return "Let the fault stand for longer than the budget, so that the clock can be judged"
    return f"Make {name_of(measure).noun.lower()} measurable, and run this again"


def _detection(scorecard: Scorecard) -> Iterator[Finding]:
    seen = scorecard.detection
    for monitor in seen.silent:
        yield Finding(
            False,
            f"Monitor {clean(monitor)} had data and stayed silent through the impact",
            action=f"Let monitor {clean(monitor)} notice this incident, or take it off the list",
        )
    for monitor in seen.no_data:
        yield Finding(
            False,
            f"Monitor {clean(monitor)} had no data",
            action=f"Bring back the data of monitor {clean(monitor)}",
        )
    noise = [alert for alert in seen.alerts if alert.role == "noise"]
    if noise:
        names = ", ".join(sorted({clean(alert.monitor) for alert in noise}))
        evidence = tuple(number for alert in noise for number in alert.evidence)
        yield Finding(
            False, f"{plural(len(noise), 'alert')} that nothing explains: {names}", evidence, f"Tune {names}"
        )
    elif seen.alerts and seen.by:
        evidence = tuple(number for alert in seen.alerts for number in alert.evidence)
        yield Finding(
            True, f"Every alert is explained by the incident ({plural(len(seen.alerts), 'alert')})", evidence
        )


def _mitigation(scorecard: Scorecard) -> Iterator[Finding]:
    for relapse in scorecard.relapses:
        after = deed(relapse.after) or "a clean stretch"
        yield Finding(
            False,
            f"Service broke again {clock(relapse.ended - relapse.began)} after it had become good ({after})",
            tuple(relapse.evidence),
            f"Say in the runbook that this does not last alone: {after}",
        )
    found = scorecard.mitigation
    if found is None:
        return
    evidence = tuple(found.evidence)
    if found.by in {"responder", "automation", "platform"} and not scorecard.relapses:
        credit = {
            "responder": "a responder's act",
            "automation": "automation",
            "platform": "the platform itself",
        }[found.by]
        what = f": {deed(found.what)}" if found.what else ""
        yield Finding(True, f"The first mend lasted, credited to {credit}{what}", evidence)
    elif found.by == "out_of_band":
        yield Finding(
            False,
            "The fault vanished and no recorded act explains it",
            evidence,
            "Find out which hand or job took the fault away",
        )


def _runbook(scorecard: Scorecard, owner: str) -> Iterator[Finding]:
    graded = scorecard.adherence
    if graded is None:
        return
    judged = find(scorecard, "runbook_coverage")
    evidence = tuple(number for step in graded.steps if step.move == "sync" for number in step.evidence)
    done = f"{graded.done} of {graded.applicable} steps"
    levels = f"verified {graded.verified}, attested {graded.attested}"
    if judged and judged.verdict is Verdict.FAIL:
        least = f", at least {share(judged.budget)} asked for" if judged.budget is not None else ""
        yield Finding(
            False,
            f"Runbook coverage {share(graded.coverage_verified or 0.0)} by what was verified{least}: "
            f"{done} done ({levels})",
            evidence,
            "Give each runbook step evidence that a machine or a second person can see",
            owner,
        )
    elif graded.applicable and graded.done == graded.applicable:
        yield Finding(True, f"The runbook was followed whole: {done} ({levels})", evidence)
    for step in graded.steps:
        yield from _step(step, owner)
    skipped = [
        clean(step.step)
        for step in graded.steps
        if step.move == "skipped" and step.deviation == "unexplained"
    ]
    if skipped and not (judged and judged.verdict is Verdict.UNKNOWN):
        were = plural(len(skipped), "runbook step was", "runbook steps were")
        yield Finding(
            False,
            f"{were} not done: {', '.join(skipped)}",
            (),
            "Make these steps easier to reach, or optional",
            owner,
        )
    if graded.lucky_pass:
        yield Finding(
            False,
            "Lucky pass: the mend came without a look or a hypothesis before it, or without a check after it",
            action="Rehearse looking before mending, and verifying after",
            owner="team",
        )


def _step(step: StepGrade, owner: str) -> Iterator[Finding]:
    evidence, detail = tuple(step.evidence), f" ({clean(step.detail)})" if step.detail else ""
    name = clean(step.step)
    if step.deviation == "runbook_defect":
        yield Finding(
            False,
            f"Runbook step {name} did not do what it promises{detail}",
            evidence,
            f"Mend runbook step {name}",
            owner,
        )
    elif step.deviation == "better_path":
        yield Finding(
            True,
            f"A better path than the runbook's: {name}{detail}",
            evidence,
            f"Add {name} to the runbook as a way to mend this",
            owner,
        )
    elif step.deviation == "unexplained" and step.move == "inverted":
        yield Finding(
            False,
            f"Runbook step {name} came before what it should follow{detail}",
            evidence,
            f"Say in the runbook why {name} comes later",
            owner,
        )
    elif step.deviation == "unexplained" and step.move == "extra":
        yield Finding(
            False,
            f"{name} is not in the runbook{detail}",
            evidence,
            f"Decide whether {name} belongs in the runbook",
            owner,
        )
    elif not step.deviation and step.move == "extra":
        yield Finding(
            False,
            f"Lever {name} was tried and did not succeed",
            evidence,
            f"Find out what kept lever {name} from succeeding",
        )
    elif step.move == "forbidden":
        yield Finding(
            False,
            f"{name} is forbidden by the runbook{detail}",
            evidence,
            f"Make {name} hard to do by mistake",
            owner,
        )


def _put_back(scorecard: Scorecard) -> Iterator[Finding]:
    if scorecard.clean is False:
        differences = "; ".join(clean(text) for text in scorecard.differences)
        yield Finding(
            False,
            f"The stack was not put back whole: {differences}",
            action="Put back by hand what is named here",
        )


def _longest_part(scorecard: Scorecard) -> Iterator[Finding]:
    """Where the time went: the longest stretch between two milestones of a mended incident."""
    chain = ["impact", "detected", "acknowledged", "diagnosed", "mitigating_act", "mitigated"]
    known = {
        mark.id: mark for mark in scorecard.milestones if mark.state is State.OBSERVED and mark.at is not None
    }
    passed = sorted((known[name].at or 0.0, chain.index(name)) for name in chain if name in known)
    total = find(scorecard, "time_to_mitigate")
    if total is None or not total.value or not (passed[0][1] == 0 and chain[passed[-1][1]] == "mitigated"):
        return
    parts = [(later[0] - earlier[0], earlier[1], later[1]) for earlier, later in pairwise(passed)]
    if len(parts) == 1:
        return
    longest, start, end = max(parts, key=lambda part: (part[0], -part[1]))
    words = {
        "impact": "impact",
        "detected": "detection",
        "acknowledged": "acknowledgement",
        "diagnosed": "the right hypothesis",
        "mitigating_act": "the mending act",
        "mitigated": "good service",
    }
    evidence = (*known[chain[start]].evidence, *known[chain[end]].evidence)
    first, second = words[chain[start]], words[chain[end]]
    yield Finding(
        None,
        f"The longest stretch was from {first} to {second}: "
        f"{clock(longest)} of {clock(total.value)} ({share(longest / total.value)})",
        evidence,
        "Ask what would shorten it",
    )
