"""Properties of grading: what can never happen, whatever the story."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gameday import events as e
from gameday.clients import Clients
from gameday.history import History
from gameday.model.quantities import Condition
from gameday.score import grade
from gameday.score.card import Scorecard, Verdict
from tests.unit.score.build import END, FIRED, IMPACT, RUNBOOK, Story, act, answered, incident, inputs

SLIM: dict[str, Any] = {"rate": 20.0, "scrapes": False}
"""Enough requests to see everything, few enough to grade hundreds of stories."""
LOOSE = inputs({**RUNBOOK, "steps": {**RUNBOOK["steps"], "roll-back": {"evidence": {"lever": "rollback"}}}})
WORSE = [Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL]
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
moments = st.floats(min_value=21.0, max_value=END - 1, allow_nan=False).map(lambda t: round(t, 3))


def plain(card: Scorecard) -> Any:
    """A card without its pointers into the log."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(part) for key, part in value.items() if key != "evidence"}
        return [strip(part) for part in value] if isinstance(value, list) else value

    return strip(card.model_dump(mode="json"))


def test_every_prefix_of_a_run_grades_and_none_passes_before_its_end() -> None:
    """A log torn off anywhere is UNKNOWN and 3: the run did not finish."""
    records = answered(LOOSE, **SLIM).records()
    telling = {number for number, record in enumerate(records, 1) if not isinstance(record.event, e.Requests)}
    lengths = sorted((telling | {number - 1 for number in telling} | set(range(1, len(records), 40))) - {0})
    for length in lengths[:-1]:
        card = grade(History(records[:length]))
        assert (card.verdict, card.exit_code) == (Verdict.UNKNOWN, 3)
        assert card.reasons[-1] == "the run did not finish"

    assert grade(History(records)).verdict is Verdict.PASS


def test_a_log_without_its_first_record_cannot_be_graded() -> None:
    """Nobody knows what it is of."""
    with pytest.raises(ValueError, match="does not begin with run_started"):
        grade(History(answered(LOOSE, **SLIM).records()[1:]))


@few
@given(st.integers(min_value=0, max_value=2**32))
def test_the_order_of_records_of_one_instant_changes_no_score(seed: int) -> None:
    """Sources stamp their own records and race to the log."""
    story = (
        answered(LOOSE, **SLIM)
        .at(28.0, act(e.Declared, by="bob", severity="SEV2"))
        .at(29.0, act(e.Noted, text="x"))
    )
    records = [record.model_copy(update={"t": round(record.t * 2) / 2}) for record in story.records()]
    first, rest = records[0], records[1:]
    random.Random(seed).shuffle(rest)
    rest.sort(key=lambda record: record.t)
    shuffled = [record.model_copy(update={"seq": number}) for number, record in enumerate([first, *rest], 1)]

    assert plain(grade(History(shuffled))) == plain(grade(History(records)))


@few
@given(moments, moments)
def test_acknowledging_later_never_improves_a_verdict(one: float, other: float) -> None:
    """Whenever the page came."""
    sooner, later = sorted((one, other))
    told = inputs(scenario={"expect": {"acknowledge": {"within": "10s"}}})

    def verdicts(at: float) -> list[Verdict | None]:
        card = answered(told, **SLIM).without(e.Acknowledged).at(at, act(e.Acknowledged)).grade()
        return [card.verdict, card.measure("time_to_acknowledge").verdict]

    early, late = verdicts(max(sooner, FIRED)), verdicts(max(later, FIRED))

    assert all(WORSE.index(b) >= WORSE.index(a) for a, b in zip(early, late, strict=True) if a and b)


levers = st.tuples(
    moments, st.sampled_from(["scale", "restart", "breaker"]), st.sampled_from(["", "to win time"])
)


@few
@given(st.lists(levers, max_size=4), levers)
def test_an_unmodelled_lever_more_never_raises_economy(
    some: list[tuple[float, str, str]], more: tuple[float, str, str]
) -> None:
    """Whoever pulls it when, and whatever the reason."""

    def economy(pulls: list[tuple[float, str, str]]) -> float:
        story = incident(LOOSE, **SLIM).lever(38.0, 1, "rollback")
        for number, (at, name, because) in enumerate(pulls, 2):
            story.lever(at, number, name, took=0.5, because=because)
        found = story.grade().adherence
        assert found
        assert found.economy is not None
        return found.economy

    assert economy([*some, more]) <= economy(some)


