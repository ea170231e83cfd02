"""What people are told about each kind of file."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from gameday.model.experiment import Experiment, Parameter
from gameday.model.playbook import Playbook
from gameday.model.reading import read
from gameday.model.rubric import Rubric
from gameday.model.scenario import Scenario
from gameday.model.system import System

SCENARIO = """\
title: T
system: auth
load: {locustfile: load/l.py, users: 6}
steady_state: [error_rate < 1%]
faults:
  one: {experiment: x, for: 4m}
expect:
  impact: none
"""


def said(text: str, model: type[BaseModel]) -> list[str]:
    """The problems of a text, as lines."""
    return [str(problem) for problem in read(text, "f", model).problems]


def replaced(line: int, by: str) -> str:
    """The scenario with one line replaced."""
    lines = SCENARIO.splitlines()
    lines[line - 1] = by
    return "\n".join(lines) + "\n"


def test_the_scenario_of_these_tests_is_right() -> None:
    """Or the table below would prove nothing."""
    assert said(SCENARIO, Scenario) == []


@pytest.mark.parametrize(
    ("line", "text", "problem"),
    [
        (1, "titel: T", "f:1:1: unknown key 'titel'; did you mean 'title'?"),
        (1, "title: 7", "f:1:8: 7 is not text; put it in quotes"),
        (1, "title:", "f:1:1: nothing stands here; text is needed"),
        (1, "title: ''", "f:1:8: this must not be empty"),
        (1, "title: [a]", "f:1:8: text is needed here, not a list"),
        (1, f"title: {'x' * 201}", "f:1:8: this is longer than 200 characters"),
        (2, "system: /etc/x", "f:2:9: '/etc/x' is neither a name nor a path relative to this file"),
        (2, "# no system", "f:1:1: missing key 'system'"),
        (3, "load: {locustfile: l.py, users: '6'}", "f:3:33: '6' is text; remove the quotes"),
        (3, "load: {locustfile: l.py, users: 6.5}", "f:3:33: a whole number is needed here, not 6.5"),
        (3, "load: {locustfile: l.py, users: true}", "f:3:33: a whole number is needed here, not true"),
        (3, "load: {locustfile: l.py, users: 0}", "f:3:33: 0 is out of range; it must be at least 1"),
        (3, "load: {locustfile: l.py}", "f:3:1: missing key 'users'"),
        (
            3,
            "load: {locustfile: l.py, users: 6, timeout: 2}",
            "f:3:45: 2: a duration needs a unit, for example 2s or 2ms",
        ),
        (
            3,
            "load: {locustfile: l.py, users: 6, period: 0s}",
            "f:3:44: '0s' is no time at all; write more than 0s",
        ),
        (
            3,
            "load: {locustfile: l.py, users: 6, color: red}",
            "f:3:36: unknown key 'color'; the keys here are locustfile, users, spawn_rate, timeout, period, workers",
        ),
        (
            4,
            "steady_state: [latency_p95 < 200]",
            "f:4:16: 'latency_p95 < 200': a duration needs a unit, for example 200ms",
        ),
        (
            4,
            "steady_state: [error_rate < 5]",
            "f:4:16: 'error_rate < 5': '5' is not a percentage; write it with its sign, for example 5%",
        ),
        (
            4,
            "steady_state: [eror_rate < 5%]",
            "f:4:16: 'eror_rate < 5%': unknown metric 'eror_rate'; did you mean 'error_rate'?",
        ),
        (
            4,
            "steady_state: [cpu_usage < 5%]",
            "f:4:16: 'cpu_usage < 5%': 'cpu_usage' is not seen from the client side, which counts here",
        ),
        (4, "steady_state: []", "f:4:15: nothing stands here; at least one is needed"),
        (4, "steady_state: error_rate < 1%", "f:4:15: a list is needed here, not 'error_rate < 1%'"),
        (
            4,
            "steady_state: [{metric: error_rate}]",
            "f:4:16: keys and values is not a condition; write for example error_rate > 5%",
        ),
        (
            6,
            "  One: {experiment: x, for: 4m}",
            "f:6:3: 'One' is not a name; use lower-case letters, digits and - . _ /",
        ),
        (6, "  one: {experimant: x, for: 4m}", "f:6:9: unknown key 'experimant'; did you mean 'experiment'?"),
        (6, "  one: {experiment: x, for_: 4m}", "f:6:24: unknown key 'for_'; did you mean 'for'?"),
        (
            6,
            "  one: {experiment: x, for: 8d}",
            "f:6:29: '8d' is not a duration; write 250ms, 30s, 5m or 1h30m",
        ),
        (6, "  one: {experiment: x, for: 200h}", "f:6:29: '200h' is longer than a week"),
        (8, "  impact: non", "f:8:11: 'non' is not known here; write none or allowed"),
        (8, "  impact: {when: error_rate > 5%}", "f:8:3: missing key 'within'"),
        (8, "  impact: [a]", "f:8:11: keys and values are needed here, not a list"),
        (
            8,
            "  impact: none\n  mitigate: {levers: [rolback]}",
            "f:9:23: unknown lever 'rolback'; did you mean 'rollback'?",
        ),
        (
            8,
            "  impact: none\ntruth: {severity: SEV0, component: a, mechanism: latency}",
            "f:9:19: 'SEV0' is not known here; write SEV1, SEV2, SEV3 or SEV4",
        ),
        (
            8,
            "  impact: none\ntruth: {severity: SEV1, component: a, mechanism: slowness}",
            "f:9:50: unknown mechanism 'slowness'; `gameday list mechanisms` shows them",
        ),
    ],
)
def test_a_scenario(line: int, text: str, problem: str) -> None:
    """One mistake is one sentence at its place, with the mend; unions and aliases do not show."""
    assert said(replaced(line, text), Scenario) == [problem]


def test_a_scenario_without_expectations_is_refused() -> None:
    """It would grade nothing."""
    assert said(SCENARIO.partition("expect:")[0], Scenario) == ["f:1:1: missing key 'expect'"]


def test_all_problems_come_together() -> None:
    """Of YAML, of keys and of values, in the order of the file."""
    text = SCENARIO.replace("title: T", "titel: T\ntags: .nan").replace("for: 4m", "for: 4, for: 5m")

    assert said(text, Scenario) == [
        "f:1:1: unknown key 'titel'; did you mean 'title'?",
        "f:2:1: nothing stands here; a list is needed",
        "f:2:7: '.nan' is not a number one can compare with; write a finite one",
        "f:7:29: 4: a duration needs a unit, for example 4s or 4ms",
        "f:7:32: duplicate key 'for'; it stands in line 7 already",
    ]


@pytest.mark.parametrize("text", ["- a", "word", "7"])
def test_what_is_no_mapping_says_what_is_needed(text: str) -> None:
    """A file that is something else altogether."""
    (problem,) = said(text, System)

    assert problem.endswith("is not a system; write keys and values: title, services")


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        ("{do: pray}", "f:3:10: 'pray' is not known here; write ack, declare, assign,"),
        ("{do: ack, when: alrt}", "f:3:21: unknown milestone 'alrt'; did you mean 'alert'?"),
        (
            "{do: ack, when: client.error_rate < 1%}",
            "f:3:21: 'client.error_rate < 1%': here only the exported",
        ),
        ("{do: ack, with: alice}", "f:3:21: 'alice' stands here; 'ack' takes nothing"),
        ("{do: look}", "f:3:5: missing key 'topic'"),
        ("{do: look, with: deploy}", "f:3:22: unknown topic 'deploy'; did you mean 'deploys'?"),
        ("{do: look, with: {topic: log, level: ERROR}}", "f:3:30: unknown topic 'log'; did you mean 'logs'?"),
        ("{do: look, with: {topic: logs, level: [a]}}", "f:3:43: text is needed here, not a list"),
        ("{do: lever, with: {service: auth}}", "f:3:17: missing key 'name'"),
        ("{do: lever, with: {name: rolback}}", "f:3:30: unknown lever 'rolback'; did you mean 'rollback'?"),
        ("{do: declare, with: {severity: SEV7}}", "f:3:36: 'SEV7' is not known here; write SEV1, SEV2,"),
        ("{do: declare, with: auth}", "f:3:25: 'auth' stands here; 'declare' takes severity, affects, note"),
        ("{do: assign, with: {role: ic, to: bob}}", "f:3:31: unknown role 'ic'; write incident-commander,"),
        (
            "{do: update, with: {status: fine, text: x}}",
            "f:3:33: 'fine' is not known here; write investigating,",
        ),
        ("{do: update, with: {status: resolved, text: x, next: 5}}", "f:3:58: 5: a duration needs a unit"),
        (
            "{do: hypothesis, with: {component: auth, mechanism: latency, becaus: x}}",
            "f:3:66: unknown key 'becaus'; did you mean 'because'?",
        ),
        (
            "{do: step, with: {step: a, skiped: true}}",
            "f:3:32: unknown key 'skiped'; did you mean 'skipped'?",
        ),
        ("{do: step, with: {step: a, skipped: true}}", "f:3:22: a skipped step says why: because"),
        ("{do: note, with: 7}", "f:3:22: 7 stands here; keys and values or a word is needed"),
    ],
)
def test_an_act_of_a_playbook(act: str, problem: str) -> None:
    """Each deed has its own shape, and what does not fit is shown where it was written."""
    (found,) = said(f"as: alice\nacts:\n  - {act}\n", Playbook)

    assert found.startswith(problem)


def test_what_an_act_says_is_kept_as_written() -> None:
    """And can be had in the shape of its deed."""
    text = (
        "as: a\nacts: [{do: lever, with: {name: scale, service: auth, replicas: 3}}, {do: look, with: logs}]"
    )
    playbook = read(text, "f", Playbook).model
    assert playbook is not None
    scale, look = playbook.acts

    assert scale.with_ == {"name": "scale", "service": "auth", "replicas": 3}
    assert scale.details.arguments == {"service": "auth", "replicas": "3"}  # type: ignore[attr-defined]
    assert look.with_ == "logs"
    assert look.details.topic == "logs"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: T\nservices: {}", "f:2:11: nothing stands here; at least one is needed"),
        (
            "title: T\nservices: {a: }\n",
            "f:2:12: nothing stands here; keys and values are needed",
        ),
        (
            "title: T\nservices: {a: {}}\nmonitors: {m: {when: offered_rate > 5, severity: SEV1}}",
            (
                "f:3:22: 'offered_rate > 5': 'offered_rate' is not seen from the exported side, "
                "which counts here"
            ),
        ),
        (
            "title: T\nservices: {a: {}}\nslo: {availability: 99.9}",
            "f:3:21: 99.9 is not a percentage; write it with its sign, for example 5%",
        ),
        (
            "title: T\nservices: {a: {}}\nbusiness: {revenue_per_minute: a lot}",
            "f:3:32: 'a lot' is not an amount; write the number and the currency, for example 135 USD",
        ),
    ],
)
def test_a_system(text: str, problem: str) -> None:
    """What everybody on call knows must be readable too."""
    assert said(text, System) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("budgets: {SEV5: {}}", "f:1:11: 'SEV5' is not known here; write SEV1, SEV2, SEV3 or SEV4"),
        (
            "runbook: {coverage: 80%}",
            "f:1:21: '80%' is not a bound; write it with its sign, for example '>= 80%'",
        ),
        ("gates: [impct]", "f:1:9: 'impct' is not known here; did you mean 'impact'?"),
        ("runbook: {weight: -1}", "f:1:19: -1 is out of range; it must be at least 0"),
    ],
)
def test_a_rubric(text: str, problem: str) -> None:
    """Weights, budgets and gates."""
    assert said(text, Rubric) == [problem]


EXPERIMENT = """\
title: T
description: D
version: 1
configuration: {service: auth, speed: 3}
extensions:
  - name: gameday
    parameters:
      parameters: {service: {default: auth}, speed: {default: 3, type: integer}}
      touches: ["${service}"]
      proves: in_place
