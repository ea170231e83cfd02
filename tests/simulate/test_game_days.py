"""Whole game days, told as the list of what happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulate.driver import GameDay, World, raw

WELL_DONE: list[dict[str, Any]] = [
    {"when": "alert", "do": "ack", "after": "1s"},
    {"do": "declare", "with": {"severity": "SEV1", "affects": "auth"}},
    {"do": "lever", "after": "2s", "with": {"name": "rollback", "service": "auth"}},
    {"when": "error_rate < 1% for 2s", "within": "30s", "do": "verify"},
]
RESTORED = "restored {'auth': {'replicas': 2, 'setting.pool_max': 20, 'version': 'v1.2.3'}}"


def test_an_incident_that_is_seen_and_mended() -> None:
    """Alert, acknowledgement, lever, verification, good service that lasts: in that order, and all is put back."""
    day = GameDay(raw(acts=WELL_DONE), responder="bot").play()

    assert day.words() == [
        "baseline held",
        "triggered release",
        "pending errors",
        "impact",
        "fired errors",
        "alice acknowledged",
        "alice declared SEV1",
        "pulled rollback",
        "ended errors",
        "alice verified",
        "mitigated",
        RESTORED,
    ]
    assert day.when("triggered") == pytest.approx(day.when("baseline") + 0.5)
    assert day.when("fired") - day.when("pending") == pytest.approx(2.0)
    assert day.when("alice acknowledged") - day.when("fired") == pytest.approx(1.0, abs=0.11)
    assert day.when("mitigated") == pytest.approx(day.when("pulled") + 1 + 5, abs=0.3)


def test_users_who_hang_are_seen_too() -> None:
    """Requests that never end are impact once they are overdue, dated when they were sent."""
    day = GameDay(raw(), World(problem=None)).play()

    impact = next(event.at for _, event in _impacts(day))
    assert impact == pytest.approx(day.when("triggered") + 1, abs=0.11)
    assert day.when("impact") == pytest.approx(impact + 2.2, abs=0.3)


def test_nobody_answers() -> None:
    """Without a responder the last fault's time ends Respond, and the runner puts back."""
    day = GameDay(raw(faults={"release": {"experiment": "bad-release", "for": "20s"}})).play()

    assert day.words() == [
        "baseline held", "triggered release", "pending errors", "impact", "fired errors", "time_up", RESTORED,
    ]  # fmt: skip
    assert day.when("time_up") - day.when("triggered") == pytest.approx(20, abs=0.11)


def test_a_lever_that_buys_seconds() -> None:
    """Good service that breaks again before stable_for is not the end; the one that lasts is."""
    acts = [
        {"when": "alert", "do": "lever", "with": {"name": "restart", "service": "auth"}},
        {"when": "alert_ended", "do": "wait"},
        {"when": "alert", "do": "lever", "with": {"name": "rollback", "service": "auth"}},
    ]
    world = World(mends={"restart": 0.5, "rollback": 0.5}, relapses={"restart": 4.0})

    day = GameDay(raw(acts=acts), world, responder="bot").play()

    pulls = [word for word in day.words() if word.startswith(("pulled", "mitigated"))]
    assert pulls == ["pulled restart", "pulled rollback", "mitigated"]
    assert day.words().count("fired errors") == 2


def test_a_fault_that_nobody_feels() -> None:
    """Expected impact that does not come ends the run after its time, the load's time-out and a moment."""
    day = GameDay(raw(), World(hurts_after=None)).play()

    assert day.words() == ["baseline held", "triggered release", "no_impact", RESTORED]
    assert day.when("no_impact") - day.when("triggered") == pytest.approx(10 + 2 + 0.5, abs=0.11)


def test_impact_that_comes_too_late_is_none() -> None:
    """Impact after its `within` does not count, though it is seen before the waiting is over."""
    day = GameDay(raw(), World(hurts_after=10.6)).play()

    assert "impact" not in day.words()
    assert day.words()[-2] == "no_impact"


def test_a_guard_ends_it() -> None:
    """A guard that has held for its time ends Respond at once, and everything is put back."""
    day = GameDay(raw(guards=["client.error_rate > 50% for 2s"])).play()

    assert day.words()[-2:] == ["guard client.error_rate > 50% for 2s", RESTORED]
    assert "impact" in day.words()
    assert day.when("guard") - day.when("triggered") == pytest.approx(1 + 1 + 2, abs=0.3)


def test_a_baseline_that_does_not_hold() -> None:
    """Where service stays bad before anything was broken, nothing is injected, and the reason says what was seen."""
    world = World(broken_from=0.0)

    day = GameDay(raw(), world).play()

    assert (
        "baseline begins again: error_rate < 1%: 100.0 % at 0.0 s; monitor errors fires already"
        in day.words()
    )
    assert day.words()[-1].startswith("baseline did not hold: error_rate < 1%: 100.0 % at")
    assert "monitor errors fires already" in day.words()[-1]
    assert not any(word.startswith("triggered") for word in day.words())


def test_people_say_that_it_is_over() -> None:
    """With people good service alone does not end Respond; their `resolve` does, once service has lasted."""
    acts = [*WELL_DONE, {"do": "wait", "after": "10s"}, {"do": "resolve"}]

    day = GameDay(raw(acts=acts), responder="people").play()

    assert day.words()[-3:] == ["alice resolved", "resolved", RESTORED]
    assert day.when("resolved") - day.when("alice verified") == pytest.approx(10, abs=0.5)