names = st.sampled_from(list(RUNBOOK["steps"]))
ticks = st.tuples(
    moments, names, st.sampled_from(["", "alice", "bob"]), st.booleans(), st.sampled_from(["", "why"])
)
looks = st.tuples(moments, st.sampled_from(["deploys", "connections", "metrics"]))


@few
@given(st.lists(looks, max_size=4), st.booleans(), st.lists(ticks, max_size=6), ticks)
def test_ticking_more_never_raises_the_lower_bound_of_coverage(
    looked: list[tuple[float, str]], mended: bool, some: list[Any], more: Any
) -> None:
    """Nor does skipping with a reason: only what the machine saw counts there."""

    def bounds(all_ticks: list[Any]) -> tuple[float, float]:
        story = incident(LOOSE, **SLIM)
        for at, topic in looked:
            story.at(at, act(e.Looked, topic=topic))
        if mended:
            story.lever(38.0, 1, "rollback")
        for at, step, doer, skipped, because in all_ticks:
            story.at(at, act(e.StepTicked, step=step, doer=doer, skipped=skipped, because=because))
        found = story.grade().adherence
        assert found
        assert found.coverage_verified is not None
        assert found.coverage_attested is not None
        return found.coverage_verified, found.coverage_attested

    low, high = bounds(some)
    lower, higher = bounds([*some, more])

    assert lower == low
    assert high <= higher


def strip_requests(story: Story) -> list[e.Record]:
    """Everything but the load."""
    return [record for record in story.records() if not isinstance(record.event, e.Requests | e.Scraped)]


@few
@given(st.data())
def test_no_selection_of_events_crashes_grading(data: st.DataObject) -> None:
    """Logs with holes, doubled and misplaced acts: a card comes out, and a PASS only of a finished run."""
    records = strip_requests(answered(LOOSE, **SLIM))
    chosen = data.draw(st.lists(st.sampled_from(records[1:]), max_size=60))
    log = [records[0], *chosen]
    card = grade(History(record.model_copy(update={"seq": number}) for number, record in enumerate(log, 1)))

    assert card.exit_code in {0, 1, 3, 4}
    assert card.verdict is not Verdict.PASS


STEADY = [Condition.model_validate("error_rate < 1%")]
spells = st.lists(st.tuples(st.floats(0, 28), st.floats(0.05, 3)), max_size=5)


@few
@given(spells, st.sampled_from([0.01, 1.5, None]), st.floats(0.5, 29))
def test_good_service_begins_with_the_first_good_request_after_the_last_bad_one(
    bad: list[tuple[float, float]], took: float | None, since: float
) -> None:
    """At 50 requests a second no two seconds with a bad one are steady, however it ended."""
    clients, last_bad = Clients(2.0), -1.0
    for number in range(30 * 50):
        at = number / 50
        wrong = any(low <= at < low + long for low, long in bad)
        last_bad = at if wrong else last_bad
        end = took if wrong else 0.05
        clients.add(
            e.Requests(
                offered=[at],
                sent_id=[number],
                sent_at=[at],
                sent_name=["x"],
                ended_id=[] if end is None else [number],
                ended_at=[] if end is None else [at + end],
                ended_problem=[] if end is None else ["503" if wrong else ""],
            )
        )
    found = clients.clean_stretch(STEADY, since, 30.0, 40.0)
    first_good = max(since, last_bad + 0.02)

    if first_good > 29.7:
        return
    assert found
    assert found.began == pytest.approx(first_good, abs=0.021)
    assert found.at == pytest.approx(found.began + 0.05)
    assert all(not stretch.lasts for stretch in clients.stretches(STEADY, since, 30.0, 40.0)[:-1])


@few
@given(st.floats(min_value=IMPACT, max_value=60), st.floats(min_value=0.5, max_value=20))
def test_impact_and_mend_are_where_the_bad_requests_were(start: float, length: float) -> None:
    """Whenever it began and ended, to a spacing of requests."""
    card = incident(bad=[(start, start + length)], end=130.0, alert=None, **SLIM).grade()

    assert card.milestone("impact").at == pytest.approx(start, abs=0.06)
    assert card.milestone("mitigated").at == pytest.approx(start + length + 0.05, abs=0.11)