method:
  - {type: action, name: do, provider: {type: python, module: m, func: f, arguments: {a: "${speed}"}}}
  - {type: probe, name: in_place, provider: {type: http, url: "http://x"}}
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title: T\n", "", "f:1:1: missing key 'title'"),
        (
            "proves: in_place",
            "proves: in_plac",
            "f:10:15: no probe of method is named 'in_plac'; did you mean 'in_place'?",
        ),
        ("proves: in_place", "", "f:7:5: name the probe that proves it"),
        ("touches:", "touchs:", "f:9:7: unknown key 'touchs'; did you mean 'touches'?"),
        ('["${service}"]', '["${servce}"]', "f:9:17: unknown parameter 'servce'; did you mean 'service'?"),
        (
            "speed: 3}",
            "speed: 4}",
            "f:8:53: the default in configuration differs: 'speed' is 4 there and 3 here",
        ),
        ('"${speed}"', '"${spede}"', "f:12:90: '${spede}' is not in configuration; did you mean 'speed'?"),
        ("default: 3,", "default: x,", "f:8:63: 'x' is not an integer"),
        ("type: probe", "type: prob", "f:13:12: 'prob' is not known here; write action or probe"),
        (', url: "http://x"', "", "f:13:45: a http provider needs url"),
        ("version: 1\n", "verson: 1\n", "f:3:1: unknown key 'verson'; did you mean 'version'?"),
        ("method:\n", "rollback: []\nmethod:\n", "f:11:1: unknown key 'rollback'; did you mean 'rollbacks'?"),
        ("arguments: {a", "argument: {a", "f:12:75: unknown key 'argument'; did you mean 'arguments'?"),
        (
            "{type: probe,",
            "{type: probe, pause: {}, ",
            "f:13:19: unknown key 'pause'; did you mean 'pauses'?",
        ),
    ],
)
def test_an_experiment_of_ours(old: str, new: str, problem: str) -> None:
    """What gameday needs to know must fit what Chaos Toolkit will do."""
    assert said(EXPERIMENT, Experiment) == []
    assert said(EXPERIMENT.replace(old, new), Experiment) == [problem]


