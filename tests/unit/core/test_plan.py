"""The judgement of the baseline, guards, and the edges of Respond that a whole game day does not show."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday import events as e
from gameday.events import Event, Record
from gameday.guards import tripped
from gameday.model.inputs import Inputs
from gameday.plan import EndRespond, PutBack, due, judge_baseline
from gameday.situation import Situation
from tests.simulate.driver import raw

Good = Callable[[float], bool]


def situation(inputs: dict[str, Any], *events: Event) -> Situation:
    """A situation after these events at instant 0."""
    made = Situation(Inputs.of(inputs))
    for event in events:
        feed(made, event, 0.0)
    return made


def feed(made: Situation, event: Event, t: float) -> None:
    """One more record."""
    made.feed(Record(seq=len(made.history) + 1, t=t, wall="", source="", event=event))


def requests(made: Situation, start: float, end: float, good: Good = lambda _: True) -> None:
    """A hundred requests a second, each answered after 50 ms."""
    for number in range(round(start * 100), round(end * 100)):
        at = number / 100
        event = e.Requests(
            offered=[at],
            sent_id=[number],
            sent_at=[at],
            sent_name=["login"],
            ended_id=[number],
            ended_at=[at + 0.05],
            ended_problem=["" if good(at) else "503"],
        )
        feed(made, event, at)


# The baseline


def steady(baseline: str = "4s", *, until: float = 20, good: Good = lambda _: True) -> Situation:
    """All users there at 1.0, and their requests."""
    made = situation(raw(baseline=baseline))
    requests(made, 0, until, good)
    feed(made, e.LoadSteady(users=50), 1.0)
    return made


def judged_in_the_end(made: Situation, now: float) -> tuple[list[float], e.BaselineJudged]:
    """From ``now`` on, tick by tick: where the baseline began again, and its judgement."""
    begins: list[float] = []
    while not isinstance(said := judge_baseline(made, now), e.BaselineJudged):
        now = round(now + 0.1, 1)
        if said is not None:
            feed(made, said, now)
            begins.append(said.begins)
        assert now < 60
    return begins, said


@pytest.mark.parametrize(
    ("now", "due"),
    [(0.9, False), (4.9, False), (5.0, True), (9.0, True)],
    ids=["no users", "early", "due", "late"],
)
def test_the_baseline_is_judged_after_its_time_under_full_load(now: float, *, due: bool) -> None:
    """Counted from when all users were there; the rate is what was offered then."""
    judged = judge_baseline(steady(until=now), now)

    assert judged == (e.BaselineJudged(held=True, problems=[], rate=judged.rate) if due else None)
    assert not judged or judged.rate == pytest.approx(100, abs=1)


def test_the_baseline_waits_for_all_users() -> None:
    """Without full load there is no judgement before they had time to come: 20 s beyond spawning."""
    made = situation(raw())
    requests(made, 0, 30)
    feed(made, e.PhaseBegan(phase="baseline"), 3.0)
    load = made.inputs.scenario.load
    late = 3 + load.users / load.spawn_rate + 20

    assert judge_baseline(made, late) is None
    judged = judge_baseline(made, late + 0.1)
    assert isinstance(judged, e.BaselineJudged)
    assert not judged.held
    assert "the load did not become steady" in judged.problems[0]


@pytest.mark.parametrize(
    ("bad_from", "bad_to", "begins"),
    [(1.0, 1.2, 2.0), (3.0, 3.3, 4.0), (4.9, 5.0, 4.0)],
    ids=["at its start", "in it", "at its end"],
)
def test_every_two_seconds_of_the_baseline_count(bad_from: float, bad_to: float, begins: float) -> None:
    """A fifth of a second of failures anywhere in it is named with condition, value and place, and begins it again."""
    judged = judge_baseline(steady(until=5, good=lambda at: not bad_from <= at < bad_to), 5.0)

    assert isinstance(judged, e.BaselinePostponed)
    assert re.match(r"error_rate < 1%: \d+\.\d % at", judged.problems[0])
    assert judged.begins == begins


@pytest.mark.parametrize(
    ("well_from", "held"), [(2.0, True), (11.5, True), (20.9, True), (21.1, False), (60.0, False)]
)
def test_a_system_that_is_warming_up_gets_20_seconds(well_from: float, *, held: bool) -> None:
    """Steady state must hold for a whole baseline all the same: it begins where the bad seconds end."""
    begins, judged = judged_in_the_end(steady(until=60, good=lambda at: at >= well_from), 5.0)

    assert judged.held == held
    assert begins == sorted(set(begins))
    assert max(begins) <= 1 + 20
    if held:
        assert begins[-1] >= well_from - 1e-9
        assert judged.problems == []


def test_what_keeps_coming_back_is_no_warming_up() -> None:
    """Half a bad second every third second: no baseline of 4 s is ever found."""
    _, judged = judged_in_the_end(steady(until=60, good=lambda at: at % 3 > 0.5), 5.0)

    assert not judged.held


@given(
    bad=st.lists(st.tuples(st.floats(1, 30), st.floats(0.05, 3)), max_size=5),
    baseline=st.sampled_from(["0s", "2500ms", "4s", "7s"]),
)
@settings(max_examples=30, deadline=None)
def test_a_baseline_that_held_had_no_bad_second(bad: list[tuple[float, float]], baseline: str) -> None:
    """Wherever the failures are: none is within the baseline that counts, and it is as long as was asked."""

    def good(at: float) -> bool:
        return not any(begin <= at < begin + took for begin, took in bad)

    made = steady(baseline, until=60, good=good)
    begins, judged = judged_in_the_end(made, 1.0)

    begin = begins[-1] if begins else 1.0
    long = max(2.0, made.inputs.scenario.baseline)
    failed = [
        at / 100
        for at in range(6000)
        if begin + 0.01 <= at / 100 < begin + long - 0.01 and not good(at / 100)
    ]
    assert len(failed) < 4 if judged.held else judged.problems  # 1 % of two seconds


def test_what_was_before_the_baseline_does_not_count() -> None:
    """Failures while users were still coming are none of it."""
    judged = judge_baseline(steady(until=5, good=lambda at: at >= 1), 5.0)

    assert isinstance(judged, e.BaselineJudged)
    assert judged.held


@pytest.mark.parametrize("baseline", ["0s", "500ms", "2s", "2500ms"])
def test_a_short_baseline_is_judged_all_the_same(baseline: str) -> None:
    """However short it is written, two seconds of bad service before the plan are found."""
    made = steady(baseline, until=5, good=lambda at: at < 2.2)

    assert judge_baseline(made, 2.9) is None
    assert isinstance(judge_baseline(made, 5.0), e.BaselinePostponed)


def test_a_load_that_sends_nothing_is_no_baseline() -> None:
    """No data is no steady state."""
    made = situation(raw(), e.LoadSteady(users=50))

    _, judged = judged_in_the_end(made, 10)

    assert not judged.held
    assert judged.problems[0].startswith("error_rate < 1%: no data")


@pytest.mark.parametrize(("monitor", "held"), [("errors", False), ("connections", True)])
def test_an_expected_monitor_that_fires_already(monitor: str, *, held: bool) -> None:
    """It would prove nothing; one that is not expected does not matter."""
    made = steady(until=60)
    feed(made, e.AlertFired(monitor=monitor, severity="SEV2", since=4, value=1, condition="c"), 5.0)

    _, judged = judged_in_the_end(made, 6.0)

    assert judged.held == held
    assert judged.problems == ([] if held else ["monitor errors fires already"])


def test_an_expected_monitor_that_stops_firing() -> None:
    """The baseline is over once it no longer fires, not earlier."""
    made = steady(until=60)
    feed(made, e.AlertFired(monitor="errors", severity="SEV2", since=4, value=1, condition="c"), 4.0)
    early = judge_baseline(made, 5.0)
    feed(made, e.AlertEnded(monitor="errors", value=0), 6.0)

    assert isinstance(early, e.BaselinePostponed)
    _, judged = judged_in_the_end(made, 6.0)
    assert judged.held


# Due


def started(inputs: dict[str, Any], *triggers: float) -> Situation:
    """A plan that started at 0 and whose faults triggered."""
    made = situation(inputs, e.PlanStarted(at=0.0))
    for name, at in zip(inputs["scenario"]["faults"], triggers, strict=False):
        feed(made, e.FaultTriggered(fault=name, planned=at, at=at), at)
    return made


def test_nothing_is_due_before_the_trigger() -> None:
    """Before the plan started, and before the first fault came, there is nothing to do."""
    assert due(situation(raw()), "none", 100) == []
    assert due(situation(raw(), e.PlanStarted(at=0.0)), "none", 100) == []


FAULTS = {
    "short": {"experiment": "bad-release", "for": "10s"},
    "long": {"experiment": "bad-release", "at": "5s", "for": "30s"},
}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (9.9, []),
        (10.0, [PutBack("short")]),
        (34.9, [PutBack("short")]),
        (35.0, [EndRespond("time_up", "the last fault's time is up")]),
    ],
)
def test_a_fault_is_put_back_when_its_own_time_is_up(now: float, expected: list[object]) -> None:
    """The last one's time ends Respond instead; then Recover puts all of them back."""
    made = started(raw(faults=FAULTS, expect={"impact": "allowed"}), 0.0, 5.0)

    assert due(made, "none", now) == expected


