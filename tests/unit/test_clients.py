"""What the clients saw, from single requests."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from gameday.clients import Clients, Stretch
from gameday.events import Requests
from gameday.model.quantities import Condition

Outcome = tuple[float | None, str]
"""Seconds to the end (None: never), and the problem."""
GOOD: Outcome = (0.05, "")
REFUSED: Outcome = (0.01, "503")
NEVER: Outcome = (None, "")

STEADY = [Condition.model_validate("error_rate < 1%"), Condition.model_validate("latency_p95 < 500ms")]
ERRORS = Condition.model_validate("error_rate > 10%")


EMPTY: dict[str, Any] = {
    "sent_id": [], "sent_at": [], "sent_name": [], "ended_id": [], "ended_at": [], "ended_problem": []
}  # fmt: skip


def tick(sent: tuple[int, float] | None = None, ended: tuple[int, float, str] | None = None) -> Requests:
    """An event with at most one send and one end."""
    fields = {**EMPTY, "offered": []}
    if sent:
        fields.update(offered=[sent[1]], sent_id=[sent[0]], sent_at=[sent[1]], sent_name=["login"])
    if ended:
        fields.update(ended_id=[ended[0]], ended_at=[ended[1]], ended_problem=[ended[2]])
    return Requests(**fields)


def load(
    outcome: Callable[[float], Outcome | None], *, until: float, rate: float = 100.0, timeout: float = 2.0
) -> Clients:
    """Requests sent at a constant pace from 0; ``outcome`` of each by its instant, None for one not sent."""
    clients, number, at = Clients(timeout), 0, 0.0
    while at < until - 1e-9:
        found = outcome(at)
        if found is None:
            clients.add(Requests(offered=[at], **EMPTY))
        else:
            took, problem = found
            clients.add(tick((number, at), None if took is None else (number, at + took, problem)))
        number += 1
        at = number / rate
    return clients


def during(
    start: float, end: float, bad: Outcome | None, good: Outcome = GOOD
) -> Callable[[float], Outcome | None]:
    """Good but from ``start`` to ``end``."""
    return lambda at: bad if start <= at < end else good


@pytest.mark.parametrize(
    ("outcome", "share"),
    [
        (GOOD, 0.0),
        (REFUSED, 1.0),
        (NEVER, 1.0),
        ((2.5, ""), 1.0),
        ((1.9, ""), 0.0),
        (None, 1.0),
    ],
)
def test_what_makes_a_request_bad(outcome: Outcome | None, share: float) -> None:
    """A failure, an answer later than the time-out, none at all, and a slot nobody sent are each bad."""
    clients = load(during(2, 4, outcome), until=10)

    assert clients.metric("error_rate", 2, 4, now=10) == pytest.approx(share)


def test_a_request_is_not_bad_before_it_is_overdue() -> None:
    """While it may still be answered in time, an unfinished request counts as good."""
    clients = load(during(8, 99, NEVER), until=9)

    assert clients.metric("error_rate", 8, 9, now=9.5) == 0.0
    assert clients.metric("error_rate", 8, 9, now=12) == 1.0


def test_an_unfinished_request_is_as_slow_as_it_is_old() -> None:
    """Latency of what hangs is at least its age, so a hang does not hide from percentiles."""
    clients = load(during(2, 3, NEVER), until=5)

    assert clients.metric("latency_p50", 2, 3, now=10) == pytest.approx(7.5, abs=0.02)


@pytest.mark.parametrize(
    ("quantile", "value"), [("latency_p50", 0.5), ("latency_p95", 0.95), ("latency_p99", 0.99)]
)
def test_percentiles_are_nearest_rank(quantile: str, value: float) -> None:
    """Of a hundred latencies 10 ms .. 1 s the percentile is the value of that rank."""
    clients = load(lambda at: (round(at * 100) / 100 + 0.01, ""), until=1)

    assert clients.metric(quantile, 0, 1, now=5) == pytest.approx(value)


def test_rates_count_what_was_due_and_what_was_sent() -> None:
    """Users who hang send less; the offered rate does not fall with them."""
    clients = load(lambda at: None if round(at * 100) % 2 else GOOD, until=10)

    assert clients.metric("offered_rate", 2, 4, now=10) == pytest.approx(100, rel=0.02)
    assert clients.metric("achieved_rate", 2, 4, now=10) == pytest.approx(50, rel=0.02)


def test_no_data_is_none() -> None:
    """Nothing offered is neither healthy nor bad."""
    clients = load(during(0, 1, GOOD), until=1)

    assert clients.metric("error_rate", 5, 7, now=9) is None
    assert clients.metric("latency_p95", 5, 7, now=9) is None
    assert Clients(2.0).clean_stretch(STEADY, 0, 5, 5) is None
    assert Clients(2.0).impact(ERRORS, 0, 5, 5) is None


@pytest.mark.parametrize("bad", [REFUSED, NEVER, (3.0, "timeout")])
def test_impact_is_dated_by_sending(bad: Outcome) -> None:
    """Whether requests fail at once or hang, impact begins when the first bad one was sent."""
    found = load(during(5.03, 9, bad), until=15).impact(ERRORS, since=5, until=15, now=15)

    assert found
    assert (found.earliest, found.latest) == pytest.approx((5.02, 5.03))


def test_impact_is_not_dated_before_the_trigger() -> None:
    """Requests in flight at the trigger that fail were sent before it; impact is then at the trigger."""
    found = load(during(4.95, 9, REFUSED), until=15).impact(ERRORS, since=5.0, until=15, now=15)

    assert found
    assert (found.earliest, found.latest) == (5.0, 5.0)


def test_impact_on_latency_is_dated_by_the_first_slow_request() -> None:
    """For a condition on latency a request slower than it allows is the bad one."""
    slow = load(during(5.03, 9, (0.7, "")), until=15)

    found = slow.impact(Condition.model_validate("latency_p95 > 500ms"), since=5, until=15, now=15)

    assert found
    assert found.latest == pytest.approx(5.03)


def test_a_blip_is_no_impact() -> None:
    """Two bad windows of five are not a sustained run."""
    assert load(during(5, 5.2, REFUSED), until=15).impact(ERRORS, since=5, until=15, now=15) is None


def test_impact_that_comes_too_late_is_none() -> None:
    """Nothing after the end of the question counts."""
    assert load(during(9, 12, REFUSED), until=15).impact(ERRORS, since=5, until=8, now=15) is None


def stretch(clients: Clients, since: float, until: float) -> Stretch:
    """The clean stretch that must be there."""
    found = clients.clean_stretch(STEADY, since, until, now=until + 5)
    assert found
    return found


def test_recovery_is_dated_by_the_first_good_answer() -> None:
    """The stretch begins with the first good sending; the mend is dated by its answer."""
    found = stretch(load(during(5, 9.03, REFUSED), until=30), 5, 25)

    assert found.began == pytest.approx(9.03, abs=0.03)
    assert found.at == pytest.approx(found.began + 0.05)
    assert found.earliest == pytest.approx(found.at - 0.1)
    assert found.latest == pytest.approx(found.at + 0.05)
    assert found.lasts


def test_requests_that_hung_and_then_succeeded_do_not_date_the_mend_early() -> None:
    """Sent a second before the mend and answered by it: the stretch may begin there, the mend may not."""

    def outcome(at: float) -> Outcome:
        if 5 <= at < 8:
            return NEVER
        return (9.0 - at + 0.05, "") if 8 <= at < 9 else GOOD

    errors_only = [Condition.model_validate("error_rate < 1%")]
    found = load(outcome, until=30).clean_stretch(errors_only, 5, 25, now=30)

    assert found
    assert found.began == pytest.approx(8, abs=0.05)
    assert found.at == pytest.approx(9.05, abs=0.02)


def hung(at: float) -> Outcome | None:
    """All users hang from 5 on; those who were given up and asked again at 8.5 are answered by the mend at 9."""
    if 5 <= at < 5.6:
        return NEVER
    if 5.6 <= at < 8.5:
        return None
    if 8.5 <= at < 8.7:
        return (9.02 - at, "")
    return None if at < 9.09 else GOOD


def test_users_who_hung_until_the_mend_date_it() -> None:
    """They send nothing until they are answered, so by sending good service begins late; their answers say when."""
    errors_only = [Condition.model_validate("error_rate < 1%")]
    found = load(hung, until=30).clean_stretch(errors_only, 5, 25, now=30)

    assert found
    assert found.began == pytest.approx(9.09, abs=0.02)
    assert found.at == pytest.approx(9.02)


def test_answers_that_are_late_but_good_do_not_date_the_mend_early() -> None:
    """Three users in four hang at any time and are answered in time: fewer answers come than requests were due."""
    errors_only = [Condition.model_validate("error_rate < 1%")]

    def outcome(at: float) -> Outcome | None:
        if 5 <= at < 9:
            return None if round(at * 100) % 4 else (1.5, "")
        return GOOD

    found = load(outcome, until=30).clean_stretch(errors_only, 5, 25, now=30)

    assert found
    assert found.at == pytest.approx(9.05, abs=0.1)


def test_no_clean_stretch_while_it_is_bad() -> None:
    """Bad service to the end has no clean stretch, and nobody who sends nothing is well."""
    assert load(during(5, 99, REFUSED), until=20).clean_stretch(STEADY, 5, 20, now=25) is None
    assert load(during(5, 99, None), until=20).clean_stretch(STEADY, 5, 20, now=25) is None


def test_a_load_that_stopped_is_not_good_service() -> None:
    """Good answers until the load ended prove nothing about the time after."""
    assert load(during(5, 9, REFUSED), until=15).clean_stretch(STEADY, 5, 40, now=40) is None


@pytest.mark.parametrize(("unsent", "lasts"), [(10, False), (25, True)], ids=["one in ten", "one in 25"])
def test_service_is_not_good_while_requests_are_left_out(unsent: int, lasts: bool) -> None:
    """Whatever steady state asks for: fast answers prove nothing where fewer than 95 % of what was due was sent."""
    fast = [Condition.model_validate("latency_p95 < 500ms")]

    def outcome(at: float) -> Outcome | None:
        return REFUSED if at < 5 else None if round(at * 100) % unsent == 0 else GOOD

    found = load(outcome, until=20).clean_stretch(fast, 5, 20, now=20)
    assert (found is not None) is lasts


def test_a_relapse_makes_two_stretches() -> None:
    """A clean stretch that broke is one, and the one that lasts begins after the break."""

    def outcome(at: float) -> Outcome:
        return REFUSED if 5 <= at < 9 or 14 <= at < 17 else GOOD

    found = load(outcome, until=30).stretches(STEADY, 5, 25, now=30)

    assert [round(each.began) for each in found] == [9, 17]
    assert [each.lasts for each in found] == [False, True]
    assert found[0].ended == pytest.approx(14, abs=0.2)


def test_a_single_slow_user_in_a_hundred_is_clean() -> None:
    """Steady state allows what its conditions allow."""
    found = stretch(load(lambda at: (0.9, "") if round(at * 100) % 100 == 0 else GOOD, until=20), 0, 15)

    assert found.at == pytest.approx(0.06, abs=0.02)


def test_a_slow_load_is_judged_over_twenty_requests() -> None:
    """At two requests a second a window of 2 s would hold four; it is made longer until it holds twenty."""
    found = load(during(20, 40, REFUSED), until=120, rate=2).clean_stretch(STEADY, 20, 110, now=120)

    assert found
    assert found.began == pytest.approx(40, abs=0.6)


def test_the_order_of_events_does_not_matter() -> None:
    """Ends before sends, ticks in any order: the same answers."""
    events: list[Requests] = []

    class Kept(Clients):
        def add(self, event: Requests) -> None:
            events.append(event)
            super().add(event)

    plain = Clients(2.0)
    kept = Kept(2.0)
    rng = random.Random(3)
    for number in range(2000):
        at = number / 100
        kept.add(tick(sent=(number, at)))
        kept.add(tick(ended=(number, at + 0.1, "503" if 5 <= at < 8 else "")))
    rng.shuffle(events)
    for event in events:
        plain.add(event)

    assert plain.stretches(STEADY, 5, 18, 20) == kept.stretches(STEADY, 5, 18, 20)
    assert plain.impact(ERRORS, 5, 18, 20) == kept.impact(ERRORS, 5, 18, 20)


def test_asking_while_it_grows_gives_what_asking_at_the_end_gives() -> None:
    """The live planner's cached answers are those of a fresh count."""

    def outcome(at: float) -> Outcome:
        if 5 <= at < 9:
            return NEVER if round(at * 100) % 3 else (2.6, "timeout")
        return REFUSED if 12 <= at < 13 else (0.2, "")

    whole = load(outcome, until=40)
    grown = Clients(2.0)
    events: list[tuple[float, int, float, str]] = []
    for number, request in enumerate(whole):
        events.append((request.sent, number, -1.0, ""))
        if request.ended is not None:
            events.append((request.ended, number, request.ended, request.problem))
    asked = 5.0
    for at, number, end, problem in sorted(events):
        grown.add(tick(sent=(number, at)) if end < 0 else tick(ended=(number, end, problem)))
        if at > asked + 0.5:
            asked = at
            grown.clean_stretch(STEADY, 5, at, at)
            grown.impact(ERRORS, 5, at, at)

    assert grown.stretches(STEADY, 5, 35, 40) == whole.stretches(STEADY, 5, 35, 40)
    assert grown.impact(ERRORS, 5, 35, 40) == whole.impact(ERRORS, 5, 35, 40)


def test_bad_seconds_are_the_integral_of_the_bad_share() -> None:
    """Half bad for four seconds is two bad seconds."""
    clients = load(lambda at: REFUSED if 5 <= at < 9 and round(at * 100) % 2 else GOOD, until=20)

    assert clients.bad_seconds(0, 20, now=20) == pytest.approx(2.0, abs=0.01)


def test_asking_live_stays_cheap() -> None:
    """After twenty minutes at 120 requests a second one question costs a few milliseconds."""
    clients = load(during(5, 9, REFUSED), until=1200, rate=120)
    clients.clean_stretch(STEADY, 5, 1200, 1200)
    began = time.perf_counter()
    for step in range(10):
        clients.clean_stretch(STEADY, 5, 1200 + step / 100, 1200 + step / 100)

    assert (time.perf_counter() - began) / 10 < 0.05