@pytest.mark.parametrize(
    ("parameter", "given", "problem"),
    [
        ({"type": "amount"}, 2, ""),
        ({"type": "amount"}, "50%", ""),
        ({"type": "amount"}, "all", ""),
        ({"type": "amount"}, "0%", "'0%' is not how many; write 2, 50% or all"),
        ({"type": "amount"}, "most", "'most' is not how many; write 2, 50% or all"),
        ({"among": ["random", "oldest"]}, "oldest", ""),
        (
            {"among": ["random", "oldest"]},
            "eldest",
            "'eldest' is not one of random, oldest; did you mean 'oldest'?",
        ),
    ],
)
def test_what_a_parameter_takes(parameter: dict[str, Any], given: object, problem: str) -> None:
    """Some of several, and one of a few words: said where the scenario says it, before anything runs."""
    assert Parameter.model_validate(parameter).problem(given) == problem


def test_somebody_else_s_experiment_is_welcome() -> None:
    """No block of ours, keys and extensions that we do not know, references to other activities."""
    text = """\
version: 1.0.0
title: T
description: D
extensions: [{name: theirs, anything: [1]}]
steady-state-hypothesis: {title: H, probes: []}
method: [{ref: x}, {type: action, name: a, provider: {type: process, path: ls}, pauses: {after: 1}}]
"""
    reading = read(text, "f", Experiment)

    assert reading.problems == []
    assert reading.model is not None
    assert reading.model.ours is None


def test_arguments_fill_in_what_an_experiment_touches() -> None:
    """The allow-list is compared with the component that is really meant."""
    model = read(EXPERIMENT, "f", Experiment).model
    assert model is not None
    assert model.ours is not None

    assert model.ours.touched({}) == ["auth"]
    assert model.ours.touched({"service": "shop"}) == ["shop"]
    assert model.ours.values({"service": "shop"}) == {"service": "shop", "speed": 3}
