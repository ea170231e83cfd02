"""The history: an immutable view of the log, in order, indexed by type of event.

``append`` gives a new history and leaves the old one as it was. Both share one list, of which each sees its own
length, so appending is cheap; only the newest view may be appended to. Nothing here computes anything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TypeVar

from gameday.events import Event, Record, RunStarted
from gameday.model.inputs import Inputs

E = TypeVar("E", bound=Event)


class History:
    """Records in the order of the log."""

    __slots__ = ("_by_type", "_length", "_records")

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records: list[Record] = []
        self._by_type: dict[type[Event], list[int]] = {}
        self._length = 0
        for record in records:
            self._push(record)
        self._length = len(self._records)

    def _push(self, record: Record) -> None:
        self._by_type.setdefault(type(record.event), []).append(len(self._records))
        self._records.append(record)

    def append(self, record: Record) -> History:
        """This history and one more record.

        Raises:
            ValueError: this is not the newest view of its log.
        """
        if self._length != len(self._records):
            raise ValueError("only the newest history can be appended to")
        self._push(record)
        newer = History.__new__(History)
        newer._records = self._records  # noqa: SLF001 - one of our own
        newer._by_type = self._by_type  # noqa: SLF001
        newer._length = len(self._records)  # noqa: SLF001
        return newer

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Record]:
        for index in range(self._length):
            yield self._records[index]

    def __getitem__(self, index: int) -> Record:
        return self._records[range(self._length)[index]]

    def _indices(self, kind: type[Event]) -> list[int]:
        indices = self._by_type.get(kind, [])
        return (
            indices
            if not indices or indices[-1] < self._length
            else indices[: bisect_left(indices, self._length)]
        )

    def of(self, kind: type[E]) -> Iterator[tuple[Record, E]]:
        """Every record of one type of event, oldest first, beside its event."""
        for index in self._indices(kind):
            record = self._records[index]
            event = record.event
            assert isinstance(event, kind)
            yield record, event

    def first(self, kind: type[E]) -> tuple[Record, E] | None:
        """The oldest record of one type, or None."""
        return next(self.of(kind), None)

    def last(self, kind: type[E]) -> tuple[Record, E] | None:
        """The newest record of one type, or None."""
        indices = self._indices(kind)
        if not indices:
            return None
        record = self._records[indices[-1]]
        event = record.event
        assert isinstance(event, kind)
        return record, event

    def has(self, kind: type[Event]) -> bool:
        """Whether there is a record of this type."""
        return bool(self._indices(kind))

    def since(self, t: float) -> Iterator[Record]:
        """The newest records back to the first one stamped before ``t``, newest first.

        Sources stamp their own records, so order of append and order of ``t`` differ by moments.
        """
        for index in range(self._length - 1, -1, -1):
            if self._records[index].t < t:
                return
            yield self._records[index]

    @property
    def started(self) -> RunStarted:
        """The first record's event.

        Raises:
            ValueError: the log does not begin with it.
        """
        if not self._length or not isinstance(self._records[0].event, RunStarted):
            raise ValueError("the log does not begin with run_started")
        return self._records[0].event

    def inputs(self) -> Inputs:
        """The models of everything the run was made of."""
        return Inputs.of(self.started.inputs)
