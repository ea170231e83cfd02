"""The card of the terminal: verdict, clocks against budgets, runbook, stack; for a team's channel.

Words carry every meaning: a verdict and a state are written out, colour only repeats them. Knows no
terminal: the width is given.
"""

from __future__ import annotations

from collections.abc import Iterator

from gameday.events import Acknowledged
from gameday.history import History
from gameday.model.scenario import Impact
from gameday.report.columns import cut, hang, pad
from gameday.report.figures import budget, clean, clock, count, latency, share
from gameday.report.measured import (
    bad_seconds,
    clocks,
    deed,
    find,
    impact_length,
    name_of,
    others,
    reason_text,
    value_text,
)
from gameday.score.card import Measure, Mitigation, Scorecard, State, Verdict
from gameday.windows import QUANTILES

_LABEL, _VERDICT, _VALUE, _BUDGET = 16, 9, 10, 15
_COLOURS = {"PASS": "32", "FAIL": "31", "UNKNOWN": "33"}
_BOLD = "1"
_NEARLY_ALL = 0.995
_ONE_PHRASE = 36
"""Letters up to which a value that is not known and its reason read as one."""


def card(scorecard: Scorecard, history: History, *, width: int, colour: bool, report_path: str | None) -> str:
    """The card, lines of at most ``width`` cells (40 at least), newline at the end."""
    width = max(width, 40)
    lines = [
        *_head(scorecard, width),
        *_headline(scorecard, width),
        *(line for measure in clocks(scorecard) for line in _clock(scorecard, history, measure, width)),
        *(line for measure in others(scorecard) for line in _clock(scorecard, history, measure, width)),
        *_shown(scorecard, width),
        *_relapses(scorecard, width),
        *_detection(scorecard, width),
        *_runbook(scorecard, width),
        *_load(scorecard, width),
        *_stack(scorecard, report_path, width),
        *_assumptions(scorecard, history, width),
    ]
    return "\n".join(_coloured(line) if colour else line for line in lines) + "\n"


def _coloured(line: str) -> str:
    """The verdicts of a line in their colours; nothing is said by colour alone."""
    for word, code in _COLOURS.items():
        if line.endswith(f" {word}"):
            return f"{line[: -len(word)]}\033[{_BOLD};{code}m{word}\033[0m"
        place = line.find(f"{word} ", 2 + _LABEL, 2 + _LABEL + len(word) + 1)
        if place >= 0:
            return f"{line[:place]}\033[{code}m{word}\033[0m{line[place + len(word) :]}"
    return line


def _row(label: str, verdict: str, text: str, width: int) -> list[str]:
    return hang("  " + pad(label, _LABEL) + pad(verdict, _VERDICT), text, width)


def _head(scorecard: Scorecard, width: int) -> Iterator[str]:
    profile = f" (profile {clean(scorecard.profile)})" if scorecard.profile else ""
    verdict = scorecard.verdict.value
    name = cut(f"{clean(scorecard.scenario)}{profile}", width - len(verdict) - 2)
    yield pad(name, width - len(verdict)) + verdict
    for reason in scorecard.reasons:
        yield from hang("  ", clean(reason), width)


def _headline(scorecard: Scorecard, width: int) -> Iterator[str]:
    bad, spent = find(scorecard, "bad_seconds"), find(scorecard, "budget_spent")
    parts = []
    if bad is not None and bad.state is not State.NOT_APPLICABLE:
        parts.append(f"{bad_seconds(bad)} bad seconds")
    if spent is not None and spent.state is not State.NOT_APPLICABLE:
        parts.append(f"{value_text(spent)} of the month's error budget")
    if parts:
        yield from hang("  ", ", ".join(parts), width)


def _verdict(measure: Measure) -> str:
    return measure.verdict.value if measure.verdict else "-"


def _value_room(scorecard: Scorecard) -> int:
    """Cells for the values: as many as the longest plain one needs."""
    return max(
        [_VALUE, *(len(value_text(one)) + 2 for one in clocks(scorecard) if one.state is State.OBSERVED)]
    )


def _clock(scorecard: Scorecard, history: History, measure: Measure, width: int) -> Iterator[str]:
    if measure.budget is None and measure.verdict is None:
        return
    value = value_text(measure)
    reason = reason_text(measure)
    if measure.state is not State.OBSERVED and reason and len(value) + len(reason) <= _ONE_PHRASE:
        value, reason = f"{value}, {reason}", ""
    limit = "" if measure.budget is None else f"budget {budget(measure.budget)}"
    about = ", ".join(part for part in (_about(scorecard, history, measure), reason) if part)
    room = _value_room(scorecard)
    text = f"{pad(value, room)}{pad(limit, _BUDGET)}{about}".rstrip()
    if len(value) >= room:
        text = f"{value}   {pad(limit, _BUDGET)}{about}".rstrip()
    yield from _row(name_of(measure).done, _verdict(measure), text, width)


def _about(scorecard: Scorecard, history: History, measure: Measure) -> str:
    """What stands behind a clock: what users felt, who noticed, who answered, what mended."""
    if measure.id == "time_to_impact":
        return _felt(scorecard, history)
    if measure.state is not State.OBSERVED:
        return ""
    if measure.id == "time_to_detect":
        by = clean(scorecard.detection.by.removeprefix("monitor:").replace("person:", "a person: "))
        floor = scorecard.detection.floor
        return by if floor is None or not by else f"{by}, floor {budget(round(floor, 2))}"
    if measure.id == "time_to_acknowledge":
        acts = history.of(Acknowledged)
        taken = scorecard.milestone("acknowledged").evidence
        names = [(event.by, event.scripted) for record, event in acts if record.seq in taken]
        return ", ".join(f"{clean(by)}{' (scripted)' if scripted else ''}" for by, scripted in names)
    lasts = f", good for {budget(history.inputs().scenario.expect.stable_for)}"
    if measure.id == "time_to_recover":
        return f"by the platform: replicas ready{lasts}"
    return f"{_whose(scorecard.mitigation)}{lasts}" if measure.id == "time_to_mitigate" else ""


