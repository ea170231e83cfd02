"""The incident's timeline: what the log says in words, and what grading found, in one order.

An entry is either an event in the words of ``gameday.report.words`` or something measured from the client's
side (impact, good service, relapse), which no single event says. Times count from the trigger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len

from gameday.events import (
    Acknowledged,
    Declared,
    FaultChecked,
    FaultTriggered,
    Hypothesised,
    ImpactObserved,
    LeverBegan,
    LeverEnded,
    PlanStarted,
    Resolved,
    Verified,
)
from gameday.history import History
from gameday.report.columns import hang, pad
from gameday.report.figures import clock, stamp
from gameday.report.measured import deed, felt
from gameday.report.words import Kind, words
from gameday.score.card import Scorecard, State

_TURNS = (Acknowledged, Declared, Hypothesised, LeverBegan, LeverEnded, Verified, Resolved)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    t: float
    """Seconds from the trigger; from the first record where nothing was triggered."""
    wall: str
    """UTC, ``14:23:18.7``; empty if the log does not say when it began."""
    who: str
    scripted: bool
    what: str
    short: str
    kind: Kind
    evidence: tuple[int, ...]
    earliest: float | None = None
    latest: float | None = None
    turns: bool = False
    """Whether it is an act that can turn an incident, not one of looking or telling."""

    @property
    def doer(self) -> str:
        """The name, marked where a script acted under it."""
        return f"{self.who} (scripted)" if self.scripted else self.who


def origin(history: History) -> float:
    """The instant from which people count: the first trigger, else the plan's start, else zero."""
    triggered = min((event.at for _, event in history.of(FaultTriggered)), default=None)
    if triggered is not None:
        return triggered
    plan = history.first(PlanStarted)
    return plan[1].at if plan else 0.0


def began(history: History) -> datetime | None:
    """The wall time of the run clock's zero, UTC; None if the log does not hold a readable one."""
    if not len(history):
        return None
    try:
        wall = datetime.fromisoformat(history[0].wall)
        return wall.astimezone(UTC) - timedelta(seconds=history[0].t)
    except (ValueError, OverflowError):
        return None


def wall_time(history: History, t: float) -> str:
    """The UTC time of day of an instant of the run's clock, ``14:23:18.7``; empty if it is not known."""
    base = began(history)
    if base is None:
        return ""
    at = base + timedelta(seconds=round(t, 1))
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}"


def timeline(scorecard: Scorecard, history: History) -> list[Entry]:
    """Every entry, oldest first."""
    zero = origin(history)
    entries = [*_told(history, zero), *_measured(scorecard, history, zero)]
    return sorted(entries, key=lambda entry: (entry.t, entry.evidence))


def _told(history: History, zero: float) -> list[Entry]:
    entries = []
    for record in history:
        said = words(record.event)
        if said is None or isinstance(record.event, ImpactObserved):  # impact is dated anew by grading
            continue
        t = record.event.at if isinstance(record.event, (FaultTriggered, FaultChecked)) else record.t
        entries.append(
            Entry(
                t - zero,
                wall_time(history, t),
                said.who,
                said.scripted,
                said.what,
                said.short,
                said.kind,
                (record.seq,),
                turns=isinstance(record.event, _TURNS),
            )
        )
    return entries


def _measured(scorecard: Scorecard, history: History, zero: float) -> list[Entry]:
    worst = felt(scorecard)
    said = {
        "impact": (f"Users began to feel it{f': {worst}' if worst else ''}", "impact"),
        "mitigated": ("Good service again, and it lasted", "good again"),
    }
    entries = []
    for instant in scorecard.milestones:
        if instant.id not in said or instant.state is not State.OBSERVED or instant.at is None:
            continue
        what, short = said[instant.id]
        entries.append(
            Entry(
                instant.at - zero,
                wall_time(history, instant.at),
                "clients",
                False,
                what,
                short,
                Kind.IMPACT,
                tuple(instant.evidence),
                None if instant.earliest is None else instant.earliest - zero,
                None if instant.latest is None else instant.latest - zero,
            )
        )
    for relapse in scorecard.relapses:
        after = f" after {deed(relapse.after)}" if relapse.after else ""
        what = (
            f"Service broke again: {clock(relapse.ended - relapse.began)} of good service{after} did not last"
        )
        entries.append(
            Entry(
                relapse.ended - zero,
                wall_time(history, relapse.ended),
                "clients",
                False,
                what,
                "relapse",
                Kind.IMPACT,
                tuple(relapse.evidence),
            )
        )
    return entries


def incident_only(entries: list[Entry]) -> list[Entry]:
    """What belongs to the incident itself, not the run's own housekeeping; everything where no fault was injected."""
    told = [entry for entry in entries if entry.kind is not Kind.RUN]
    return told if any(entry.kind is Kind.FAULT for entry in told) else entries


def evidence_text(evidence: tuple[int, ...] | list[int]) -> str:
    """``[#12, #40]``; empty where there is none."""
    return f"[{', '.join(f'#{number}' for number in evidence)}]" if evidence else ""


def text(scorecard: Scorecard, history: History, *, width: int = 100) -> str:
    """The timeline for a terminal or a file: time from the trigger, UTC, what, who, evidence."""
    entries = timeline(scorecard, history)
    title = f"{scorecard.scenario} · {scorecard.run} · a drill · times from the trigger, and UTC"
    lines = [title, ""]
    doers = max((cell_len(entry.doer) for entry in entries), default=0)
    for entry in entries:
        head = f"{stamp(entry.t):>11}  {entry.wall:<10}  {pad(entry.doer, doers)}  "
        lines += hang(head, f"{entry.what} {evidence_text(entry.evidence)}".rstrip(), width)
    return "\n".join(lines) + "\n"
