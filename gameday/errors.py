"""What can go wrong, and the exit code that says so.

    GamedayError
    |- InputError     a person's file or words are wrong: located problems, exit 2, nothing was touched
    |- Refused        the run may not or cannot start, or was stopped: exit 3
    |- StackError     the system under rehearsal did not do what was asked
    |  `- StackGone   nothing of it is left
    |- NotClean       something could not be put back: exit 4
    `- LogError       the run's log cannot be read or written

Anything else that reaches the command line is a bug in gameday: exit 70.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The public meaning of the process's exit."""

    PASSED = 0
    MISSED = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    NOT_CLEAN = 4
    BUG = 70

    @classmethod
    def worst(cls, codes: Iterable[int]) -> ExitCode:
        """The one that counts of several: not put back, a bug, bad input, missed, inconclusive, passed."""
        order = [cls.PASSED, cls.INCONCLUSIVE, cls.MISSED, cls.BAD_INPUT, cls.BUG, cls.NOT_CLEAN]
        return max((cls(code) for code in codes), key=order.index, default=cls.PASSED)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with an input, and the mend where one is known."""

    place: Place | None
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class GamedayError(Exception):
    """Anything gameday says to a person instead of a traceback."""

    exit_code = ExitCode.INCONCLUSIVE


class InputError(GamedayError):
    """Somebody's file, name or argument is wrong. Carries every problem found."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: Sequence[Problem] = (
            (Problem(None, problems),) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(GamedayError):  # noqa: N818 - reads as what happened
    """The run may not start, or was stopped: the reason is the message."""


class StackError(GamedayError):
    """The system under rehearsal could not be started, asked or changed."""


class StackGone(StackError):  # noqa: N818 - reads as what is the case
    """No stack stands there any more, nor any part of it: there is nothing left that could be broken."""


class NotClean(GamedayError):  # noqa: N818 - reads as what is the case
    """Something could not be put back. The message holds the commands that finish it by hand."""

    exit_code = ExitCode.NOT_CLEAN


class LogError(GamedayError):
    """The log of a run cannot be read or written."""
