"""What goes back to which state, in which order; and which facts a runbook may count on."""

from __future__ import annotations

from typing import Any

import pytest

from gameday import events as e
from gameday.events import Event, Record
from gameday.exported import Exported
from gameday.facts import facts
from gameday.history import History
from gameday.recovery import Restoration, differences, in_words, oldest, restorations, taken_before
from tests.simulate.driver import raw


def log(*events: Event) -> History:
    """These events, a second apart."""
    return History(
        Record(seq=n, t=float(n), wall="", source="", event=each) for n, each in enumerate(events, 1)
    )


def recipe(owner: str, component: str, **aspects: Any) -> e.RecipeWritten:
    """A recipe of one component."""
    return e.RecipeWritten(owner=owner, things={component: aspects})


def test_the_teams_rollback_never_brings_the_bad_release_back() -> None:
    """The lever's recipe says v1.3.0; the fault's older one says v1.2.3, and that is where it goes."""
    history = log(
        recipe("fault:release", "auth", version="v1.2.3"), recipe("lever:1", "auth", version="v1.3.0")
    )

    assert restorations(history) == [Restoration("fault:release", {"auth": {"version": "v1.2.3"}})]


def test_faults_first_then_levers_each_newest_first() -> None:
    """A thing belongs to the newest fault that touched it, and only what no fault touched to a lever."""
    history = log(
        recipe("fault:a", "auth", version="v1"),
        recipe("lever:1", "auth", replicas=2),
        recipe("fault:b", "database", toxics={}),
        recipe("lever:2", "auth", replicas=3, version="v2"),
    )

    assert restorations(history) == [
        Restoration("fault:b", {"database": {"toxics": {}}}),
        Restoration("fault:a", {"auth": {"version": "v1"}}),
        Restoration("lever:2", {"auth": {"replicas": 2}}),
    ]


def test_a_fault_put_back_early_leaves_the_responders_things() -> None:
    """While others go on, what somebody has pulled a lever on since stays as the team made it."""
    history = log(
        recipe("lever:1", "auth", pool=20),
        recipe("fault:a", "auth", version="v1", replicas=2, pool=30),
        recipe("lever:2", "auth", replicas=2),
    )

    assert oldest(history, only="fault:a") == {"auth": {"version": "v1", "pool": 20}}
    assert oldest(history) == {"auth": {"version": "v1", "replicas": 2, "pool": 20}}


def test_rollbacks_without_things_are_played_until_they_succeeded() -> None:
    """A third party's fault says nothing of what it touches; its rollbacks are due once, and again if they failed."""
    written = e.RecipeWritten(owner="fault:theirs", things={})

    assert restorations(log(written)) == [Restoration("fault:theirs", {})]
    assert restorations(log(written, e.FaultReverted(fault="theirs", ok=False))) == [
        Restoration("fault:theirs", {})
    ]
    assert restorations(log(written, e.FaultReverted(fault="theirs", ok=True))) == []


def test_nothing_touched_nothing_to_do() -> None:
    """A run that got nowhere has nothing to put back and no inventory."""
    assert restorations(log()) == []
    assert taken_before(log()) is None


def test_the_inventory_before_is_the_one() -> None:
    """Those taken in and after the incident are no measure of what to return to."""
    taken = [
        e.InventoryTaken(when=when, things={"auth": {"v": when}}) for when in ("before", "incident", "after")
    ]

    assert taken_before(log(*taken)) == {"auth": {"v": "before"}}


def test_what_is_left_is_said_in_words() -> None:
    """A thing that changed, one that is gone, and one that is new: the new one was nobody's before."""
    before: dict[str, dict[str, Any]] = {
        "auth": {"version": "v1", "flag": False},
        "database": {"primary": "running"},
    }
    after: dict[str, dict[str, Any]] = {"auth": {"version": "v2", "flag": False, "extra": 1}}

    wanted = differences(before, after)

    assert wanted == {"auth": {"version": "v1"}, "database": {"primary": "running"}}
    assert in_words(wanted, after) == ["auth version is v2, was v1", "database primary is gone, was running"]


BEFORE: dict[str, dict[str, Any]] = {
    "auth": {"version": "v1", "replicas": 2, "flag.x": False, "setting.pool": 20},
    "identity-provider": {"proxy.toxics": {}},
    "database": {"server": "running", "proxy.toxics": {}, "sessions": 3},
}


def incident(**auth: Any) -> e.InventoryTaken:
    """The inventory as it was found in the incident."""
    return e.InventoryTaken(when="incident", things={**BEFORE, "auth": {**BEFORE["auth"], **auth}})


def true_facts(*events: Event) -> set[str]:
    """The facts that are true at some instant."""
    given = raw()
    given["system"]["services"]["database"] = {"kind": "postgresql"}
    started = e.RunStarted(
        run="r", versions={}, host={}, seed=1, stack="s", responder="none", inputs=given, digests={}
    )
    before = e.InventoryTaken(when="before", things=BEFORE)
    triggered = e.FaultTriggered(fault="release", planned=3, at=3)
    history = log(started, before, triggered, *events)
    return {name for name, spans in facts(history, Exported()).items() if spans}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, set()),
        ({"version": "v2"}, {"recent_deploy"}),
        ({"version": "v2", "flag.x": True}, {"recent_deploy"}),
        ({"setting.pool": 2}, {"recent_config_change"}),
        ({"replicas": 1}, {"recent_config_change"}),
    ],
)
def test_facts_are_what_the_faults_changed(changes: dict[str, Any], found: set[str]) -> None:
    """A new release, a changed setting: told from the inventory as the faults left it."""
    assert true_facts(incident(**changes)) == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"server": "frozen"}, {"database_failing"}),
        ({"proxy.toxics": {"late": {}}}, {"database_failing"}),
        ({"sessions": 100}, set()),
    ],
)
def test_a_database_fails_with_its_server_or_the_way_to_it(changes: dict[str, Any], found: set[str]) -> None:
    """Not by what else changed at it: that it has few connections left is a fact of its own."""
    broken = {**BEFORE, "database": {**BEFORE["database"], **changes}}

    assert true_facts(e.InventoryTaken(when="incident", things=broken)) == found


def test_no_lever_makes_a_fact_true() -> None:
    """What responders had changed when a later fault's inventory was taken is not the incident's doing."""
    theirs = recipe("lever:1", "auth", **{"setting.pool": 20})

    assert true_facts(theirs, incident(**{"setting.pool": 50})) == set()
    assert true_facts(theirs, incident(**{"setting.pool": 50, "version": "v2"})) == {"recent_deploy"}
    assert true_facts(incident(**{"setting.pool": 50}), theirs) == {"recent_config_change"}
