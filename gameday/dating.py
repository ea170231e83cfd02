"""Which single request dates what: the first bad one, and the answer that shows that service is good again.

Which windows are bad or steady is the business of ``gameday.clients``; this module looks into them. It knows no
clock (``now`` is an argument) and no log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isnan

from gameday.model.quantities import Condition
from gameday.traffic import Traffic, bucket_of
from gameday.windows import QUANTILES, WINDOW


class Dating:
    """The requests of a run as conditions on the client's side judge them at ``now``."""

    def __init__(self, traffic: Traffic, conditions: Sequence[Condition], now: float) -> None:
        self._traffic = traffic
        self._now = now
        self._slow = [condition.threshold for condition in conditions if condition.metric in QUANTILES]

    def wrong(self, row: int) -> bool:
        """Whether a request is bad: by itself, or slower than a condition on latency allows."""
        return self._traffic.bad([row], self._now) > 0 or any(
            self._traffic.spent([row], self._now)[0] > threshold for threshold in self._slow
        )

    def first_bad(self, bucket: int, since: float) -> tuple[float, float]:
        """When the first bad request of a window was sent, and before it the last good one: earliest, latest."""
        sent = self._traffic.sent
        bad = (row for row in self._traffic.by_sending(bucket) if self.wrong(row))
        at = next((sent[row] for row in bad), bucket * WINDOW)
        for number in range(bucket, bucket_of(since) - 1, -1):
            rows = self._traffic.rows(number)
            good = [sent[row] for row in rows if sent[row] < at and not self.wrong(row)]
            if good:
                return max(since, *good), max(since, at)
        return since, max(since, at)

    def first_answer(self, buckets: range, began: float | None, since: float) -> tuple[float | None, float]:
        """When a stretch of these windows began, and when the first good answer to a request of it arrived.

        It begins at ``began``, or (None) with its first good request; infinity where nothing good was answered.
        """
        traffic, sent, arrived = self._traffic, self._traffic.sent, inf
        for bucket in range(buckets.start - 1, buckets.stop):
            if bucket * WINDOW > arrived:
                break
            for row in traffic.by_sending(bucket):
                if sent[row] < since or (bucket < buckets.start if began is None else sent[row] < began):
                    continue
                if not isnan(traffic.took[row]) and not self.wrong(row):
                    began = sent[row] if began is None else began
                    arrived = min(arrived, sent[row] + traffic.took[row])
        return began, arrived

    def released(self, began: float, since: float) -> float:
        """When the mend answered the first of those who had hung until then; infinity where nobody had.

        Users who hang send nothing, so by sending the windows up to their answers look bad. Service was good
        already at an answer since which, one close upon the other, as many came as requests were due.
        """
        answers = sorted(self._answered_before(began, since), reverse=True)
        first = min((at for at in answers if at >= began), default=inf)
        later, due, bucket = began, 0, bucket_of(began) + 1
        for got, at in enumerate((at for at in answers if at < began), 1):
            if later - at > WINDOW:
                break
            while bucket > bucket_of(at):
                bucket -= 1
                due += self._traffic.offered(bucket)
            later, first = at, at if got >= due else first
        return first

    def _answered_before(self, began: float, since: float) -> Iterator[float]:
        """When those requests were answered that were sent after the last bad one before a stretch began."""
        traffic = self._traffic
        for bucket in range(bucket_of(began), bucket_of(max(since, began - traffic.horizon)) - 1, -1):
            for row in reversed(traffic.by_sending(bucket)):
                if since <= traffic.sent[row] < began and not isnan(traffic.took[row]):
                    if self.wrong(row):
                        return
                    yield traffic.sent[row] + traffic.took[row]
