"""A system's monitors for those who have a Prometheus and an Alertmanager: rules for one, a route for the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gameday.detect.promql import expression, written
from gameday.model.system import System

_TEAM = "team"


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often somebody looks, and how long Alertmanager waits for more of the same; seconds."""

    scrape: float = 1.0
    evaluation: float = 1.0
    group_wait: float = 1.0

    def floor(self, hold: float) -> float:
        """The longest that a monitor with this ``for`` may take to page, where nothing is late."""
        return self.scrape + self.evaluation + hold + self.group_wait


def rules(name: str, system: System, intervals: Intervals) -> str:
    """A rule file of Prometheus with one alert a monitor, as YAML."""
    alerts = [
        {
            "alert": monitor,
            "expr": expression(rule.when, intervals.scrape),
            **({"for": written(rule.when.hold)} if rule.when.hold else {}),
            "labels": {"severity": rule.severity.value, "system": name},
            "annotations": {"summary": f"{system.title}: {rule.when.text}", "condition": rule.when.text},
        }
        for monitor, rule in system.monitors.items()
    ]
    group = {"name": f"gameday-{name}", "interval": written(intervals.evaluation), "rules": alerts}
    floors = "".join(
        f"#   {monitor}: {_seconds(intervals.floor(rule.when.hold))}\n"
        for monitor, rule in system.monitors.items()
    )
    head = (
        f"# The monitors of '{name}', for a scrape every {_seconds(intervals.scrape)}.\n"
        "# Where nothing is late, a page may still take scrape + evaluation + for + group wait; to ask for less is to "
        f"ask for luck:\n{floors}"
    )
    return head + _yaml({"groups": [group]})


def route(name: str, webhook: str, intervals: Intervals, credentials_file: str = "") -> str:
    """A configuration of Alertmanager that tells the game day of this system's alerts, as YAML.

    The team's own receiver is told as well: an alert goes on to what follows, which takes all that is left.
    """
    hook: dict[str, Any] = {"url": webhook, "send_resolved": True, "max_alerts": 0}
    if credentials_file:
        hook["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": credentials_file}}
    ours = {
        "receiver": "gameday",
        "matchers": [f'system="{name}"'],
        "group_by": ["alertname"],
        "group_wait": written(intervals.group_wait),
        "group_interval": written(intervals.group_wait),
        "repeat_interval": "1h",
        "continue": True,
    }
    config: Mapping[str, Any] = {
        "route": {"receiver": _TEAM, "routes": [ours, {"receiver": _TEAM}]},
        "receivers": [{"name": _TEAM}, {"name": "gameday", "webhook_configs": [hook]}],
    }
    head = f"# Tells the game day of what fires for '{name}'. Put your own receivers in the place of '{_TEAM}'.\n"
    return head + _yaml(config)


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=1000)


def _seconds(value: float) -> str:
    return f"{value:g} s"
