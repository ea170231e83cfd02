"""A system's monitors for those who have a Prometheus: alerting rules, and the route by which they page a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gameday.detect.promql import expression, written
from gameday.model.system import System


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often somebody looks, and how long whoever pages waits for more of the same; seconds."""

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


def route(name: str, intervals: Intervals, url: str, credentials_file: str) -> str:
    """A whole configuration of Alertmanager that sends this system's alerts to a run, as YAML.

    The run's receiver is beside the team's own: what it hears, they hear too. Everything is told: each alert
    apart, what is over as well, however many there are.
    """
    to_run = {
        "receiver": "gameday",
        "matchers": [f'system="{name}"'],
        "group_by": ["alertname"],
        "group_wait": written(intervals.group_wait),
        "group_interval": written(max(intervals.group_wait, 1.0)),
        "repeat_interval": "1h",
        "continue": True,
    }
    hook = {
        "url": url,
        "send_resolved": True,
        "max_alerts": 0,
        "http_config": {"authorization": {"credentials_file": credentials_file}},
    }
    head = (
        f"# Sends the alerts of '{name}' to a run of gameday. In a configuration of your own: the first of the\n"
        "# routes, and the receiver 'gameday'; 'team' stands for whatever you have.\n"
    )
    return head + _yaml(
        {
            "route": {"receiver": "team", "routes": [to_run, {"receiver": "team"}]},
            "receivers": [{"name": "team"}, {"name": "gameday", "webhook_configs": [hook]}],
        }
    )


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=1000)


def _seconds(value: float) -> str:
    return f"{value:g} s"