def test_people_who_resolve_too_early_wait_for_service() -> None:
    """`resolve` before service is good ends nothing until it has been good for stable_for."""
    acts = [{"when": "alert", "do": "resolve"}, *WELL_DONE[2:3]]

    day = GameDay(raw(acts=acts), responder="people").play()

    assert day.when("resolved") == pytest.approx(day.when("pulled") + 1 + 5, abs=0.3)


def test_a_monitor_without_data() -> None:
    """When the export stops, the monitor is said to be blind ten seconds after its last data, not silent."""
    day = GameDay(
        raw(faults={"release": {"experiment": "bad-release", "for": "30s"}}), World(exports=False)
    ).play()

    assert "blind errors" in day.words()
    assert not any(word.startswith("fired") for word in day.words())
    assert day.when("blind") == pytest.approx(10.1)


def test_a_monitor_that_looks_and_does_not_notice() -> None:
    """When the counter stands still the monitor has data and stays silent: never blind."""
    day = GameDay(
        raw(faults={"release": {"experiment": "bad-release", "for": "30s"}}), World(frozen=True)
    ).play()

    assert not any(word.startswith(("fired", "blind")) for word in day.words())


def test_a_platform_that_heals_itself() -> None:
    """Where the platform is to heal, Respond ends when replicas are ready and service has been steady long enough."""
    expect = {"impact": "allowed", "recover": {"by": "platform", "within": "20s"}}

    day = GameDay(raw(expect=expect), World(heals_after=6.0)).play()

    assert day.words()[-2] == "platform_healed"
    assert day.when("platform_healed") - day.when("triggered") == pytest.approx(6 + 5, abs=0.3)


def test_healing_has_to_last_before_a_game_day_ends_on_it() -> None:
    """Where nobody felt anything, what counts is since when the replicas are ready again, not since the trigger."""
    expect = {"impact": "allowed", "recover": {"by": "platform", "within": "20s"}}

    day = GameDay(raw(expect=expect), World(hurts_after=None, missing=4.0)).play()

    assert "impact" not in day.words()
    assert day.words()[-2] == "platform_healed"
    assert day.when("platform_healed") - day.when("triggered") == pytest.approx(4 + 5, abs=0.6)


def test_a_platform_that_does_not_heal() -> None:
    """Missed by half, the platform's budget ends Respond."""
    expect = {"impact": "allowed", "recover": {"by": "platform", "within": "20s"}}

    day = GameDay(raw(expect=expect)).play()

    assert day.words()[-2] == "time_up"
    assert day.when("time_up") - day.when("triggered") == pytest.approx(20 * 1.5 + 5, abs=0.11)


def test_no_impact_expected_runs_its_time() -> None:
    """`impact: none` is watched for the fault's whole time, felt or not."""
    faults = {"release": {"experiment": "bad-release", "for": "15s"}}

    quiet = GameDay(raw(expect={"impact": "none"}, faults=faults), World(hurts_after=None)).play()
    loud = GameDay(raw(expect={"impact": "none"}, faults=faults), World(heals_after=3.0)).play()

    assert quiet.words() == ["baseline held", "triggered release", "time_up", RESTORED]
    assert "impact" in loud.words()
    assert loud.when("time_up") == quiet.when("time_up")


def test_allowed_impact_ends_when_it_was_mended() -> None:
    """`impact: allowed` that is felt by any steady state ends as soon as good service has lasted."""
    steady = {"steady_state": ["latency_p95 < 500ms", "error_rate < 1%"]}

    day = GameDay(raw(expect={"impact": "allowed"}, **steady), World(heals_after=4.0)).play()

    assert day.words()[-2] == "mitigated"


def test_faults_one_after_another() -> None:
    """A fault whose own time ends before the last one's is put back then; the later one is waited for."""
    faults = {
        "first": {"experiment": "bad-release", "for": "8s"},
        "second": {"experiment": "bad-release", "at": "25s", "for": "20s"},
    }

    day = GameDay(raw(faults=faults, acts=[]), responder="bot").play()

    assert [word for word in day.words() if word.startswith(("trig", "put", "time", "mit"))] == [
        "triggered first",
        "put back first",
        "triggered second",
        "time_up",
    ]
    assert day.when("put back") - day.when("triggered first") == pytest.approx(8, abs=0.11)
    assert day.when("time_up") - day.when("triggered first") == pytest.approx(45, abs=0.11)


def test_a_playbook_gives_up_waiting() -> None:
    """A wait that outlives its `within` ends the playbook, with the reason; nothing after it is done."""
    acts = [{"when": "error_rate > 99% for 20s", "within": "5s", "do": "ack"}, WELL_DONE[2]]

    day = GameDay(raw(acts=acts, faults={"release": {"experiment": "bad-release", "for": "20s"}})).play()

    assert "gave up: waited 5 s for error_rate > 99% for 20s before 'ack'" in day.words()
    assert not any(word.startswith("pulled") for word in day.words())


def _impacts(day: GameDay) -> Any:
    from gameday.events import ImpactObserved

    return day.situation.history.of(ImpactObserved)
