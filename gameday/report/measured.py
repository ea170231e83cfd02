"""What the measures of a scorecard are called, and how a value that may not be known is said.

``value_text`` never shows a number for something that was not observed: a censored value is a bound with its
reason, a missing one says so, one that does not apply says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gameday.report.figures import clean, clock, latency, of_unit, share
from gameday.score.card import Measure, Scorecard, State

_TWICE = re.compile(r"^(\S+) \1(?:ed)?(?= )")
_FEW = 0.01
"""Share of bad requests below which an impact is one of waiting, not of failing."""


@dataclass(frozen=True, slots=True)
class Name:
    """How people call a measure."""

    done: str
    """For a row of a card: ``detected``."""
    noun: str
    """For a sentence: ``Detection``."""
    span: str
    """Between which two instants it lies, or what it counts."""


NAMES: Mapping[str, Name] = {
    "time_to_impact": Name("impact", "Impact", "fault to impact"),
    "time_to_detect": Name("detected", "Detection", "impact to first alert or statement"),
    "time_to_acknowledge": Name("acknowledged", "Acknowledgement", "page to acknowledgement"),
    "time_to_engage": Name("first look", "First look", "page to first look or hypothesis"),
    "time_to_declare": Name("declared", "Declaration", "detection to declaration"),
    "time_to_diagnose": Name("diagnosed", "Diagnosis", "impact to the right hypothesis"),
    "time_to_act": Name("mending act", "The mending act", "impact to the act that mended"),
    "time_to_mitigate": Name("mitigated", "Mitigation", "impact to good service that lasts"),
    "time_to_recover": Name("recovered", "Recovery by the platform", "fault to ready and steady"),
    "time_to_resolve": Name("resolved", "Resolution", "impact to resolution"),
}
"""The clocks, in the order in which people read them."""

OTHERS: Mapping[str, Name] = {
    "severity_correct": Name("severity", "Severity", "declared against true"),
    "updates_on_time": Name("updates", "Status updates", "on time, of those that were due"),
    "alert_precision": Name("precision", "Alerts", "explained, of all that fired"),
}
"""Measures that are shares and that a rubric may judge."""


def clocks(scorecard: Scorecard) -> list[Measure]:
    """The measures that are times, in the order of ``NAMES``."""
    return [measure for name in NAMES if (measure := find(scorecard, name))]


def others(scorecard: Scorecard) -> list[Measure]:
    """The shares that are known or judged, in the order of ``OTHERS``."""
    found = [measure for name in OTHERS if (measure := find(scorecard, name))]
    return [measure for measure in found if measure.verdict or measure.state is State.OBSERVED]


def name_of(measure: Measure) -> Name:
    """What a clock or a share is called."""
    return NAMES.get(measure.id) or OTHERS[measure.id]


def find(scorecard: Scorecard, name: str) -> Measure | None:
    """One measure by id, None where the card has none."""
    return next((measure for measure in scorecard.measures if measure.id == name), None)


def bad_seconds(measure: Measure) -> str:
    """``12.9``, ``> 64.0``: always plain seconds, since it is an area and no time of day."""
    if measure.state is State.OBSERVED and measure.value is not None:
        return f"{measure.value:,.1f}"
    return f"> {measure.earliest:,.1f}" if measure.earliest is not None else "not known"


def value_text(measure: Measure) -> str:
    """``21.4 s``, ``> 90.0 s``, ``never``, ``not applicable``."""
    if measure.state is State.OBSERVED and measure.value is not None:
        if measure.id == "severity_correct":
            return "right" if measure.value >= 1 else "wrong"
        return of_unit(measure.unit, measure.value)
    if measure.state is State.NOT_APPLICABLE:
        return "not applicable"
    if measure.id == "time_to_impact":
        return "none"
    if measure.state is State.CENSORED and measure.earliest is not None:
        return f"> {of_unit(measure.unit, measure.earliest)}"
    return "not known" if measure.state is State.CENSORED else "never"


def bounds_text(measure: Measure) -> str:
    """``21.3 s to 21.5 s`` where the bounds differ as shown, else an empty string."""
    if measure.state is not State.OBSERVED or measure.earliest is None or measure.latest is None:
        return ""
    low, high = of_unit(measure.unit, measure.earliest), of_unit(measure.unit, measure.latest)
    return "" if low == high else f"{low} to {high}"


def reason_text(measure: Measure) -> str:
    """Why it is what it is, and what else is to be known of it."""
    return ", ".join(clean(part) for part in (measure.reason, *measure.notes) if part)


def deed(text: str) -> str:
    """An act as it is credited, without the word that its lever and its result both begin with."""
    return _TWICE.sub(r"\1", clean(text))


def felt(scorecard: Scorecard) -> str:
    """What users felt at the worst: ``up to 71 % of requests failed or could not be sent``; empty if not known."""
    load = scorecard.load
    if load.peak_error_rate is not None and load.peak_error_rate >= _FEW:
        return f"up to {share(load.peak_error_rate)} of requests failed or could not be sent"
    return (
        "" if load.worst_p95 is None else f"the slowest 5 % of answers took {latency(load.worst_p95)} or more"
    )


def impact_length(scorecard: Scorecard) -> str:
    """How long users felt it: ``21.4 s``, ``more than 90.0 s``; empty without impact."""
    measure = find(scorecard, "time_to_mitigate")
    if measure is None or measure.state in {State.NOT_APPLICABLE, State.MISSING}:
        return ""
    if measure.value is not None:
        return clock(measure.value)
    return "" if measure.earliest is None else f"more than {clock(measure.earliest)}"
