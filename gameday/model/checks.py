"""What the files of one scenario must have in common, and what is allowed but probably not meant.

Names that must exist elsewhere are checked on the plain data, so that a scenario with a misspelt key still
hears of its misspelt monitor. What needs numbers is checked on the model. Opens no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gameday.errors import Problem
from gameday.metrics import METRICS, Unit
from gameday.model.base import Steps, nearest, wrong
from gameday.model.experiment import Experiment
from gameday.model.lever_table import Row
from gameday.model.located import Document
from gameday.model.playbook import Playbook
from gameday.model.quantities import Condition
from gameday.model.rubric import Rubric
from gameday.model.runbook import Runbook
from gameday.model.scenario import Expect, Impact, Scenario
from gameday.model.system import System

SCRAPE = 0.25
EVALUATION = 0.1
"""Seconds, of the embedded stack: with a monitor's ``for`` they make the detection floor."""
_IMPACT_WINDOW = 0.1

Finding = tuple[Steps, str]


@dataclass(frozen=True, slots=True)
class Together:
    """A scenario and what it names; None where a part is missing or wrong in itself."""

    document: Document
    scenario: Scenario | None
    system: System | None = None
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    runbook: Runbook | None = None
    rubric: Rubric | None = None
    playbook: Playbook | None = None
    playbook_document: Document | None = None
    levers: list[Row] | None = None

    def at(self, *path: str | int) -> Any:
        """The plain value at a path of the scenario; None where there is none."""
        value = self.document.data
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


def problems(parts: Together) -> Iterator[Problem]:
    """Everything that keeps these files from being run together."""
    for check in (_services, _arguments, _order, _times, _levers):
        for path, message in check(parts):
            yield wrong(parts.document.place(path), message)
    if parts.playbook_document is not None:
        for path, message in _acts(parts):
            yield wrong(parts.playbook_document.place(path), message)


def warnings(parts: Together) -> Iterator[Problem]:
    """What can be run and is probably not meant."""
    if parts.scenario is not None:
        for check in (
            _too_few_requests,
            _too_soon,
            _too_late,
            _not_gated,
            _not_judged,
            _guards_of_the_meant,
            _no_table,
        ):
            for path, message in check(parts, parts.scenario):
                yield wrong(parts.document.place(path), message)


def _unknown(kind: str, name: str, known: Mapping[str, Any]) -> str:
    return f"unknown {kind} '{name}'{nearest(name, known) or '; there are ' + ', '.join(known)}"


def _services(parts: Together) -> Iterator[Finding]:
    if parts.system is None:
        return
    monitors = parts.at("expect", "detect", "monitors")
    for i, name in enumerate(monitors if isinstance(monitors, list) else []):
        if isinstance(name, str) and name not in parts.system.monitors:
            yield ("expect", "detect", "monitors", i), _unknown("monitor", name, parts.system.monitors)
    component = parts.at("truth", "component")
    if isinstance(component, str) and component not in parts.system.services:
        yield ("truth", "component"), _unknown("service", component, parts.system.services)


def _arguments(parts: Together) -> Iterator[Finding]:
    faults = parts.at("faults")
    for name in faults if isinstance(faults, dict) else {}:
        given = parts.at("faults", name, "with")
        experiment = parts.experiments.get(str(parts.at("faults", name, "experiment")))
        if experiment is None or not isinstance(given, dict):
            continue
        at: Steps = ("faults", name, "with")
        ours = experiment.ours
        for key, value in given.items():
            if ours is None:
                if key not in experiment.configuration:
                    hint = nearest(key, experiment.configuration)
                    yield (*at, key), f"the experiment's configuration has no '{key}'{hint}"
            elif key not in ours.parameters:
                yield (*at, key), _unknown("parameter", key, ours.parameters)
            elif wrong := ours.parameters[key].problem(value):
                yield (*at, key), f"{key}: {wrong}"


def _order(parts: Together) -> Iterator[Finding]:
    """Faults that come after others: after one that there is, in no circle, and not after their own time is up."""
    scenario = parts.scenario
    faults = scenario.faults if scenario is not None else {}
    for name, use in faults.items():
        at: Steps = ("faults", name, "after")
        if use.after is None:
            continue
        if use.after not in faults:
            yield at, _unknown("fault", use.after, faults)
            continue
        before: list[str] = []
        other: str | None = use.after
        while other in faults and other not in before:
            before.append(other)
            other = faults[other].after
        if name in before:
            yield (
                at,
                f"'{name}' waits for itself: {' after '.join([name, *before[: before.index(name) + 1]])}",
            )
        elif use.at + use.for_ <= faults[use.after].at:
            begins = _seconds(faults[use.after].at)
            yield at, f"'{name}' is over before '{use.after}' begins, at {begins}"


def _times(parts: Together) -> Iterator[Finding]:
    scenario = parts.scenario
    if scenario is None or not isinstance(scenario.expect.impact, Impact):
        return
    within, end = scenario.expect.impact.within, scenario.last_end
    if within >= end:
        message = f"impact may take {_seconds(within)}, but the last fault is put back after {_seconds(end)}"
        yield ("expect", "impact", "within"), message


