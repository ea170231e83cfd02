"""One event in words: the only place that says what an event means to a person.

Timeline, post-mortem, page and live view all show these words. What was done stands in the passive, so that a
line reads as what happened to the system; who did it stands apart and is shown where it helps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gameday import events as e
from gameday.report.figures import budget, clean, of_metric, plural


class Kind(StrEnum):
    """What a mark is about; each has a shape of its own in pictures."""

    RUN = "run"
    FAULT = "fault"
    IMPACT = "impact"
    ALERT = "alert"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, and who or what did it."""

    kind: Kind
    who: str
    """A person's name, or ``runner``, ``monitor``, ``clients``, ``stack``."""
    what: str
    short: str
    """For a mark in a picture: a few words."""
    scripted: bool = False

    @property
    def doer(self) -> str:
        """The name, marked where a script acted under it."""
        return f"{self.who} (scripted)" if self.scripted else self.who


_PHASES = {
    "prepare": "Stack, load and responders are being prepared",
    "baseline": "Baseline began: steady state must hold under load",
    "inject": "Faults are being injected",
    "respond": "Time of the responders began",
    "recover": "Everything is being put back",
    "close": "Run is being closed",
}
_ENDED = {
    "mitigated": "good service lasted",
    "resolved": "declared resolved, and good service lasted",
    "no_impact": "the expected impact never came",
    "time_up": "the faults' time was up",
    "guard": "a guard tripped",
    "halt": "halted",
    "interrupt": "interrupted",
    "platform_healed": "the platform healed itself",
    "failure": "the run could not go on",
}
_BOTH = 2


def words(event: e.Event) -> Words | None:
    """What an event means to a person; None for one that people need not read."""
    say = _SAY.get(type(event))
    said = say(event) if say else None
    return said and replace(said, what=" ".join(said.what.split()))


def _list(items: list[str]) -> str:
    return ", ".join(clean(item) for item in items)


def _with(text: str, more: str, between: str = ": ") -> str:
    return text + between + clean(more) if more.strip() else text


def _arguments(arguments: Mapping[str, str]) -> str:
    return ", ".join(f"{clean(key)} {clean(value)}" for key, value in arguments.items())


def _run(what: str, short: str = "", who: str = "runner") -> Words:
    return Words(Kind.RUN, who, what, short or what)


def _fault(event: Any, what: str) -> Words:
    name = clean(event.fault)
    return Words(Kind.FAULT, "runner", f"Fault {name} {what}", f"{name} {what}")


def _act(event: e.Act, what: str, short: str = "") -> Words:
    return Words(Kind.ACT, clean(event.by), what, short or what, event.scripted)


def _baseline(event: e.BaselineJudged) -> Words:
    if event.held:
        return _run(f"Steady state held at {event.rate:.0f} requests/s", "baseline held")
    return _run(f"Steady state did not hold: {_list(event.problems)}", "baseline did not hold")


def _postponed(event: e.BaselinePostponed) -> Words:
    return _run(
        f"Not steady yet, the baseline begins again: {_list(event.problems)}", "baseline begins again"
    )


def _respond_ended(event: e.RespondEnded) -> Words:
    why = event.detail if event.reason in {"mitigated", "resolved"} else ""
    said = clean(why) or _with(_ENDED[event.reason], event.detail)
    return _run(f"Time of the responders ended: {said}", "respond ended")


def _injected(event: e.FaultInjected) -> Words | None:
    return None if event.ok else _fault(event, _with("was not injected", event.problem))


def _checked(event: e.FaultChecked) -> Words:
    if event.in_place is None:
        return _fault(event, _with("could not be read back", event.detail))
    there = _with("is in place, by read-back", event.detail)
    return _fault(event, there if event.in_place else "is no longer in place")


def _reverted(event: e.FaultReverted) -> Words:
    return _fault(event, "was put back" if event.ok else _with("could not be put back", event.problem))


