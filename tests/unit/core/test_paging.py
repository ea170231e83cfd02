"""What a delivery of Alertmanager says that is new: repeats, late and old news, other people's alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.events import AlertEnded, AlertFired, AlertsReceived, Event
from gameday.model.system import Monitor
from gameday.paging import Listening, Pages, heard, read_delivery, seconds

EPOCH = seconds("2026-11-26T14:00:00Z")
MONITORS = {
    "errors": Monitor.model_validate({"when": "error_rate > 5% for 5s", "severity": "SEV2"}),
    "slow": Monitor.model_validate(
        {
            "when": "latency_p95 > 1s",
            "severity": "SEV3",
            "alert": {"alertname": "ShopIsSlow", "team": "shop"},
        }
    ),
}
OURS = Listening("auth", MONITORS)


def alert(
    name: str = "errors", status: str = "firing", at: str = "14:00:10", ended: str = "", **labels: str
) -> dict[str, Any]:
    """As Alertmanager writes one; its fingerprint follows from its labels."""
    words = {"alertname": name, **labels}
    return {
        "status": status,
        "labels": words,
        "annotations": {"condition": "error_rate > 5% for 5s"},
        "startsAt": f"2026-11-26T{at}.123456789Z",
        "endsAt": f"2026-11-26T{ended}Z" if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "/".join(sorted(words.values())),
    }


def webhook(*alerts: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Version 4, with a field that nobody knows."""
    return {"version": "4", "receiver": "gameday", "alerts": list(alerts), "notification_reason": "x", **more}


def after(*deliveries: Any) -> list[Event]:
    """What several deliveries say, one after the other, without the deliveries themselves."""
    pages, found = Pages(), list[Event]()
    for body in deliveries:
        pages, events = heard(pages, read_delivery(body), OURS, EPOCH)
        assert isinstance(events[0], AlertsReceived)
        found += events[1:]
    return found


def names(events: list[Event]) -> list[tuple[type[Event], str]]:
    """Kind and monitor."""
    return [(type(event), event.monitor) for event in events if isinstance(event, (AlertFired, AlertEnded))]


def test_a_firing_alert_is_its_monitor_s() -> None:
    """Severity and condition are the monitor's. Its clock is kept as written; the condition held before it started."""
    (fired,) = after(webhook(alert()))

    assert isinstance(fired, AlertFired)
    assert (fired.monitor, fired.severity, fired.condition) == ("errors", "SEV2", "error_rate > 5% for 5s")
    assert fired.since == pytest.approx(10.123456 - 5, abs=1e-6)
    assert (fired.starts_at, fired.fingerprint) == ("2026-11-26T14:00:10.123456789Z", "errors")


def test_the_same_again_says_nothing_new() -> None:
    """Repeats are counted in the delivery and are no second page."""
    pages, _ = heard(Pages(), read_delivery(webhook(alert())), OURS, EPOCH)

    _, events = heard(pages, read_delivery(webhook(alert())), OURS, EPOCH)

    assert [type(event) for event in events] == [AlertsReceived]
    assert isinstance(events[0], AlertsReceived)
    assert (events[0].repeats, len(events[0].alerts)) == (1, 1)


def test_it_ends_when_it_is_resolved_and_pages_again_in_its_next_life() -> None:
    """A later start is a new alert, though its fingerprint is the same."""
    over = webhook(alert(status="resolved", ended="14:00:40"))
    again = webhook(alert(at="14:01:00"))

    events = after(webhook(alert()), over, over, again)

    assert names(events) == [(AlertFired, "errors"), (AlertEnded, "errors"), (AlertFired, "errors")]
    ended = events[1]
    assert isinstance(ended, AlertEnded)
    assert ended.ends_at == "2026-11-26T14:00:40Z"


