"""Who and what noticed, and what it means if nothing did."""

from __future__ import annotations

import pytest

from gameday import events as e
from gameday.score.card import Scorecard, State, Verdict
from tests.unit.score.build import END, FIRED, IMPACT, MEND, TRIGGER, Story, act, answered, incident, inputs

ONE = inputs(scenario={"expect": {"detect": {"monitors": ["errors"]}}})


def fired(monitor: str, since: float, severity: str = "SEV2") -> e.AlertFired:
    """A monitor that fires."""
    return e.AlertFired(monitor=monitor, severity=severity, since=since, value=0.9, condition="")


def roles(card: Scorecard) -> dict[str, str]:
    """Monitor -> what its alert was."""
    return {alert.monitor: alert.role for alert in card.detection.alerts}


def test_the_first_listed_monitor_dates_detection() -> None:
    """A monitor that is not listed may fire first: it is explained, and dates nothing."""
    card = incident().at(24.0, fired("latency", 22.5)).at(25.0, fired("connections", 22.5)).grade()

    assert card.milestone("detected").at == 25.0
    assert card.detection.by == "monitor:connections"
    assert roles(card) == {"latency": "expected", "connections": "listed", "errors": "listed"}


@pytest.mark.parametrize("kind", [e.Declared, e.Noted])
def test_a_person_who_names_a_service_detects(kind: type[e.Act]) -> None:
    """The earlier of alert and statement counts; it must name a service of the system."""
    fields = {"severity": "SEV1"} if kind is e.Declared else {"text": "logins fail"}
    vague = incident().at(23.0, act(kind, affects=["something"], **fields)).grade()
    clear = incident().at(23.0, act(kind, affects=["auth"], **fields)).grade()

    assert (vague.milestone("detected").at, vague.detection.by) == (FIRED, "monitor:errors")
    assert (clear.milestone("detected").at, clear.detection.by) == (23.0, "person:alice")
    assert clear.milestone("detected").kind == "corroborated"


def test_a_statement_before_the_trigger_detects_nothing() -> None:
    """Nobody can notice what has not begun."""
    card = incident().at(TRIGGER - 1, act(e.Noted, text="hm", affects=["auth"])).grade()

    assert card.detection.by == "monitor:errors"


def test_nobody_takes_a_page_that_has_not_come() -> None:
    """Said before any alert and any statement it is no acknowledgement; said again afterwards it is one."""
    early = incident().at(21.0, act(e.Acknowledged))
    assert early.grade().milestone("acknowledged").state is State.MISSING

    assert early.at(27.0, act(e.Acknowledged)).grade().measure("time_to_acknowledge").value == 27.0 - FIRED


def test_the_page_starts_the_acknowledgement_even_where_a_person_was_first() -> None:
    """Acknowledging counts from the page, where there was one."""
    story = (
        incident().at(23.0, act(e.Noted, text="logins fail", affects=["auth"])).at(27.0, act(e.Acknowledged))
    )

    assert story.grade().measure("time_to_acknowledge").value == 27.0 - FIRED


def silent(told: dict[str, object] = ONE) -> Story:
    """An impact that no monitor notices."""
    return incident(told, alert=None)


def test_a_monitor_that_had_data_and_stayed_silent_is_a_miss() -> None:
    """It looked and did not notice: missing, FAIL, and named."""
    card = silent().grade()
    measure = card.measure("time_to_detect")

    assert (measure.state, measure.value, measure.verdict) == (State.MISSING, None, Verdict.FAIL)
    assert card.detection.silent == ["errors"]
    assert card.verdict is Verdict.FAIL


@pytest.mark.parametrize("how", ["blind", "no scrapes", "source down"])
def test_a_monitor_without_data_is_unknown(how: str) -> None:
    """Nobody looked: missing, UNKNOWN, and named."""
    story = silent()
    if how == "blind":
        story.at(IMPACT + 10, e.MonitorBlind(monitor="errors", since=IMPACT))
    else:
        kept = [
            (record.t, event)
            for record, event in ((record, record.event) for record in story.records())
            if isinstance(event, e.Scraped) and not IMPACT - 1 <= record.t <= END
        ]
        story.without(e.Scraped)
        for at, event in kept:
            story.at(at, event)
        if how == "source down":
            for number in range(100):
                story.at(
                    IMPACT + number / 2, e.Scraped(job="gateway", ok=False, series={}, problem="refused")
                )
    card = story.grade()
    measure = card.measure("time_to_detect")

    assert (measure.state, measure.value, measure.verdict) == (State.MISSING, None, Verdict.UNKNOWN)
    assert (card.detection.silent, card.detection.no_data) == ([], ["errors"])


