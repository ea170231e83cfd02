"""From a small log to everything that people get, compared with files that somebody has read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gameday.history import History
from gameday.report.card import card
from gameday.report.html import page
from gameday.report.postmortem import postmortem
from gameday.report.scorecard import to_json
from gameday.report.timeline import text
from gameday.score import grade
from tests.unit.report import samples

_DRAWING = re.compile(r'(<div class="picture \w+">)<svg.*?</svg>(</div>)', re.DOTALL)


@pytest.mark.parametrize("story", [samples.incident, samples.nobody], ids=["incident", "nobody"])
def test_what_people_get(story: Callable[[], History], golden: Callable[[str, str], None]) -> None:
    """Card at two widths, scorecard, timeline, post-mortem, and the page without its drawings."""
    log, name = story(), story.__name__
    scorecard = grade(log)
    for width in (80, 200):
        shown = card(scorecard, log, width=width, colour=False, report_path="runs/x/report.html")
        golden(f"{name}/card-{width}.txt", shown)
    golden(f"{name}/scorecard.json", to_json(scorecard))
    golden(f"{name}/timeline.txt", text(scorecard, log))
    golden(f"{name}/postmortem.md", postmortem(scorecard, log))
    shown, drawings = _DRAWING.subn(r"\1\2", page(scorecard, log))
    assert drawings == 3
    golden(f"{name}/report.html", shown)
