"""A profile merged over its scenario."""

from __future__ import annotations

import pytest

from gameday.model.located import Document, parse
from gameday.model.profiles import merge
from gameday.model.reading import build
from gameday.model.scenario import Scenario

SCENARIO = """\
title: T
system: auth
load: {locustfile: load/l.py, users: 6}
baseline: 10s
steady_state: [error_rate < 1%, latency_p95 < 1s]
faults: {one: {experiment: x, for: 4m}}
expect: {impact: {when: error_rate > 1%, within: 5s}, stable_for: 30s}
profiles:
  slow:
    baseline: 2m
    steady_state: [error_rate < 2%]
    faults: {one: {for: 60m}}
    expect: {impact: none}
  wrong:
    baseline: 2
    faults: {two: {experiment: y}}
    expect: {stabel_for: 1s}
  list: [a]
  nested: {profiles: {}}
"""


def document() -> Document:
    """The scenario above."""
    found, problems = parse(SCENARIO, "f")
    assert problems == []
    assert found is not None
    return found


def test_keys_override_keys_and_lists_are_replaced() -> None:
    """Whatever the profile does not name stays as it is."""
    merged, problems = merge(document(), "slow")
    assert merged is not None
    scenario = build(merged, Scenario).model
    assert scenario is not None

    assert problems == []
    assert scenario.baseline == 120
    assert [condition.text for condition in scenario.steady_state] == ["error_rate < 2%"]
    assert scenario.faults["one"].experiment == "x"
    assert scenario.faults["one"].for_ == 3600
    assert scenario.expect.impact == "none"
    assert scenario.expect.stable_for == 30
    assert "profiles" not in merged.data


def test_the_scenario_itself_stays_as_it_is() -> None:
    """Merging one profile does not touch the data that the next one is merged over."""
    found = document()
    before = repr(found.data)
    merge(found, "slow")

    assert repr(found.data) == before


def test_problems_point_at_the_lines_of_the_profile() -> None:
    """Where a value came from there; a key that nobody wrote is missing where its keys were begun."""
    merged, _ = merge(document(), "wrong")
    assert merged is not None

    assert [str(problem) for problem in build(merged, Scenario).problems] == [
        "f:15:15: 2: a duration needs a unit, for example 2s or 2ms",
        "f:16:14: missing key 'for'",
        "f:17:14: unknown key 'stabel_for'; did you mean 'stable_for'?",
    ]


@pytest.mark.parametrize(
    ("profile", "problem"),
    [
        ("slwo", "f:8:1: no profile 'slwo'; did you mean 'slow'?"),
        ("fast", "f:8:1: no profile 'fast'; there are slow, wrong, list, nested"),
        ("list", "f:18:9: a profile is keys and values that override the scenario's"),
        ("nested", "f:19:12: a profile has no profiles of its own"),
    ],
)
def test_a_profile_that_is_none_is_said(profile: str, problem: str) -> None:
    """With those that there are."""
    merged, problems = merge(document(), profile)

    assert merged is None
    assert [str(one) for one in problems] == [problem]
