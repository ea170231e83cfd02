"""postmortem.md: a draft in the template of the incident process, each line with its evidence.

Facts are filled in from the log and the scorecard; what only people can know is asked for in brackets.
Systems and processes act in it, people appear by their roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gameday.history import History
from gameday.metrics import MECHANISMS
from gameday.model.inputs import Inputs
from gameday.report.figures import budget, clean, clock, count, share, stamp
from gameday.report.findings import Finding, asks, findings
from gameday.report.measured import bad_seconds, felt, find, impact_length, reason_text, value_text
from gameday.report.roles import as_role, roles
from gameday.report.timeline import Entry, began, evidence_text, incident_only, timeline
from gameday.score.card import Scorecard, State, Verdict

_SPECIAL = re.compile(r"([\\`*\[\]|])")
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_MOST_EVIDENCE = 6


def escape(text: str) -> str:
    """Typed text as Markdown that shows exactly it, in a table cell as elsewhere."""
    text = _UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return text.replace("&", "&amp;").replace("<", "&lt;")


def postmortem(scorecard: Scorecard, history: History) -> str:
    """The whole document, newline at the end."""
    inputs = history.inputs()
    found = findings(scorecard, inputs.runbook.owner if inputs.runbook else "")
    parts = [
        _title(inputs, history),
        _summary(scorecard, inputs, history),
        _timeline(scorecard, history),
        _cause(scorecard, inputs),
        _impact(scorecard, inputs),
        _list(
            "What Went Well",
            [f"✅ {_line(one)}" for one in found if one.good is True],
            "Nothing that was measured.",
        ),
        _list(
            "What Went Wrong",
            [f"❌ {_line(one)}" for one in found if one.good is False],
            "Nothing that was measured.",
        ),
        _actions(found),
        _lessons(scorecard),
    ]
    return "\n\n".join(parts) + "\n"


def _evidence(evidence: tuple[int, ...] | list[int]) -> str:
    numbers = list(dict.fromkeys(evidence))
    if len(numbers) <= _MOST_EVIDENCE:
        return evidence_text(numbers)
    return f"[{', '.join(f'#{number}' for number in numbers[: _MOST_EVIDENCE - 1])}, … #{numbers[-1]}]"


def _with_evidence(text: str, evidence: tuple[int, ...] | list[int]) -> str:
    return f"{text} {_evidence(evidence)}".rstrip()


def _line(finding: Finding) -> str:
    return _with_evidence(escape(finding.text), finding.evidence)


def _date(history: History) -> str:
    at = began(history)
    return f"{at:%Y-%m-%d}" if at else "date not known"


def _title(inputs: Inputs, history: History) -> str:
    system = escape(clean(inputs.system.title))
    return (
        f"# Post-Mortem: {system}: {escape(clean(inputs.scenario.title))} ({_date(history)}), drill\n\n"
        f"> **This was a drill** (drill=true): a rehearsal on the {escape(history.started.stack)} stack. "
        "No customer was affected; figures for users and revenue say what the same incident would have "
        "meant in production.\n"
        "> Numbers in brackets are the `seq` of lines of events.jsonl. "
        "Draft: what stands in (parentheses) is for the team."
    )


def _summary(scorecard: Scorecard, inputs: Inputs, history: History) -> str:
    length = impact_length(scorecard)
    impact = next((mark for mark in scorecard.milestones if mark.id == "impact"), None)
    system = escape(clean(inputs.system.title))
    if impact is None or impact.state is not State.OBSERVED or not length:
        said = f"On {_date(history)}, {system} was put under test and users felt no measurable impact."
        evidence = impact.evidence if impact else []
    else:
        users = _users(scorecard, inputs)
        affected = f", about {users} users were affected (estimated)" if users else ""
        said = f"On {_date(history)}, {system} was impaired for {length}: {felt(scorecard)}{affected}."
        evidence = impact.evidence
    verdict = f"Verdict of the drill: **{scorecard.verdict.value}**"
    if scorecard.reasons:
        verdict += f" ({escape('; '.join(clean(reason) for reason in scorecard.reasons))})"
    return f"## Summary\n\n{_with_evidence(said, evidence)} {verdict}."


def _timeline(scorecard: Scorecard, history: History) -> str:
    known = roles(history)
    rows = [
        "## Timeline (UTC)",
        "",
        "| Time | From the trigger | Event | By | Evidence |",
        "|---|---|---|---|---|",
    ]
    entries = incident_only(timeline(scorecard, history))
    rows += [_row(entry, as_role(entry.who, entry.scripted, known)) for entry in entries]
    return "\n".join(rows)


def _row(entry: Entry, role: str) -> str:
    cells = (entry.wall, stamp(entry.t), escape(entry.what), escape(role), evidence_text(entry.evidence))
    return f"| {' | '.join(cells)} |"


def _cause(scorecard: Scorecard, inputs: Inputs) -> str:
    truth = inputs.scenario.truth
    lines = ["## Root Cause", ""]
    if truth is None:
        lines.append("The scenario does not name its cause. Injected on purpose:")
    else:
        mechanism = f"{truth.mechanism} in {truth.component}: {MECHANISMS[truth.mechanism]}"
        change = f" It came with {clean(truth.change)}." if truth.change else ""
        lines.append(escape(f"{mechanism[0].upper()}{mechanism[1:]}.{change} Injected on purpose:"))
    lines.append("")
    for fault in scorecard.faults:
        experiment = inputs.experiments.get(fault.experiment)
        title = f": {clean(experiment.title)}" if experiment else ""
        lines.append(_with_evidence(escape(f"- {fault.id} ({fault.experiment}){title}"), fault.evidence))
    lines += ["", "(Why could it reach production, and what let it stay unseen? Systems and processes.)"]
    return "\n".join(lines)


def _users(scorecard: Scorecard, inputs: Inputs) -> str:
    """Users of the system times the worst share of bad requests, to two digits."""
    users, peak = inputs.system.business.users, scorecard.load.peak_error_rate
    if users is None or peak is None or users * peak < 1:
        return ""
    return count(float(f"{users * min(peak, 1.0):.2g}"))


def _revenue(scorecard: Scorecard, inputs: Inputs) -> str:
    measure = find(scorecard, "time_to_mitigate")
    rate = inputs.system.business.revenue_per_minute
    seconds = (measure.value if measure.value is not None else measure.earliest) if measure else None
    if not rate or seconds is None:
        return ""
    amount, currency = rate.split()
    at_least = "at least " if measure and measure.value is None else ""
    total = count(float(amount) * seconds / 60)
    return f"{at_least}{total} {currency} (estimated: {amount} {currency} a minute, {clock(seconds)})"


def _impact(scorecard: Scorecard, inputs: Inputs) -> str:
    load, mitigate = scorecard.load, find(scorecard, "time_to_mitigate")
    evidence = mitigate.evidence if mitigate else []
    length = impact_length(scorecard) or "no impact observed"
    if mitigate and mitigate.state is State.CENSORED and (reason := reason_text(mitigate)):
        length = f"{length}, {reason}"
    users = _users(scorecard, inputs) or "not known"
    if users != "not known":
        all_users, worst = count(inputs.system.business.users or 0), share(load.peak_error_rate or 0)
        users = f"~{users} (estimated: {all_users} users, {worst} errors at the worst)"
    lines = [
        "## Impact",
        "",
        _with_evidence(f"- Duration: {escape(length)}", evidence),
        _with_evidence(f"- Users affected: {users}", evidence),
        _with_evidence(f"- Revenue impact: {_revenue(scorecard, inputs) or 'not known'}", evidence),
        "- Customer support tickets: not known (a drill has no customers)",
        _with_evidence(f"- Requests: {count(load.bad)} bad of {count(load.offered)}", evidence),
    ]
    for name, label in (("bad_seconds", "Bad seconds"), ("budget_spent", "Error budget of the month spent")):
        measure = find(scorecard, name)
        if measure and measure.state is not State.NOT_APPLICABLE:
            value = bad_seconds(measure) if name == "bad_seconds" else value_text(measure)
            lines.append(_with_evidence(f"- {label}: {value}", measure.evidence))
    return "\n".join(lines)


def _list(title: str, lines: list[str], otherwise: str) -> str:
    return "\n".join([f"## {title}", "", *(f"- {line}" for line in lines or [otherwise])])


def _actions(found: list[Finding]) -> str:
    asked: dict[tuple[str, str], list[Finding]] = {}  # what several findings ask for is asked once
    for one in found:
        if one.action:
            asked.setdefault((one.action, one.owner), []).append(one)
    lines = [
        _with_evidence(
            f"- [ ] {escape(asks(same))} ({escape(clean(owner))}, date)",
            [number for one in same for number in one.evidence],
        )
        for (_, owner), same in asked.items()
    ]
    return "\n".join(
        ["## Action Items", "", *(lines or ["- [ ] (what would make the next one shorter?) (owner, date)"])]
    )


def _prompts(scorecard: Scorecard) -> Iterator[str]:
    detect = find(scorecard, "time_to_detect")
    if detect and detect.state is State.OBSERVED:
        yield f"(What would have shown this sooner than {value_text(detect)} after its impact?)"
    else:
        yield "(What would have shown this at all?)"
    mitigate = find(scorecard, "time_to_mitigate")
    if mitigate and mitigate.budget is not None and mitigate.verdict is Verdict.PASS:
        yield f"(What would hold the budget of {budget(mitigate.budget)} if the usual people were away?)"
    else:
        yield "(What would have brought good service back sooner?)"
    yield "(What surprised us, and which part of our picture of the system changes?)"


def _lessons(scorecard: Scorecard) -> str:
    return "\n".join(
        ["## Lessons Learned", "", *(f"{n}. {text}" for n, text in enumerate(_prompts(scorecard), 1))]
    )
