"""A system's monitors as rules of Prometheus."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from click.testing import CliRunner

from gameday.cli.program import app
from gameday.detect.dashboard import dashboard
from gameday.detect.promql import EXPRESSIONS, expression, written
from gameday.detect.rendered import Intervals, route, rules
from gameday.errors import ExitCode, InputError
from gameday.metrics import METRICS, Side
from gameday.model.quantities import Condition
from gameday.model.system import System

SYSTEM = System.model_validate(
    {
        "title": "Sign-in",
        "services": {"auth": {}},
        "monitors": {
            "auth-error-rate": {"when": "error_rate > 5% for 5s", "severity": "SEV2"},
            "auth-database": {"when": "database_up < 1", "severity": "SEV1"},
        },
    }
)


def test_whatever_a_monitor_may_watch_can_be_asked_of_prometheus() -> None:
    """One expression for each exported metric, and for nothing else."""
    assert set(EXPRESSIONS) == {name for name, metric in METRICS.items() if Side.EXPORTED in metric.sides}


def test_a_monitor_becomes_a_rule_of_its_name() -> None:
    """With its threshold in base units, its severity, and its ``for``, which one without any has not."""
    (group,) = yaml.safe_load(rules("auth", SYSTEM, Intervals(evaluation=0.5)))["groups"]
    first, second = group["rules"]

    assert (group["name"], group["interval"]) == ("gameday-auth", "500ms")
    assert (first["alert"], first["for"]) == ("auth-error-rate", "5s")
    assert first["labels"] == {"severity": "SEV2", "system": "auth"}
    assert first["expr"].endswith(") > 0.05")
    assert second["expr"] == "(max(pg_up)) < 1"
    assert "for" not in second


def test_the_floor_of_each_monitor_is_written_beside_the_rules() -> None:
    """What nobody can beat: the scrape, the evaluation, the ``for`` and the group's wait."""
    text = rules("auth", SYSTEM, Intervals(15, 15, 30))

    assert "#   auth-error-rate: 65 s\n#   auth-database: 60 s\n" in text


@pytest.mark.parametrize(
    ("condition", "scrape", "window"),
    [
        ("error_rate > 5%", 0.25, "2s"),
        ("error_rate > 5%", 15, "60s"),
        ("restarts > 2", 1, "60s"),
        ("restarts > 2", 30, "120s"),
    ],
)
def test_a_window_holds_four_scrapes(condition: str, scrape: float, window: str) -> None:
    """Or what the metric asks for, where that is longer."""
    found = expression(Condition.model_validate(condition), scrape)

    assert set(re.findall(r"\[(\w+)\]", found)) == {window}


@pytest.mark.parametrize(("seconds", "text"), [(0.25, "250ms"), (1, "1s"), (90, "90s")])
def test_durations_are_prometheus_s(seconds: float, text: str) -> None:
    """Whole seconds, else milliseconds."""
    assert written(seconds) == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["auth"], "say for whom: --prometheus"),
        (["oauth", "--prometheus"], "there is no system 'oauth'; did you mean 'auth'?"),
        (["auth", "--prometheus", "--scrape", "15"], "'15' is not a duration; write 250ms, 30s"),
        (["auth", "--prometheus", "--scrape", "0s"], "an interval is more than nothing"),
    ],
)
def test_what_cannot_be_rendered_is_said(words: list[str], said: str) -> None:
    """With the mend; all of these are bad input."""
    found = CliRunner().invoke(app, ["monitors", "render", *words])

    assert isinstance(found.exception, InputError) or found.exit_code == ExitCode.BAD_INPUT
    assert said in f"{found.output} {found.exception}"


def test_a_route_tells_a_run_everything_and_keeps_nothing_from_the_team() -> None:
    """Each alert apart, what is over too, however many; the team's own receiver hears the same."""
    config = yaml.safe_load(route("auth", Intervals(group_wait=0.5), "http://me:9099/alerts", "/token"))
    to_run, team = config["route"]["routes"]
    (hook,) = config["receivers"][1]["webhook_configs"]

    assert (to_run["matchers"], to_run["group_by"], to_run["continue"]) == (
        ['system="auth"'],
        ["alertname"],
        True,
    )
    assert (to_run["group_wait"], to_run["group_interval"]) == ("500ms", "1s")
    assert team == {"receiver": "team"}
    assert (hook["url"], hook["send_resolved"], hook["max_alerts"]) == ("http://me:9099/alerts", True, 0)
    assert hook["http_config"]["authorization"] == {"credentials_file": "/token"}


def test_a_dashboard_draws_each_metric_that_a_monitor_watches_with_its_limits() -> None:
    """One panel each in its unit, the thresholds as lines, and the alerts above them; none over another."""
    made = json.loads(dashboard("auth", SYSTEM, Intervals()))
    alerts, errors, up = made["panels"]

    assert "ALERTS" in alerts["targets"][0]["expr"]
    assert errors["targets"][0]["expr"] == EXPRESSIONS["error_rate"]("4s")
    assert errors["fieldConfig"]["defaults"]["unit"] == "percentunit"
    assert [step["value"] for step in errors["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        None,
        0.05,
    ]
    assert up["targets"][0]["legendFormat"] == "database_up"
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in made["panels"]]
    assert len(set(places)) == len(places)