def test_a_fault_is_put_back_once() -> None:
    """What is being put back is not due again."""
    made = started(raw(faults=FAULTS, expect={"impact": "allowed"}), 0.0, 5.0)
    feed(made, e.FaultReverting(fault="short", by="runner"), 10.0)

    assert due(made, "none", 10.1) == []


def test_a_fault_that_never_came_is_not_put_back() -> None:
    """Only what was triggered is."""
    made = started(raw(faults=FAULTS, expect={"impact": "allowed"}), 0.0)

    assert due(made, "none", 34.0) == [PutBack("short")]


def test_good_service_before_a_fault_that_waits_for_another_ends_nothing() -> None:
    """Its instant has passed and it is still to come, until its time is up."""
    waits = {"experiment": "bad-release", "at": "1s", "after": "first", "for": "30s"}
    first = {"experiment": "bad-release", "for": "40s"}
    made = started(raw(faults={"first": first, "waits": waits}), 0.0)
    requests(made, 0, 35, lambda at: not 1 <= at < 4)
    feed(made, e.ImpactObserved(at=1.0), 1.5)

    assert due(made, "bot", 20.0) == []
    feed(made, e.FaultTriggered(fault="waits", planned=20.0, at=20.0), 20.0)
    assert due(made, "bot", 24.9) == []
    assert [type(item) for item in due(made, "bot", 25.1)] == [EndRespond]


