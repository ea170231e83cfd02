"""Which budget applies: the scenario's own, else the rubric's for the true severity."""

from __future__ import annotations

from gameday.events import Declared
from gameday.model import scenario as model
from gameday.model.rubric import Budgets
from gameday.model.scenario import Severity
from gameday.score.case import Case


def severity(case: Case) -> Severity | None:
    """The true severity; where the scenario does not say it, the one that was declared last."""
    if case.scenario.truth is not None:
        return case.scenario.truth.severity
    said = [event.severity for _, event in case.during(Declared)]
    return Severity(said[-1]) if said and said[-1] in Severity.__members__ else None


def of_severity(case: Case) -> Budgets:
    """The rubric's budgets for the severity; empty ones where there is none."""
    found = severity(case)
    return case.inputs.rubric.budgets.get(found, Budgets()) if found else Budgets()


def budget(case: Case, key: str) -> float | None:
    """Seconds allowed for one key of ``expect``; None: shown without a verdict."""
    if key == "impact":
        expected = case.scenario.expect.impact
        return expected.within if isinstance(expected, model.Impact) else None
    own = getattr(case.scenario.expect, key, None)
    within: float | None = getattr(own, "within", None)
    rubric: float | None = getattr(of_severity(case), key, None)
    return rubric if within is None else within
