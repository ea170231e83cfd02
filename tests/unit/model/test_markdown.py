"""A runbook's text in, the runbook out."""

from __future__ import annotations

import pytest

from gameday.model.markdown import commands, filled, read_runbook

RUNBOOK = """\
---
title: T
applies_to: [latency]
parameters: {idle_for: 5s, pool: 50}
steps:
  look: {evidence: {look: logs}}
  mend: {evidence: {lever: rollback}, after: [look], when: recent_deploy, confirm: error_rate < 1% for 5s}
---
## Symptoms
## Quick Fix
1. {#mend} Do `gameday lever terminate-connections idle_for={idle_for}` or `gameday lever rollback auth`
## Investigation
- {#look} `gameday look logs level=ERROR`, `kubectl logs ${POD}`
## Prevention
"""


def said(text: str) -> list[str]:
    """The problems of a text, as lines."""
    return [str(problem) for problem in read_runbook(text, "f").problems]


def test_parameters_are_filled_in_and_commands_found() -> None:
    """What stands in the prose can be run as it is; a shell's own variable is left alone."""
    runbook = read_runbook(RUNBOOK, "f").model
    assert runbook is not None

    assert commands(runbook) == [
        "gameday lever terminate-connections idle_for=5s",
        "gameday lever rollback auth",
        "gameday look logs level=ERROR",
    ]
    assert "${POD}" in runbook.prose
    assert runbook.parameters == {"idle_for": "5s", "pool": "50"}


def test_the_whole_text_can_be_filled_in() -> None:
    """Front matter and prose as written, with values for parameters; a text with problems stays as it is."""
    assert filled(RUNBOOK) == RUNBOOK.replace("{idle_for}", "5s")

    broken = RUNBOOK.replace("title: T\n", "")
    assert filled(broken) == broken


def test_the_plain_data_makes_the_same_runbook_again() -> None:
    """The log holds the data, and grading builds the runbook from it."""
    reading = read_runbook(RUNBOOK, "f")
    assert reading.model is not None

    assert type(reading.model).model_validate(reading.data) == reading.model


def test_a_step_may_ask_for_the_opposite_of_a_fact() -> None:
    """``not`` before it, in one or more blanks."""
    model = read_runbook(RUNBOOK.replace("recent_deploy", "not  recent_deploy", 1), "f").model
    assert model is not None

    assert "not recent_deploy" in [step.when for step in model.steps.values()]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("---\ntitle", "title", "f:1:1: a runbook begins with its front matter: title and steps, between"),
        ("---\n## Sym", "## Sym", "f:1:1: a runbook begins with its front matter: title and steps, between"),
        ("title: T\n", "", "f:2:1: missing key 'title'"),
        ("latency", "latenzy", "f:3:14: unknown mechanism 'latenzy'; did you mean 'latency'?"),
        ("idle_for: 5s", "idle: 5s", "f:11:61: unknown parameter 'idle_for'; did you mean 'idle'?"),
        ("look: logs", "look: log", "f:6:27: unknown topic 'log'; did you mean 'logs'?"),
        ("{look: logs}", "{look: logs, lever: scale}", "f:6:20: a step is proven by a look or by a"),
        ("[look]", "[lok]", "f:7:47: unknown step 'lok'; did you mean 'look'?"),
        ("[look]", "[mend]", "f:7:46: steps wait for each other in a circle: mend"),
        ("recent_deploy", "recent_deploys", "f:7:60: unknown fact 'recent_deploys'; did you mean"),
        ("recent_deploy", "not recent_deploys", "f:7:60: unknown fact 'recent_deploys'; did you mean"),
        ("recent_deploy", "never recent_deploy", "f:7:60: unknown fact 'never recent_deploy'; did you"),
        ("recent_deploy", "client.error_rate > 1%", "f:7:60: 'client.error_rate > 1%': here only"),
        ("## Quick Fix", "## Quick Fixes", "f:9:1: missing heading '## Quick Fix'; is it 'Quick Fixes'?"),
        ("## Prevention\n", "", "f:9:1: missing heading '## Prevention'"),
        ("## Prevention\n", "## Prevention\n## Symptoms\n", "f:15:1: heading '## Symptoms' stands here"),
        ("{#look}", "", "f:6:3: step 'look' is not in the text; write {#look} where it is described"),
        ("{#look}", "{#look} {#loop}", "f:13:11: step 'loop' is not in the front matter; did"),
        ("{#look}", "{#look} {#look}", "f:13:11: step 'look' is written a second time"),
        ("lever rollback auth", "lever rolback auth", "f:11:76: unknown lever 'rolback'; did you mean"),
        ("gameday lever rollback", "gameday levr rollback", "f:11:76: there is no command 'gameday levr'; did you"),
        ("look logs level", "look level", "f:13:11: unknown topic 'level=ERROR'; write deploys,"),
        ("title: T\n", "title: T\nprose: x\n", "f:3:1: unknown key 'prose'; write it below"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, problem: str) -> None:
    """Lines count from the top of the file, in the front matter and in the prose."""
    assert said(RUNBOOK) == []
    (found,) = said(RUNBOOK.replace(old, new, 1))

    assert found.startswith(problem)


def test_headings_have_an_order() -> None:
    """People find the quick fix in the same place of every runbook."""
    swapped = RUNBOOK.replace("## Symptoms\n", "").replace(
        "## Investigation\n", "## Investigation\n## Symptoms\n"
    )

    assert said(swapped) == [
        (
            "f:12:1: heading '## Symptoms' comes too late; "
            "the order is Symptoms, Quick Fix, Investigation, Prevention"
        )
    ]


def test_headings_and_steps_in_code_are_code() -> None:
    """An example in a code block is neither a heading nor a step."""
    assert said(RUNBOOK + "```\n## Symptoms\n{#nothing}\n```\n") == []


def test_lines_of_windows_are_lines() -> None:
    """Carriage returns are no part of anything."""
    assert said(RUNBOOK.replace("\n", "\r\n")) == []