@pytest.mark.parametrize("responder", ["bot", "none", "people", "agent"])
def test_whom_good_service_is_enough_for(responder: str) -> None:
    """A bot's and nobody's run ends with good service; people and agents say `resolve` too."""
    made = started(raw(), 0.0)
    requests(made, 0, 15, lambda at: not 1 <= at < 4)
    feed(made, e.ImpactObserved(at=1.0), 1.5)

    now = due(made, responder, 15.0)
    feed(made, e.Resolved(by="alice"), 15.0)
    then = due(made, responder, 15.0)

    waits = responder in {"people", "agent"}
    assert [type(item) for item in now] == ([] if waits else [EndRespond])
    assert [item.reason for item in then if isinstance(item, EndRespond)] == [
        "resolved" if waits else "mitigated"
    ]


def test_good_service_must_last() -> None:
    """A moment before stable_for nothing is due."""
    made = started(raw(), 0.0)
    requests(made, 0, 15, lambda at: not 1 <= at < 4)
    feed(made, e.ImpactObserved(at=1.0), 1.5)

    assert due(made, "bot", 8.9) == []
    assert due(made, "bot", 9.1) != []


def test_a_missed_budget_ends_nothing() -> None:
    """Nobody acknowledged, nobody mended in time: the responders have the fault's whole time."""
    expect = {"acknowledge": {"within": "1s"}, "mitigate": {"within": "2s"}}
    made = started(raw(expect=expect), 0.0)
    requests(made, 0, 50, lambda at: at < 1)
    feed(made, e.ImpactObserved(at=1.0), 1.5)

    assert due(made, "bot", 49.0) == []


# Guards


def guarded(rule: str, value: Callable[[float], float], until: float) -> list[float]:
    """The instants at which a guard trips on the memory that the host can still give."""
    made, since, found = situation(raw(guards=[rule])), dict[str, float](), []
    for tick in range(round(until * 10) + 1):
        now = tick / 10
        feed(made, e.Scraped(job="host", ok=True, series={"memory_available_bytes": value(now)}), now)
        guard, since = tripped(made, since, now)
        if guard:
            found.append(now)
    return found


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("host_memory_available < 500MB", 2.0),
        ("host_memory_available < 500MB for 3s", 5.0),
        ("host_memory_available < 500MB for 20s", None),
    ],
)
def test_a_guard_trips_when_it_has_held_for_its_time(rule: str, first: float | None) -> None:
    """At once without a time; a condition that ends before begins anew."""
    low = guarded(rule, lambda at: 1e8 if 2 <= at < 12 or at >= 13 else 1e9, 20)

    assert (low[0] if low else None) == first


def test_a_guard_without_data_does_not_trip() -> None:
    """Not knowing is no reason to stop."""
    made = situation(raw(guards=["host_memory_available < 500MB", "client.error_rate > 1%"]))

    assert tripped(made, {}, 10.0) == (None, {})


def test_a_guard_asks_the_clients_where_it_says_so() -> None:
    """`client.` reads the requests, and so does a rate that only clients know; else the export counts."""
    bad: Good = lambda _: False  # noqa: E731 - a name for what it means
    for rule, trips in [
        ("client.error_rate > 50%", True),
        ("error_rate > 50%", False),
        ("achieved_rate < 200", True),
    ]:
        made = situation(raw(guards=[rule]))
        requests(made, 0, 5, bad)
        guard, _ = tripped(made, {}, 5.0)
        assert (guard is not None) == trips
