"""Who had which role: where an incident is retold, names stand back behind roles."""

from __future__ import annotations

from collections.abc import Mapping

from gameday.events import Act, Assigned, Declared
from gameday.history import History
from gameday.report.figures import clean

COMMANDER = "incident commander"
_PLAIN = "responder"


def roles(history: History) -> Mapping[str, str]:
    """Name -> role: given at the desk, else commander by declaring, else on-call, else responder."""
    oncall = history.inputs().system.oncall
    found: dict[str, str] = {}
    for record in history:
        if isinstance(record.event, Act):
            found.setdefault(clean(record.event.by), _PLAIN)
    for names in oncall.specialists.values():
        found |= {name: "specialist on call" for name in names if name in found}
    found |= {name: "primary on call" for name in oncall.primary if name in found}
    declared = history.first(Declared)
    given = {clean(event.to): clean(event.role).replace("-", " ") for _, event in history.of(Assigned)}
    if declared and COMMANDER not in given.values():
        found[clean(declared[1].by)] = COMMANDER
    return found | given


def as_role(who: str, scripted: bool, known: Mapping[str, str]) -> str:
    """The role to show for a doer; what is no person (runner, monitor, clients) stays."""
    role = known.get(who, who)
    return f"{role} (scripted)" if scripted else role