def _restored(event: e.ThingsRestored) -> Words | None:
    if event.ok:
        return _run(f"Put back: {_list(list(event.things))}", "put back") if event.things else None
    return _run(_with("Could not put everything back", event.problem), "not put back")


def _steady(event: e.SteadyAgain) -> Words:
    if event.held:
        return _run(f"Steady state held again, after {budget(round(event.took, 1))}", "steady again")
    return _run("Steady state did not hold again", "not steady again")


def _compared(event: e.StackCompared) -> Words:
    if event.clean:
        return _run("Stack clean: everything as before", "stack clean")
    return _run(f"Stack not clean: {_list(event.differences)}", "stack not clean")


def _load_ended(event: e.LoadEnded) -> Words | None:
    return (
        None if event.expected else _run(_with("Load generator ended by itself", event.detail), "load ended")
    )


def _fired(event: e.AlertFired) -> Words:
    condition = clean(event.condition)
    saw = ""
    if event.value is not None:
        saw = f" (saw {of_metric(condition.split()[0] if condition else '', event.value)})"
    name = clean(event.monitor)
    what = f"{name} fired{f', {clean(event.severity)}' if event.severity else ''}: {condition}{saw}"
    return Words(Kind.ALERT, "monitor", what, f"{name} fired")


def _received(event: e.AlertsReceived) -> Words | None:
    """Only what did not become an alert of its own."""
    if event.problem:
        return Words(
            Kind.ALERT, "alertmanager", f"Delivery not understood: {clean(event.problem)}", "not understood"
        )
    if event.truncated:
        left_out = plural(event.truncated, "alert")
        return Words(Kind.ALERT, "alertmanager", f"Delivery left out {left_out}", f"{left_out} left out")
    return None


def _configured(event: e.DetectorConfigured) -> Words | None:
    if event.kind == "monitors":
        return None
    said = (
        f"scrapes each {budget(event.scrape_interval)}, rules each {budget(event.evaluation_interval)}, "
        f"group wait {budget(event.group_wait)}"
    )
    assumed = f" (assumed: {clean(event.problem)})" if event.problem else ""
    return Words(Kind.RUN, "alertmanager", f"Alertmanager pages: {said}{assumed}", "alertmanager pages")


def _alert(event: Any, what: str) -> Words:
    name = clean(event.monitor)
    return Words(Kind.ALERT, "monitor", f"{name} {what}", f"{name} {what}")


def _looked(event: e.Looked) -> Words:
    topic = clean(event.topic)
    found = plural(event.rows, "row") if event.ok else _with("no answer", event.note)
    return _act(event, f"Looked at {topic}: {found}", f"look: {topic}")


def _declared(event: e.Declared) -> Words:
    affects = f", affects {_list(event.affects)}" if event.affects else ""
    return _act(event, _with(f"Declared {clean(event.severity)}{affects}", event.note), clean(event.severity))


def _noted(event: e.Noted) -> Words:
    affects = f" (affects {_list(event.affects)})" if event.affects else ""
    return _act(event, f"Note: {clean(event.text)}{affects}", "note")


def _hypothesis(event: e.Hypothesised) -> Words:
    cause = f"{clean(event.mechanism)} in {clean(event.component)}"
    return _act(
        event,
        _with(f"Hypothesis: {cause}", event.because, ", because "),
        f"hypothesis: {clean(event.mechanism)}",
    )


def _ticked(event: e.StepTicked) -> Words:
    done = "skipped" if event.skipped else "ticked"
    step = clean(event.step)
    return _act(event, _with(f"Runbook step {step} {done}", event.because), f"step {step} {done}")


def _lever_began(event: e.LeverBegan) -> Words:
    arguments = _arguments(event.arguments)
    what = f"Lever {clean(event.lever)} pulled" + (f" ({arguments})" if arguments else "")
    return _act(event, _with(what, event.because, ", because "), f"lever: {clean(event.lever)}")


def _lever_ended(event: e.LeverEnded) -> Words:
    result = ("done" if event.changed else "changed nothing") if event.ok else "failed"
    lever = clean(event.lever)
    return _act(event, _with(f"Lever {lever} {result}", event.did), f"{lever} {result}")


