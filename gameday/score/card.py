"""The shape of a scorecard: verdicts, measures with bounds and evidence, adherence, and what explains them.

``scorecard.json`` is this model, dumped. Instants are seconds on the run's clock (t of the log); a card
*shows* them counted from the trigger. Evidence is a list of ``seq`` numbers of the log.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

CARD_SCHEMA = 1


class Verdict(StrEnum):
    """Merging takes the worst: FAIL over UNKNOWN over PASS."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"

    @staticmethod
    def worst(verdicts: list[Verdict]) -> Verdict:
        """The worst of several; PASS of none."""
        order = [Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL]
        return max(verdicts, key=order.index, default=Verdict.PASS)


class State(StrEnum):
    """What is known of an instant or a measure; never a number standing for 'not known'."""

    OBSERVED = "observed"
    CENSORED = "censored"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


class Value(BaseModel):
    """Base of the card's parts: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Instant(Value):
    """When something happened, as well as it is known, in seconds of the run's clock."""

    id: str
    state: State
    at: float | None = None
    earliest: float | None = None
    latest: float | None = None
    evidence: list[int] = []
    kind: Literal["objective", "corroborated", "attested", "inferred"] = "objective"
    reason: str = ""
    """Why it is not observed, or what it rests on; one sentence."""


class Measure(Value):
    """A named value with its budget and verdict. ``value`` is None unless observed."""

    id: str
    state: State
    value: float | None = None
    earliest: float | None = None
    latest: float | None = None
    unit: str = "s"
    budget: float | None = None
    verdict: Verdict | None = None
    """None: shown, not judged."""
    evidence: list[int] = []
    reason: str = ""
    notes: list[str] = []
    """For example ``lead 1.2 s`` or ``target is below the detection floor``."""


class StepGrade(Value):
    """One runbook step in the alignment."""

    step: str
    move: Literal["sync", "skipped", "extra", "inverted", "not_applicable", "forbidden"]
    level: Literal["verified", "corroborated", "attested", "none"] = "none"
    at: float | None = None
    deviation: Literal["", "unexplained", "justified", "runbook_defect", "better_path"] = ""
    detail: str = ""
    evidence: list[int] = []


class Adherence(Value):
    """Runbook adherence: all numbers, never only a blend."""

    runbook: str
    coverage_verified: float | None
    """Lower bound: verified steps only."""
    coverage_attested: float | None
    """Upper bound: with corroborated and attested ones."""
    order: float | None
    """None where no pair of steps has an order."""
    economy: float | None
    timeliness: float | None
    fitness: float | None
    applicable: int
    done: int
    verified: int
    attested: int
    lucky_pass: bool
    steps: list[StepGrade]


class Alert(Value):
    """One alert of the run."""

    monitor: str
    at: float
    ended: float | None = None
    severity: str
    role: Literal["listed", "expected", "preexisting", "noise"]
    """listed: dates detection; expected: explained by the incident; noise: explained by nothing."""
    evidence: list[int]


class Detection(Value):
    """How it was noticed, and how soon it could have been."""

    by: str = ""
    """``monitor:<name>`` or ``person:<name>``, empty if nobody and nothing noticed."""
    floor: float | None = None
    """Seconds: scrape interval + evaluation interval + the monitor's ``for``."""
    above_floor: float | None = None
    silent: list[str] = []
    no_data: list[str] = []
    alerts: list[Alert] = []
    precision: float | None = None


class LoadFacts(Value):
    """What the clients did and felt."""

    offered: int
    sent: int
    bad: int
    impact_offered: int = 0
    """Of them, those between impact and mitigation; to the end of Respond if never mitigated."""
    impact_bad: int = 0
    baseline_rate: float | None
    achieved_share: float | None
    """Sent / offered from mitigation to the end of Respond; whole run if never mitigated."""
    peak_error_rate: float | None
    worst_p95: float | None
    """Seconds, worst 2 s window between trigger and end of Respond."""
    overloaded: bool = False
    """The generator could not offer what it was asked."""


class FaultFacts(Value):
    """What became of one fault."""

    id: str
    experiment: str
    triggered: float | None
    in_place: float | None
    ended: float | None
    """When it went, if that was before the runner put it back: at the mending act, or when seen gone."""
    reverted: bool | None
    problems: list[str] = []
    evidence: list[int] = []


class Mitigation(Value):
    """The last state-changing act before good service lasted, and whose it was."""

    by: Literal["responder", "automation", "platform", "runner", "out_of_band"]
    who: str = ""
    what: str = ""
    basis: Literal["objective", "inferred"] = "objective"
    evidence: list[int] = []


class Responder(Value):
    """One name at the desk."""

    name: str
    scripted: bool
    acts: int


class Relapse(Value):
    """A clean stretch that broke."""

    began: float
    ended: float
    after: str = ""
    """The act that began it, if one did."""
    evidence: list[int] = []


class Scorecard(Value):
    """Everything graded, from one log."""

    card_schema: int = CARD_SCHEMA
    run: str
    scenario: str
    title: str
    profile: str
    stack: str
    verdict: Verdict
    exit_code: int
    reasons: list[str]
    """Why the verdict is what it is; empty for a plain PASS."""
    gates: list[str] = []
    """Ids of the measures that decided the verdict; none where the run could not be graded."""
    milestones: list[Instant]
    measures: list[Measure]
    adherence: Adherence | None
    detection: Detection
    mitigation: Mitigation | None
    relapses: list[Relapse]
    load: LoadFacts
    faults: list[FaultFacts]
    responders: list[Responder]
    clean: bool | None
    """Whether the stack was put back; None if never compared."""
    differences: list[str]
    by_hand: list[str] = []

    def milestone(self, name: str) -> Instant:
        """One milestone by id. Raises StopIteration if there is none."""
        return next(instant for instant in self.milestones if instant.id == name)

    def measure(self, name: str) -> Measure:
        """One measure by id. Raises StopIteration if there is none."""
        return next(measure for measure in self.measures if measure.id == name)
