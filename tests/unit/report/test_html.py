"""The page: one well-formed file that loads nothing, escapes everything and links every number."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gameday import events as e
from gameday.history import History
from gameday.report.html import bullet, page
from gameday.score import grade
from gameday.score.card import Measure, State
from tests.unit.report import cards, samples

_VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """What a page is made of; an end tag without its start tag, or the other way round, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag; it is closed already."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It must close the one that is open."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.words += data

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [value for _, attrs in self.tags if (value := attrs.get(attribute)) is not None]


@pytest.fixture(scope="module")
def passed(log: History) -> str:
    """The page of the sample incident."""
    return page(cards.scorecard(log), log)


@pytest.fixture(scope="module")
def missed(log: History) -> str:
    """The page of the failed one."""
    return page(cards.failed(log), log)


def test_page_is_well_formed_and_every_link_arrives(passed: str, missed: str) -> None:
    """Tags nest, ids are unique, and each link's target is a row of the evidence or a place of the page."""
    for text in (passed, missed):
        parsed = Page(text)
        ids = parsed.values("id")
        assert len(ids) == len(set(ids))
        links = parsed.values("href")
        assert sum(link.startswith("#seq-") for link in links) > 50
        assert {link.removeprefix("#") for link in links} <= set(ids)


def test_page_loads_nothing(passed: str) -> None:
    """No script, no address, nothing that a browser would fetch."""
    parsed = Page(passed)
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & {tag for tag, _ in parsed.tags}
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", passed)


def test_page_says_it_all_in_words(passed: str, missed: str) -> None:
    """Verdict, clocks and states stand in the text, not only in pictures and colours."""
    said = Page(passed).words
    for words in (
        "PASS",
        "Detected",
        "6.1 s",
        "21.4 s",
        "12.9",
        "0.49 %",
        "Users began to feel it",
        "in step",
    ):
        assert words in said, words
    said = Page(missed).words
    for words in (
        "FAIL",
        "> 90.0 s",
        "put back by the runner",
        "never",
        "UNKNOWN",
        "skipped",
        "out of order",
    ):
        assert words in said, words


def test_pictures_have_a_text_beside_them(passed: str) -> None:
    """The figure is described, the drawings themselves are hidden from readers of the screen."""
    parsed = Page(passed)
    figure = next(attrs for tag, attrs in parsed.tags if tag == "figure")
    assert figure["aria-describedby"] in parsed.values("id")
    drawings = [attrs for tag, attrs in parsed.tags if tag == "svg"]
    assert len(drawings) > 3
    assert all(attrs.get("aria-hidden") == "true" for attrs in drawings)


def test_page_is_the_same_each_time(log: History, passed: str) -> None:
    """Rendering again gives the same bytes."""
    assert page(cards.scorecard(log), log) == passed


def test_every_act_alert_and_fault_is_on_the_picture(passed: str) -> None:
    """The wide drawing names each mark with the number of its row in the timeline."""
    drawing = passed[passed.index('class="picture wide"') : passed.index('class="picture middle"')]
    for words in (
        "6 acknowledged",
        "7 SEV1",
        "look: deploys",
        "lever: rollback",
        "auth-connections",
        "release:",
    ):
        assert words in drawing, words


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.one_of(
        st.text(max_size=80),
        st.sampled_from(
            ['"><script>alert(1)</script>', "</style><b>", "{{ 7*7 }}", "<!--", "]]>", "&lt;", "' onload='x"]
        ),
    )
)
def test_what_people_typed_stays_text(text: str) -> None:
    """Whatever stands in titles, names, notes and arguments never becomes markup, in the picture either."""
    log = _typed(text)
    scorecard = cards.scorecard(
        log,
        title=text,
        scenario=text,
        reasons=[text],
        responders=[cards.c.Responder(name=text, scripted=False, acts=1)],
    )
    parsed = Page(page(scorecard, log))
    assert {tag for tag, _ in parsed.tags} <= _KNOWN_TAGS
    attributes = {name for _, attrs in parsed.tags for name in attrs}
    assert not any(name.startswith("on") for name in attributes)


_TAGS = """
html head meta title style body a header p b h1 div span svg circle path dl dt dd ul li main section h2 figure
figcaption g defs clippath rect line text table thead tr th tbody td small h3 code footer caption
"""
_KNOWN_TAGS = set(_TAGS.split())


def _typed(text: str) -> History:
    """A short incident in which everything that can be typed is this text."""
    acts: list[tuple[float, e.Event]] = [
        (26.0, e.Declared(by=text, severity=text, affects=[text], note=text)),
        (27.0, e.Noted(by=text, text=text, affects=[text])),
        (28.0, e.Hypothesised(by=text, component=text, mechanism=text, because=text)),
        (29.0, e.LeverBegan(by=text, act=2, lever=text, arguments={text: text}, because=text)),
        (30.0, e.LeverEnded(by=text, act=2, lever=text, ok=True, changed=True, did=text)),
        (31.0, e.UpdatePosted(by=text, status="identified", text=text)),
        (32.0, e.AlertFired(monitor=text, severity=text, since=31.0, value=1.0, condition=text)),
    ]
    inputs: dict[str, Any] = {
        **samples.INPUTS,
        "scenario": {**samples.INPUTS["scenario"], "title": text or "t"},
    }
    told = [(t, samples.started(inputs) if t == 0 else event) for t, event in samples.incident_events()]
    return samples.history([*told, *acts, *samples.requests(41.0, None, None)[-260:]])


def test_a_run_in_which_nothing_was_injected_has_a_page() -> None:
    """No fault is drawn, the timeline tells the run itself, and nothing claims a time from a fault."""
    log = samples.history(
        [
            (0.0, samples.started()),
            (2.0, e.PhaseBegan(phase="baseline")),
            (9.0, e.Interrupted(times=1)),
            (9.1, e.Aborted(reason="interrupted")),
            *samples.requests(8.0, None, None),
        ]
    )
    parsed = Page(page(grade(log), log))
    assert "UNKNOWN" in parsed.words
    assert "Baseline began" in parsed.words
    assert "From the fault" not in parsed.words
    assert "nothing was injected" in parsed.words


def test_bullet_puts_every_budget_at_the_same_place() -> None:
    """A value at its budget reaches the line, one over it passes it, one that is not known has no bar."""
    measure = Measure(id="time_to_detect", state=State.OBSERVED, value=30.0, budget=30.0)
    at = bullet(measure)
    over = bullet(measure.model_copy(update={"value": 300.0}))
    assert at is not None
    assert over is not None
    assert at.length == at.budget_at
    assert over.length == 100.0
    assert over.opens
    assert bullet(measure.model_copy(update={"state": State.MISSING, "value": None})) is None
