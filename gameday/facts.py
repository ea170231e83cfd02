"""The closed list of facts that a runbook's ``when`` may ask, computed from a history.

A fact is a list of spans of the run's clock. What the responders themselves did makes none of them true: only
the state before the incident, the faults' own effect on what the system exports, and its deploy records count.
"""

from __future__ import annotations

from collections.abc import Mapping

from gameday.events import FaultTriggered, InventoryTaken, RecipeWritten, RespondEnded
from gameday.exported import Exported
from gameday.history import History
from gameday.metrics import FACTS
from gameday.recovery import differences

Spans = list[tuple[float, float]]

DATABASES = frozenset({"postgresql"})
"""Kinds of service that are databases."""
_STEP = 0.5
"""Seconds between two looks at a metric."""
_EXHAUSTED = {"memory_usage": 0.9, "disk_space": 0.9, "cpu_usage": 0.95}
_OVERLOADED = {"database_connections": 0.8}


def facts(history: History, exported: Exported) -> Mapping[str, Spans]:
    """Fact -> spans in which it is true, from the first trigger to the end of Respond."""
    found: dict[str, Spans] = {name: [] for name in FACTS}
    triggered = history.first(FaultTriggered)
    if triggered is None:
        return found
    ended = history.last(RespondEnded)
    span = (triggered[1].at, ended[0].t if ended else history[-1].t)
    for name in _made_by_faults(history):
        found[name] = [span]
    found["resource_exhausted"] = _above(_EXHAUSTED, exported, span)
    found["database_overloaded"] = _above(_OVERLOADED, exported, span)
    return found


def _made_by_faults(history: History) -> set[str]:
    """What the inventory taken as the faults left it says, against the one before."""
    services = history.inputs().system.services
    external = {name for name, service in services.items() if service.external}
    databases = {name for name, service in services.items() if service.kind in DATABASES}
    before = next((taken.things for _, taken in history.of(InventoryTaken) if taken.when == "before"), {})
    made: set[str] = set()
    for record, taken in history.of(InventoryTaken):
        if taken.when != "incident":
            continue
        pulled = _pulled(history, record.seq)
        for component, wanted in differences(taken.things, before).items():
            changed = {aspect for aspect in wanted if (component, aspect) not in pulled}
            if "version" in changed:
                made.add("recent_deploy")
            elif any(name.startswith(("setting.", "flag.")) or name == "replicas" for name in changed):
                made.add("recent_config_change")  # a release brings its own flags: those are its deploy
            if changed and component in external:
                made.add("dependency_failing")
            if component in databases and any(
                aspect == "server" or aspect.startswith("proxy.") for aspect in changed
            ):
                made.add("database_failing")
    return made


def _pulled(history: History, seq: int) -> set[tuple[str, str]]:
    """What responders had pulled a lever on before a record."""
    return {
        (component, aspect)
        for record, recipe in history.of(RecipeWritten)
        if recipe.owner.startswith("lever:") and record.seq < seq
        for component, aspects in recipe.things.items()
        for aspect in aspects
    }


def _above(limits: Mapping[str, float], exported: Exported, span: tuple[float, float]) -> Spans:
    """Spans in which any of these metrics is above its limit, to half a second."""
    spans: Spans = []
    at = span[0]
    while at <= span[1]:
        if any((exported.value(metric, at) or 0.0) > limit for metric, limit in limits.items()):
            if spans and at - spans[-1][1] <= _STEP * 1.01:
                spans[-1] = (spans[-1][0], at)
            else:
                spans.append((at, at))
        at += _STEP
    return spans
