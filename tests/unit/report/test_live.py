"""The live view: a block on a terminal, plain lines elsewhere, cheap, and the same for a replay."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.cells import cell_len

from gameday import events as e
from gameday.history import History
from gameday.report.live import LiveView, lines, sparkline
from gameday.situation import Situation
from tests.unit.report import samples


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


class Ticking:
    """A clock that goes on by as much as it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Its time."""
        return self.now


def watch(log: History, view: LiveView, until: float = 1e9, clock: Ticking | None = None) -> Situation:
    """Feed the log to a view, up to an instant of the run."""
    situation = Situation(log.inputs())
    for record in log:
        if record.t > until:
            break
        if clock:
            clock.now = record.t
        situation.feed(record)
        view.feed(record, situation)
    return situation


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def test_without_a_terminal_there_is_one_plain_line_for_each_notable_event(log: History) -> None:
    """Lines are those of the pure function, stamped with seconds; no escape, no block."""
    stream = io.StringIO()
    view = LiveView(stream)
    watch(log, view)
    view.close()
    shown = stream.getvalue().splitlines()
    assert "   T+13.3 s  alice (scripted): Page acknowledged" in shown
    assert "    T+6.5 s  clients: The expected impact is there" in shown
    assert all(re.match(r" *(T[+-][\d.:]+( s)?|[\d.]+ s)  \S", line) for line in shown)
    assert len(shown) == sum(lines(record, log) is not None for record in log)


def test_replay_and_live_give_the_same_line(log: History) -> None:
    """A record has the same words with the history so far as with the whole one."""
    whole = [line for record in log if (line := lines(record, log))]
    history, live = History(), []
    for record in log:
        history = history.append(record)
        if line := lines(record, history):
            live.append(line)
    assert [line.split("  ")[-1] for line in live] == [line.split("  ")[-1] for line in whole]


@pytest.mark.usefixtures("narrow")
def test_block_says_where_the_run_stands(log: History) -> None:
    """Phase, clock, curves, faults, alerts, what is expected by when and the last acts, in 80 columns."""
    view = LiveView(Terminal())
    watch(log, view, until=29.0)
    block = view.block().plain
    view.close()
    assert all(cell_len(line) <= 80 for line in block.splitlines())
    for words in (
        r"^auth-connection-leak  respond  T\+16\.\d s .* drill$",
        r"^errors +\d\d % +[·▁▂▃▄▅▆▇█]{20,}$",
        r"^p95 +\S+ m?s +[·▁▂▃▄▅▆▇█]{20,}$",
        r"^faults +release \(in place\)$",
        r"^alerts +auth-connections, auth-error-rate$",
        r"✓ impact +6\.2 s of 45 s",
        r"✓ acknowledge +1\.0 s of 60 s",
        r"… mitigate +by T\+126\.2 s, 109\.\d s left",
        r"Looked at config: 0 rows$",
    ):
        assert re.search(words, block, re.MULTILINE), words


@pytest.mark.usefixtures("narrow")
def test_what_is_late_is_said_in_words() -> None:
    """A clock past its budget is marked without colour."""
    events = [
        (t, event)
        for t, event in samples.incident_events()
        if not isinstance(event, (e.AlertFired, e.Declared)) and t < 60
    ]
    view = LiveView(Terminal())
    watch(samples.history([*events, (65.0, e.Noted(by="bob", text="hm"))]), view)
    block = view.block().plain
    view.close()
    assert re.search(r"! detect +late since T\+36\.2 s", block)


@pytest.mark.usefixtures("narrow")
def test_a_system_that_warms_up_is_said(narrow: None) -> None:
    """Why nothing is broken yet; gone once the baseline is over."""
    events = [
        (0.0, samples.started()),
        (1.0, e.PhaseBegan(phase="baseline")),
        (6.0, e.BaselinePostponed(problems=["error_rate < 1%: 7.0 % at 4.0 s"], begins=5.0)),
        (11.0, e.PhaseBegan(phase="inject")),
    ]
    view = LiveView(Terminal())
    watch(samples.history(events), view, until=6.0)
    warming = view.block().plain
    watch(samples.history(events), view)
    view.close()

    assert "warming up (error_rate < 1%: 7.0 % at 4.0 s)" in warming.splitlines()[0]
    assert max(cell_len(row) for row in warming.splitlines()) <= 80
    assert "warming" not in view.block().plain


@pytest.mark.parametrize(
    ("times", "words"), [(1, "interrupted, putting back (Ctrl-C again skips"), (2, "putting back at once")]
)
def test_an_interrupt_is_answered_at_once(times: int, words: str) -> None:
    """Whoever pressed Ctrl-C sees that it was heard, and what a second one would do."""
    view = LiveView(Terminal())
    before = [(t, event) for t, event in samples.incident_events() if t < 20]
    presses = [(20.0 + number, e.Interrupted(times=number)) for number in range(1, times + 1)]
    watch(samples.history([*before, *presses]), view)
    block = view.block().plain
    view.close()
    assert words in block


@pytest.mark.usefixtures("narrow")
def test_what_came_late_has_a_cross() -> None:
    """An acknowledgement after its budget is no tick."""
    events = [(t, event) for t, event in samples.incident_events() if not isinstance(event, e.Acknowledged)]
    late = [(t, event) for t, event in events if t < 150]
    view = LiveView(Terminal())
    watch(samples.history([*late, (150.0, e.Acknowledged(by="bob"))]), view)
    block = view.block().plain
    view.close()
    assert re.search(r"✗ acknowledge .*, late", block)


@pytest.mark.usefixtures("narrow")
def test_mending_counts_to_the_begin_of_good_service(log: History) -> None:
    """At the end the view shows 21.4 s, not the half minute longer that good service was watched for."""
    view = LiveView(Terminal())
    watch(log, view)
    block = view.block().plain
    view.close()
    assert re.search(r"✓ mitigate +21\.4 s of 120 s", block)


@pytest.mark.usefixtures("narrow")
def test_drawing_is_rare_and_cheap(log: History) -> None:
    """At most four drawings a second of the run, and far less than a tenth of the time in them."""
    stream, clock = Terminal(), Ticking()
    view = LiveView(stream, now=clock)
    drawn = 0
    block = view.block

    def counted() -> object:
        nonlocal drawn
        drawn += 1
        return block()

    view.block = counted  # type: ignore[method-assign, assignment]
    begin = time.process_time()
    watch(log, view, clock=clock)
    view.close()
    assert 100 < drawn <= 72 * 4 + 2
    assert time.process_time() - begin < 72 * 0.1


def test_results_still_go_to_standard_output(log: History, capsys: pytest.CaptureFixture[str]) -> None:
    """The view on standard error does not take what others print to standard output."""
    stream = Terminal()
    view = LiveView(stream)
    watch(log, view, until=14.0)
    print("a result")  # noqa: T201 - what the test is about
    view.close()
    assert capsys.readouterr().out == "a result\n"
    assert "a result" not in stream.getvalue()


def test_sparkline() -> None:
    """Blocks as high as their share, a dot where nothing is known."""
    assert sparkline([0.0, 0.5, 1.0, None], 1.0) == "▁▅█·"
    assert sparkline([0.0, None], 0.0) == "▁·"