def test_the_end_of_an_earlier_life_does_not_end_this_one() -> None:
    """Deliveries overtake each other: what is older than what is known is no news."""
    late = webhook(alert(at="14:00:10", status="resolved", ended="14:00:40"))

    assert names(after(webhook(alert(at="14:01:00")), late)) == [(AlertFired, "errors")]


def test_a_start_that_comes_after_its_own_end_is_no_page() -> None:
    """The end of a life is newer than its beginning, whichever came first."""
    assert names(after(webhook(alert(status="resolved", ended="14:00:40")), webhook(alert()))) == []


def test_a_monitor_ends_with_the_last_of_its_alerts() -> None:
    """One alert each instance: one page, and it is over when all of them are."""
    a, b = alert(instance="a"), alert(instance="b")
    a_over, b_over = ({**one, "status": "resolved", "endsAt": "2026-11-26T14:00:40Z"} for one in (a, b))

    assert names(after(webhook(a, b), webhook(a_over, b))) == [(AlertFired, "errors")]
    assert names(after(webhook(a, b), webhook(a_over), webhook(b_over))) == [
        (AlertFired, "errors"),
        (AlertEnded, "errors"),
    ]


def test_a_monitor_says_by_which_labels_its_alerts_are_told() -> None:
    """All of them must be there; an alert of another system is nobody's of ours, one of no monitor keeps its name."""
    ours = alert("ShopIsSlow", team="shop")

    assert names(after(webhook(ours))) == [(AlertFired, "slow")]
    assert names(after(webhook(alert("ShopIsSlow", team="other")))) == [(AlertFired, "ShopIsSlow")]
    assert names(after(webhook(alert("errors", system="billing")))) == []
    assert names(after(webhook(alert("errors", system="auth")))) == [(AlertFired, "errors")]


def test_what_fires_already_is_read_from_its_api_too() -> None:
    """A list of alerts, which have no status of their own kind, fires."""
    known = {key: value for key, value in alert().items() if key != "status"} | {
        "status": {"state": "active"}
    }

    assert names(after([known], webhook(alert()))) == [(AlertFired, "errors")]


def test_what_was_left_out_is_told() -> None:
    """A truncated delivery says how many alerts it does not hold."""
    _, (received, *_) = heard(Pages(), read_delivery(webhook(alert(), truncatedAlerts=7)), OURS, EPOCH)

    assert isinstance(received, AlertsReceived)
    assert received.truncated == 7


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("what?", "no list of alerts"),
        ({"version": "4"}, "no list of alerts"),
        ({"alerts": ["x"]}, "an alert has no labels"),
        ({"alerts": [{"labels": {}, "startsAt": "yesterday"}]}, "yesterday"),
        ({"alerts": [{"labels": {}, "startsAt": "2026-11-26T14:00:00"}]}, "has no time zone"),
    ],
)
def test_what_is_no_delivery_is_refused_in_words(body: Any, words: str) -> None:
    """Whoever sends nonsense is told what is wrong with it, and nothing of it is believed."""
    with pytest.raises(ValueError, match=words):
        read_delivery(body)


LIVES = st.lists(
    st.tuples(st.sampled_from(["14:00:10", "14:01:00", "14:02:00"]), st.booleans()), min_size=1, max_size=6
)


@given(LIVES, st.randoms(use_true_random=False))
def test_in_whatever_order_and_how_often_they_come_the_end_is_the_same(
    lives: list[tuple[str, bool]], dice: Any
) -> None:
    """Whether a monitor fires at the end follows from what was said, not from the order it came in."""
    bodies = [webhook(alert(at=at, status="firing" if fires else "resolved")) for at, fires in lives]
    shuffled = [*bodies, *bodies]
    dice.shuffle(shuffled)

    def fires_after(deliveries: list[dict[str, Any]]) -> bool:
        pages = Pages()
        for body in deliveries:
            pages, _ = heard(pages, read_delivery(body), OURS, EPOCH)
        return pages.firing("errors")

    assert fires_after(shuffled) == fires_after(bodies)
