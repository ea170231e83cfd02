"""What somebody did with kubectl, in the words of the levers."""

from __future__ import annotations

import dataclasses

from gameday.stacks.kubernetes.by_hand import by_hand
from gameday.stacks.platform.catalog import Spec
from gameday.stacks.platform.rollout import at_release, with_settings

BASE = Spec.initial("v1.2.3", 2)


def test_a_release_that_was_out_before_is_a_roll_back() -> None:
    """To it, by name, with the state to return to; any other release is a deploy."""
    bad = at_release(BASE, "v1.3.0")

    [back] = by_hand(bad, BASE, ["v1.2.3"], restarted=False)
    assert (back.lever, back.arguments) == ("rollback", {"service": "auth", "to": "v1.2.3"})
    assert back.did == "auth v1.3.0 -> v1.2.3, 2 replicas"
    assert back.before == {"version": "v1.3.0"}
    [out] = by_hand(BASE, bad, [], restarted=False)
    assert out.lever == "deploy"


def test_settings_and_replicas_are_told_one_by_one() -> None:
    """Each with its old value as what to return to."""
    now = dataclasses.replace(with_settings(BASE, {"pool_max": 50}), replicas=3)

    config, scale = by_hand(BASE, now, [], restarted=False)
    assert (config.lever, config.arguments) == ("set-config", {"service": "auth", "pool_max": "50"})
    assert config.before == {"setting.pool_max": 10}
    assert (scale.lever, scale.arguments["replicas"], scale.before) == ("scale", "3", {"replicas": 2})


def test_a_restart_is_one_only_where_nothing_else_changed() -> None:
    """`kubectl rollout restart`, which has no state to return to; and no act at all where nothing happened."""
    [restart] = by_hand(BASE, BASE, [], restarted=True)
    assert (restart.lever, restart.before) == ("restart", {})
    assert by_hand(BASE, BASE, [], restarted=False) == []
    scaled = dataclasses.replace(BASE, replicas=3)
    assert [act.lever for act in by_hand(BASE, scaled, [], restarted=True)] == ["scale"]
