"""A long run's history, made in memory: one fault in its middle, found and mended."""

from __future__ import annotations

from gameday import events as e
from gameday.catalog import Catalog
from gameday.history import History

_RATE = 1000
_TICK = 0.1
_OUTAGE = 20.0


def big_history(requests: int) -> History:
    """A log of about this many requests at 1,000 a second, each answered after 2 ms but in the outage."""
    loaded = Catalog().load("auth-connection-leak")
    length = requests / _RATE
    fault = length / 2
    marks: list[tuple[float, e.Event]] = [
        (
            0.0,
            e.RunStarted(
                run="big",
                versions={},
                host={},
                seed=1,
                stack="local",
                responder="bot",
                inputs=loaded.raw,
                digests={},
            ),
        ),
        (fault - 1, e.BaselineJudged(held=True, problems=[], rate=_RATE)),
        (fault, e.FaultTriggered(fault="release", planned=fault, at=fault)),
        (
            fault + 4,
            e.AlertFired(monitor="auth-error-rate", severity="SEV2", since=fault + 2, value=1, condition=""),
        ),
        (fault + 5, e.Acknowledged(by="alice")),
        (length - 1, e.RespondEnded(reason="mitigated")),
        (length, e.RunEnded()),
    ]
    marks += [((number + 1) * _TICK, _tick(number, fault)) for number in range(int(length / _TICK))]
    marks.sort(key=lambda mark: mark[0])
    return History(
        e.Record(seq=number, t=t, wall="2026-01-01T00:00:00.000Z", source="bench", event=event)
        for number, (t, event) in enumerate(marks, 1)
    )


def _tick(number: int, fault: float) -> e.Requests:
    each = int(_RATE * _TICK)
    ids = list(range(number * each, (number + 1) * each))
    sent = [one / _RATE for one in ids]
    bad = fault <= sent[0] < fault + _OUTAGE
    return e.Requests(
        offered=sent,
        sent_id=ids,
        sent_at=sent,
        sent_name=["POST /login"] * each,
        ended_id=ids,
        ended_at=[at + 0.002 for at in sent],
        ended_problem=["503" if bad else ""] * each,
    )