def _whose(found: Mitigation | None) -> str:
    """What mended it, and to whose credit."""
    if found is None:
        return "unknown"
    what = deed(found.what) or {"out_of_band": "nobody's recorded act"}.get(found.by, found.by)
    return what if found.by == "responder" else f"{what} ({found.by.replace('_', ' ')})"


def _felt(scorecard: Scorecard, history: History) -> str:
    load, length = scorecard.load, impact_length(scorecard)
    parts = []
    if load.peak_error_rate is not None:
        parts.append(f"error rate {share(load.peak_error_rate)}")
    expected = history.inputs().scenario.expect.impact
    if isinstance(expected, Impact) and expected.when.metric in QUANTILES and load.worst_p95 is not None:
        parts.append(f"p95 {latency(load.worst_p95)}")
    if length:
        parts.append(f"{length} long")
    bad, offered = (load.impact_bad, load.impact_offered) if length else (load.bad, load.offered)
    parts.append(f"{count(bad)} bad of {count(offered)} requests")
    return ", ".join(parts)


def _shown(scorecard: Scorecard, width: int) -> Iterator[str]:
    """Clocks that nothing judges: values only."""
    parts = [
        f"{name_of(measure).done} {value_text(measure)}"
        for measure in clocks(scorecard)
        if measure.budget is None
        and measure.verdict is None
        and measure.state in {State.OBSERVED, State.CENSORED}
    ]
    if parts:
        yield from _row("not judged", "", ", ".join(parts), width)


def _relapses(scorecard: Scorecard, width: int) -> Iterator[str]:
    for relapse in scorecard.relapses:
        after = f" after {deed(relapse.after)}" if relapse.after else ""
        yield from _row(
            "relapse", "", f"good for {clock(relapse.ended - relapse.began)}{after}, then bad again", width
        )


def _detection(scorecard: Scorecard, width: int) -> Iterator[str]:
    seen = scorecard.detection
    noise = sorted({clean(alert.monitor) for alert in seen.alerts if alert.role == "noise"})
    known = find(scorecard, "time_to_detect")
    said = " ".join(known.notes) if known else ""
    for label, names in (("silent", seen.silent), ("no data", seen.no_data), ("noise", noise)):
        if names and f"{label}: " not in said:
            yield from _row(label, "", ", ".join(clean(name) for name in names), width)


def _runbook(scorecard: Scorecard, width: int) -> Iterator[str]:
    graded = scorecard.adherence
    if graded is None:
        return
    judged = find(scorecard, "runbook_coverage")
    parts = [
        f"{graded.done} of {graded.applicable} steps (verified {graded.verified}, attested {graded.attested})"
    ]
    for name, value in (("order", graded.order), ("economy", graded.economy)):
        parts.append(f"{name} {value:.2f}" if value is not None else f"{name} not applicable")
    yield from _row("runbook", _verdict(judged) if judged else "-", ", ".join(parts), width)
    for move in ("skipped", "inverted", "extra", "forbidden"):
        names = [
            clean(step.step)
            for step in graded.steps
            if step.move == move
            and (step.deviation == "unexplained" or (not step.deviation and move != "extra"))
        ]
        if names:
            yield from _row("", "", f"{move}: {', '.join(names)}", width)
    tried = [clean(step.step) for step in graded.steps if step.move == "extra" and not step.deviation]
    if tried:
        yield from _row("", "", f"tried, did not succeed: {', '.join(tried)}", width)
    for step in graded.steps:
        if step.deviation in {"better_path", "runbook_defect", "justified"}:
            yield from _row(
                "",
                "",
                f"{step.deviation.replace('_', ' ')}: {clean(step.step)} {clean(step.detail)}".rstrip(),
                width,
            )
    if graded.lucky_pass:
        yield from _row(
            "", "", "lucky pass: mended without looking before, or without verifying after", width
        )


def _load(scorecard: Scorecard, width: int) -> Iterator[str]:
    if scorecard.load.overloaded:
        yield from _row("load", "", "the generator could not offer what it was asked to", width)


def _stack(scorecard: Scorecard, report_path: str | None, width: int) -> Iterator[str]:
    verdict = {True: "yes", False: "NO", None: "unknown"}[scorecard.clean]
    text = f"report {report_path}" if report_path else ""
    yield from (line.rstrip() for line in _row("stack clean", verdict, text, width))
    for difference in scorecard.differences:
        yield from _row("", "", f"left: {clean(difference)}", width)
    for command in scorecard.by_hand:
        yield from _row("", "", f"by hand: {clean(command, 1000)}", width)


def _assumptions(scorecard: Scorecard, history: History, width: int) -> Iterator[str]:
    """What the figures rest on, where it is not what people would take for granted."""
    notes = []
    if history.inputs().scenario.truth is None:
        notes.append("the scenario names no truth, so diagnosis and severity are not judged")
    if any(
        instant.kind == "inferred" and instant.state is State.OBSERVED for instant in scorecard.milestones
    ):
        notes.append("some instants are inferred: see the report")
    if any(responder.scripted for responder in scorecard.responders):
        notes.append("a script acted under the responder's name")
    if (
        scorecard.verdict is not Verdict.PASS
        and scorecard.load.achieved_share is not None
        and scorecard.load.achieved_share < _NEARLY_ALL
    ):
        notes.append(f"{share(scorecard.load.achieved_share)} of the offered requests were sent")
    for note in notes:
        yield from _row("assumes", "", note, width)