def _levers(parts: Together) -> Iterator[Finding]:
    if parts.scenario is None or parts.levers is None:
        return
    mitigate = parts.scenario.expect.mitigate
    listed = mitigate.levers if mitigate else []
    mending = {row.lever for row in parts.levers if row.effect == "mends"}
    at: Steps = ("expect", "mitigate", "levers")
    for i, lever in enumerate(listed):
        if lever not in mending:
            yield (*at, i), f"'{lever}' does not mend by the table in the header"
    for lever in sorted(mending - set(listed)):
        if mitigate:
            yield at, f"'{lever}' mends by the table in the header; list it"
    longest = max((row.relapse for row in parts.levers if row.relapse is not None), default=0.0)
    if parts.scenario.expect.stable_for < 2 * longest:
        message = f"must be at least twice the longest relapse of the table: {_seconds(2 * longest)}"
        yield ("expect", "stable_for"), message


def _acts(parts: Together) -> Iterator[Finding]:
    """Names that a playbook says and that only its scenario can know."""
    for i, act in enumerate(parts.playbook.acts if parts.playbook else []):
        said = act.with_ if isinstance(act.with_, dict) else {}
        at: Steps = ("acts", i, "with")
        if act.do == "step" and parts.runbook is not None:
            step = said.get("step", act.with_)
            if step not in parts.runbook.steps:
                path = (*at, "step") if said else at
                yield path, f"the runbook has no step '{step}'{nearest(str(step), parts.runbook.steps)}"
        if parts.system is None:
            continue
        named = [(key, said[key]) for key in ("affects", "component", "service") if key in said]
        for key, value in named:
            for name in value if isinstance(value, list) else [value]:
                if name not in parts.system.services:
                    yield (*at, key), _unknown("service", str(name), parts.system.services)


def _too_few_requests(parts: Together, scenario: Scenario) -> Iterator[Finding]:
    rate = scenario.load.users / scenario.load.period
    said: list[tuple[Steps, Condition, float]] = [
        (("steady_state", i), condition, METRICS[condition.metric].window)
        for i, condition in enumerate(scenario.steady_state)
    ]
    if isinstance(scenario.expect.impact, Impact):
        said.append((("expect", "impact", "when"), scenario.expect.impact.when, _IMPACT_WINDOW))
    for i, name in enumerate(scenario.expect.detect.monitors if scenario.expect.detect else []):
        if parts.system is not None and name in parts.system.monitors:
            when = parts.system.monitors[name].when
            said.append((("expect", "detect", "monitors", i), when, METRICS[when.metric].window))
    for path, condition, window in said:
        metric = METRICS[condition.metric]
        if metric.unit is not Unit.RATIO or metric.job != "gateway" or not condition.threshold:
            continue
        share = condition.threshold * rate * window
        if share < 1:
            sent = f"{rate * window:.3g} are sent in {_seconds(window)}"
            yield path, f"'{condition.text}' is less than one request: {sent}"


def _too_soon(parts: Together, scenario: Scenario) -> Iterator[Finding]:
    detect = scenario.expect.detect
    if detect is None or detect.within is None or parts.system is None:
        return
    known = [parts.system.monitors[name] for name in detect.monitors if name in parts.system.monitors]
    floor = min((SCRAPE + EVALUATION + monitor.when.hold for monitor in known), default=0.0)
    if detect.within < floor:
        message = f"no listed monitor can fire before {_seconds(floor)}: scrape, evaluation and its own `for`"
        yield ("expect", "detect", "within"), message


def _too_late(_: Together, scenario: Scenario) -> Iterator[Finding]:
    within = scenario.expect.mitigate.within if scenario.expect.mitigate else None
    if within is not None and within >= scenario.last_end:
        end = _seconds(scenario.last_end)
        message = f"nobody can miss {_seconds(within)}: the last fault is put back after {end}"
        yield ("expect", "mitigate", "within"), message


def _not_gated(parts: Together, scenario: Scenario) -> Iterator[Finding]:
    if parts.rubric is None:
        return
    nothing = {"stable_for"} | ({"impact"} if scenario.expect.impact == "allowed" else set())
    for key in scenario.expect.model_fields_set - nothing - set(parts.rubric.gates):
        if getattr(scenario.expect, key) is not None:
            gates = ", ".join(parts.rubric.gates) or "none"
            yield ("expect", key), f"'{key}' is shown, not gated; the rubric's gates: {gates}"


def _not_judged(_: Together, scenario: Scenario) -> Iterator[Finding]:
    if scenario.expect.impact != "none":
        return
    for key in set(Expect.model_fields) - {"impact", "recover", "stable_for"}:
        if getattr(scenario.expect, key) is not None:
            yield (
                ("expect", key),
                f"'{key}' is not judged with impact: none: where nothing is felt nobody has to answer",
            )


def _guards_of_the_meant(parts: Together, scenario: Scenario) -> Iterator[Finding]:
    meant = {scenario.expect.impact.when.metric} if isinstance(scenario.expect.impact, Impact) else set()
    for name in scenario.expect.detect.monitors if scenario.expect.detect else []:
        if parts.system is not None and name in parts.system.monitors:
            meant.add(parts.system.monitors[name].when.metric)
    for i, guard in enumerate(scenario.guards):
        if guard.metric in meant:
            yield ("guards", i), f"'{guard.text}' may stop the run on what the scenario is meant to cause"


def _no_table(parts: Together, scenario: Scenario) -> Iterator[Finding]:
    if parts.levers is None and scenario.expect.mitigate and scenario.expect.mitigate.levers:
        yield (
            ("expect", "mitigate", "levers"),
            "nothing shows that these mend: no table in the header",
        )


def _seconds(value: float) -> str:
    return f"{value:g}s" if value >= 1 else f"{value * 1000:g}ms"