def test_one_silent_monitor_among_blind_ones_is_a_miss() -> None:
    """One of them had data through the impact."""
    card = silent(inputs()).at(IMPACT + 10, e.MonitorBlind(monitor="connections", since=IMPACT)).grade()

    assert (card.detection.silent, card.detection.no_data) == (["errors"], ["connections"])
    assert card.measure("time_to_detect").verdict is Verdict.FAIL


def test_alerts_that_nothing_explains_are_noise() -> None:
    """Noise lowers precision; what began before the trigger is neither noise nor detection."""
    story = answered().at(10.0, fired("latency", 5.0)).at(60.0, fired("connections", 57.0))
    card = story.grade()

    assert roles(card) == {"latency": "preexisting", "errors": "listed", "connections": "noise"}
    assert card.measure("alert_precision").value == 0.5


def test_a_listed_alert_that_began_before_the_trigger_does_not_detect() -> None:
    """Its condition held already: the fault did not make it."""
    story = incident(alert=None).at(TRIGGER + 1, fired("errors", TRIGGER - 1))

    assert story.grade().milestone("detected").state is State.MISSING


def test_the_floor_comes_from_the_real_intervals() -> None:
    """Scrape 0.5 s + evaluation 0.1 s + `for` 3 s; the rest people and tuning could change."""
    facts = incident().grade().detection

    assert facts.floor == pytest.approx(3.6)
    assert facts.above_floor == pytest.approx(FIRED - IMPACT - 3.6)


def test_a_target_below_the_floor_is_said() -> None:
    """That is a mistake of the scenario, not of the team."""
    told = inputs(scenario={"expect": {"detect": {"within": "2s"}}})

    assert (
        "target is below the detection floor of 3.6 s"
        in incident(told).grade().measure("time_to_detect").notes
    )


def test_detection_never_counts_the_clients_requests() -> None:
    """However bad it is for users, without an alert and a word nothing was detected."""
    card = incident(alert=None, bad=[(IMPACT, MEND)]).grade()

    assert card.milestone("impact").state is State.OBSERVED
    assert card.milestone("detected").state is State.MISSING


def configured(**more: object) -> e.DetectorConfigured:
    """An Alertmanager that groups for a second, over a Prometheus that looks each second."""
    return e.DetectorConfigured.model_validate(
        {"scrape_interval": 1.0, "evaluation_interval": 1.0, "window": 0.0, "group_wait": 1.0, **more}
    )


def test_the_floor_holds_the_group_wait_and_the_rule_s_own_for() -> None:
    """As configured where the alerts come from, not as the system's file has it; what is above it is the team's."""
    plain = incident().at(1.0, configured()).grade().detection
    longer = incident().at(1.0, configured(holds={"errors": 10.0})).grade().detection

    assert (plain.floor, longer.floor) == (1 + 1 + 3 + 1, 1 + 1 + 10 + 1)
    assert plain.above_floor == FIRED - IMPACT - 6


def test_alertmanager_s_own_start_dates_the_firing_and_its_delivery_the_page() -> None:
    """Two instants where somebody else evaluates: it fired on that clock; told is who heard of it, later."""
    late = e.AlertFired(
        monitor="errors",
        severity="SEV2",
        since=22.2,
        value=None,
        condition="",
        starts_at="2026-11-26T14:00:00Z",
    )
    card = incident().at(1.0, configured(holds={"errors": 2.0}, skew_width=0.4)).at(25.5, late).grade()

    fired, told = card.milestone("alert_firing"), card.milestone("notified")
    assert (fired.at, fired.earliest, fired.latest) == (
        pytest.approx(24.2),
        pytest.approx(24.0),
        pytest.approx(24.4),
    )
    assert told.at == card.milestone("detected").at == 25.5


def test_a_pending_alert_is_dated_by_who_evaluates_it() -> None:
    """Prometheus says since when; that we asked later does not matter."""
    pending = e.AlertPending(monitor="errors", value=0.5, since=22.4, active_at="2026-11-26T14:00:00Z")

    assert incident().at(22.9, pending).grade().milestone("alert_pending").at == 22.4
