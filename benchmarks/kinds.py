"""Faults that hit every request, each with the way in which it is mended while the run goes on.

Those of the library take part as soon as the library has them. Toxics on the database's proxy that no experiment
of the library makes are made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from gameday.catalog import Catalog, Kind

PUT_BACK = "put back through the stack's API"


@dataclass(frozen=True, slots=True)
class Hit:
    """One fault: an experiment with its arguments."""

    name: str
    experiment: str
    with_: Mapping[str, Any] = field(default_factory=dict)
    lever: str = ""
    """The lever that mends it, as a shell takes it; empty: its recipe is given to the stack's API."""
    platform: bool = False
    """Mended by the platform itself."""

    @property
    def mend(self) -> str:
        """How it is mended, in words."""
        return "the platform" if self.platform else (self.lever or PUT_BACK)


_OUTAGE = "database-outage"
_LIBRARY = (
    Hit(
        "answers of the database later than the time-out",
        "proxy-latency",
        {"proxy": "database", "latency_ms": 2600},
    ),
    Hit("database killed", _OUTAGE, {"how": "kill"}, lever="start database"),
    Hit("database frozen", _OUTAGE, {"how": "freeze"}),
    Hit("database cut off", _OUTAGE, {"how": "cut"}, lever="fail-over database"),
    Hit("database killed", _OUTAGE, {"how": "kill"}, lever="fail-over database"),
    Hit("all replicas killed", "replica-kill", {"count": "all"}, platform=True),
    Hit("database cut off", _OUTAGE, {"how": "cut"}),
    Hit("database frozen", _OUTAGE, {"how": "freeze"}, lever="start database"),
)


def toxics() -> dict[str, dict[str, Any]]:
    """Experiments of our own, by name: toxics on the way to the database that hit every request."""
    return {
        "database-silent": _toxic("timeout", "downstream", {"timeout": 0}),
        "database-resets": _toxic("reset_peer", "downstream", {"timeout": 0}),
        "database-deaf": _toxic("timeout", "upstream", {"timeout": 0}),
        "database-cut-short": _toxic("limit_data", "downstream", {"bytes": 0}),
    }


def hits(catalog: Catalog) -> list[Hit]:
    """Every kind that can be made here, those of the library and our own in turn."""
    there = set(catalog.names(Kind.EXPERIMENT))
    own = [
        Hit("no answers from the database", "database-silent"),
        Hit("connections to the database reset", "database-resets"),
        Hit("nothing reaches the database", "database-deaf"),
        Hit("connections to the database closed on the first answer", "database-cut-short"),
    ]
    library = [hit for hit in _LIBRARY if hit.experiment in there]
    pairs = zip_longest(own, library)
    return [hit for pair in pairs for hit in pair if hit is not None]


def _toxic(kind: str, stream: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    toxics = "gameday.faults.actions.toxics"
    name = f"bench_{kind}"
    add = {"proxy": "database", "name": name, "type": kind, "stream": stream, "attributes": dict(attributes)}
    return {
        "version": "1.0.0",
        "title": f"A {kind} toxic on the way to the database",
        "description": "For measuring: hits every request.",
        "extensions": [
            {
                "name": "gameday",
                "parameters": {
                    "stacks": ["local"],
                    "touches": ["database"],
                    "proves": "in_place",
                    "takes": {"inject": "2s", "revert": "2s"},
                },
            }
        ],
        "method": [
            _activity("action", "add", toxics, "add_toxic", add),
            _activity("probe", "in_place", toxics, "toxic_listed", {"proxy": "database", "name": name}),
        ],
        "rollbacks": [_activity("action", "restore", toxics, "restore_toxics", {"proxy": "database"})],
    }


def _activity(
    kind: str, name: str, module: str, function: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    provider = {"type": "python", "module": module, "func": function, "arguments": dict(arguments)}
    return {"type": kind, "name": name, "provider": provider}
