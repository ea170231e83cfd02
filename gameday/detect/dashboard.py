"""A system's monitors as a dashboard of Grafana: one panel a metric that a monitor watches, its thresholds drawn in."""

from __future__ import annotations

import json
from typing import Any

from gameday.detect.promql import SCRAPES, metric
from gameday.detect.rendered import Intervals
from gameday.metrics import METRICS, Unit
from gameday.model.system import System

_UNITS = {
    Unit.RATIO: "percentunit",
    Unit.SECONDS: "s",
    Unit.PER_SECOND: "reqps",
    Unit.COUNT: "short",
    Unit.BYTES: "bytes",
}
_WIDTH, _HEIGHT, _COLUMNS = 12, 7, 24


def dashboard(name: str, system: System, intervals: Intervals) -> str:
    """The dashboard's JSON, as Grafana provisions it from a file; its data source is Prometheus."""
    watched = dict.fromkeys(rule.when.metric for rule in system.monitors.values())
    panels = [_alerts(name), *(_panel(one, system, intervals) for one in watched)]
    for number, panel in enumerate(panels):
        panel["id"] = number + 1
        across = _COLUMNS // _WIDTH
        panel["gridPos"] = {
            "h": _HEIGHT,
            "w": _WIDTH,
            "x": number % across * _WIDTH,
            "y": number // across * _HEIGHT,
        }
    made = {
        "uid": f"gameday-{name}",
        "title": f"{system.title} (gameday)",
        "tags": ["gameday"],
        "timezone": "utc",
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "schemaVersion": 39,
        "panels": panels,
    }
    return json.dumps(made, indent=2) + "\n"


def _panel(one: str, system: System, intervals: Intervals) -> dict[str, Any]:
    limits = sorted(rule.when.threshold for rule in system.monitors.values() if rule.when.metric == one)
    steps = [{"color": "green", "value": None}, *({"color": "red", "value": limit} for limit in limits)]
    return {
        "type": "timeseries",
        "title": METRICS[one].about,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "targets": [{"refId": "A", "expr": metric(one, intervals.scrape), "legendFormat": one}],
        "fieldConfig": {
            "defaults": {
                "unit": _UNITS[METRICS[one].unit],
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {
                    "thresholdsStyle": {"mode": "line"},
                    "spanNulls": int(SCRAPES * intervals.scrape * 1000),
                },
            },
            "overrides": [],
        },
    }


def _alerts(name: str) -> dict[str, Any]:
    shown = {
        "refId": "A",
        "expr": f'ALERTS{{system="{name}"}}',
        "legendFormat": "{{alertname}} {{alertstate}}",
    }
    return {
        "type": "state-timeline",
        "title": "Alerts, pending and firing",
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "targets": [shown],
        "fieldConfig": {"defaults": {"unit": "short"}, "overrides": []},
    }