def _update(event: e.UpdatePosted) -> Words:
    promised = f" (next in {budget(event.next_update)})" if event.next_update else ""
    return _act(
        event, f"Status update, {event.status}: {clean(event.text)}{promised}", f"update: {event.status}"
    )


def _playbook(event: e.PlaybookStopped) -> Words:
    done = f"Scripted responder stopped after {event.done} of {event.of} acts"
    if event.done == event.of:
        return _run(f"Scripted responder is done: {plural(event.of, 'act')}", "script done")
    return _run(_with(done, event.reason), "script stopped")


_SAY: Mapping[type[e.Event], Callable[[Any], Words | None]] = {
    e.RunStarted: lambda x: _run(
        f"Run {clean(x.run)} began on the {clean(x.stack)} stack, a drill", "run began"
    ),
    e.RunEnded: lambda _: _run("Run ended"),
    e.ImpactObserved: lambda _: Words(Kind.IMPACT, "clients", "The expected impact is there", "impact"),
    e.SteadyAgain: _steady,
    e.PhaseBegan: lambda x: _run(_PHASES[x.phase], x.phase),
    e.StackReady: lambda x: _run(
        f"Stack {clean(x.kind)} is ready, after {budget(round(x.took, 1))}", "stack ready"
    ),
    e.BaselineJudged: _baseline,
    e.BaselinePostponed: _postponed,
    e.RespondEnded: _respond_ended,
    e.GuardTripped: lambda x: _run(f"Guard tripped: {clean(x.guard)}", "guard tripped"),
    e.Interrupted: lambda x: _run("Interrupted" + (", twice" if x.times >= _BOTH else ""), "interrupted"),
    e.Aborted: lambda x: _run(_with(f"Aborted, {clean(x.reason)}", x.detail), "aborted"),
    e.FaultTriggered: lambda x: _fault(x, "began to be injected"),
    e.FaultInjected: _injected,
    e.FaultChecked: _checked,
    e.FaultReverting: lambda x: _fault(
        x, "is being put back by " + ("the runner" if x.by == "runner" else "gameday revert")
    ),
    e.FaultReverted: _reverted,
    e.ThingsRestored: _restored,
    e.StackCompared: _compared,
    e.LoadStarted: lambda x: _run(
        f"Load started: {plural(x.users, 'user')}, each a request every {budget(x.period)}"
        + (f", by {x.workers} workers" if x.workers > 1 else "")
        + (f" that join at {clean(x.master)}" if x.master else ""),
        "load started",
    ),
    e.LoadWorker: lambda x: _run(
        f"Load worker {clean(x.name)} is there"
        + (f", its clock known to {budget(round(x.skew_width, 4))}" if x.skew_width else ""),
        "load worker there",
    ),
    e.LoadEnded: _load_ended,
    e.AlertFired: _fired,
    e.AlertsReceived: _received,
    e.DetectorConfigured: _configured,
    e.AlertEnded: lambda x: _alert(x, "ended"),
    e.MonitorBlind: lambda x: _alert(x, "has no data"),
    e.MonitorSighted: lambda x: _alert(x, "has data again"),
    e.Looked: _looked,
    e.Acknowledged: lambda x: _act(x, "Page acknowledged", "acknowledged"),
    e.Declared: _declared,
    e.Assigned: lambda x: _act(x, f"Role {clean(x.role)} given to {clean(x.to)}", f"role: {clean(x.role)}"),
    e.Noted: _noted,
    e.Hypothesised: _hypothesis,
    e.StepTicked: _ticked,
    e.LeverBegan: _lever_began,
    e.LeverEnded: _lever_ended,
    e.UpdatePosted: _update,
    e.Verified: lambda x: _act(x, _with("Verified", x.text), "verified"),
    e.Resolved: lambda x: _act(x, _with("Declared resolved", x.text), "resolved"),
    e.PlaybookStopped: _playbook,
}
