"""A runbook's text in, the runbook out: YAML front matter, then prose under four headings.

A step is named in the prose by ``{#its-id}``; ``{parameter}`` is filled in from the front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gameday.errors import Place, Problem
from gameday.model.base import nearest, wrong
from gameday.model.deeds import DESK
from gameday.model.located import Document, check_text, parse
from gameday.model.reading import Reading, build
from gameday.model.runbook import Runbook, order_problems
from gameday.model.vocabulary import LEVERS, TOPICS

HEADINGS = ("Symptoms", "Quick Fix", "Investigation", "Prevention")
_FENCE = "---"
_CODE_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"##\s+(.*?)\s*#*\s*$")
_STEP = re.compile(r"\{#([^{}\s]*)\}")
_PARAMETER = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_COMMAND = re.compile(r"`(gameday [^`]+)`")


def read_runbook(text: str, file: str) -> Reading[Runbook]:
    """The runbook of a Markdown text, its parameters filled in; problems in the order of the file."""
    unreadable = check_text(text, file)
    if unreadable:
        return Reading(None, None, unreadable)
    lines = _lines(text)
    end = _end_of_front_matter(lines)
    if lines[0].rstrip() != _FENCE or end is None:
        message = "a runbook begins with its front matter: title and steps, between two lines '---'"
        return Reading(None, None, [wrong(Place(file), message)])
    document, problems = parse("\n".join(lines[1:end]), file, first_line=2)
    prose = lines[end + 1 :]
    problems += _headings(prose, file, end + 2)
    if document is None or not isinstance(document.data, dict):
        problems += build(document, Runbook).problems if document is not None else []
        return Reading(None, None, sorted(problems))
    problems += _steps(document, prose, end + 2)
    problems += _commands(prose, file, end + 2)
    filled, unknown = _filled(document, prose, end + 2)
    problems += unknown
    whole = Document(file, {**document.data, "prose": filled}, document.root)
    if "prose" in document.data:
        problems.append(wrong(document.place(("prose",), of_key=True), "unknown key 'prose'; write it below"))
    return build(whole, Runbook, problems)


def filled(text: str) -> str:
    """A runbook's whole text, the parameters of its prose filled in; as it is where it has problems."""
    runbook, lines = read_runbook(text, "").model, _lines(text)
    end = _end_of_front_matter(lines)
    return text if runbook is None or end is None else "\n".join([*lines[: end + 1], runbook.prose])


def commands(runbook: Runbook) -> list[str]:
    """The commands that a runbook offers, in its order, parameters filled in, each from ``gameday`` on."""
    return _COMMAND.findall(runbook.prose)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _end_of_front_matter(lines: list[str]) -> int | None:
    """The place of the line that closes it; None where there is none."""
    return next((n for n, line in enumerate(lines) if n and line.rstrip() == _FENCE), None)


def _text_lines(prose: list[str], first: int) -> Iterator[tuple[int, str]]:
    """Lines outside of code blocks, with their numbers."""
    inside = False
    for number, line in enumerate(prose, first):
        if _CODE_FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def _headings(prose: list[str], file: str, first: int) -> Iterator[Problem]:
    found = [(n, match[1]) for n, line in _text_lines(prose, first) if (match := _HEADING.match(line))]
    names = [name for _, name in found]
    for heading in HEADINGS:
        if heading not in names:
            others = [name for name in names if name not in HEADINGS]
            hint = nearest(heading, others).replace("did you mean", "is it").rstrip("?")
            yield wrong(Place(file, first), f"missing heading '## {heading}'{hint + '?' if hint else ''}")
    seen: list[str] = []
    for number, name in found:
        if name in seen:
            yield wrong(Place(file, number), f"heading '## {name}' stands here a second time")
        elif name in HEADINGS and any(HEADINGS.index(name) < HEADINGS.index(other) for other in seen):
            yield wrong(
                Place(file, number), f"heading '## {name}' comes too late; the order is {', '.join(HEADINGS)}"
            )
        elif name in HEADINGS:
            seen.append(name)


def _steps(document: Document, prose: list[str], first: int) -> Iterator[Problem]:
    steps = document.data.get("steps")
    if not isinstance(steps, dict):
        return
    seen: set[str] = set()
    for number, line in _text_lines(prose, first):
        for match in _STEP.finditer(line):
            place = Place(document.file, number, match.start() + 1)
            if match[1] not in steps:
                yield wrong(place, f"step '{match[1]}' is not in the front matter{nearest(match[1], steps)}")
            elif match[1] in seen:
                yield wrong(place, f"step '{match[1]}' is written a second time")
            seen.add(match[1])
    for name in steps:
        if name not in seen:
            hint = f"write {{#{name}}} where it is described"
            yield wrong(
                document.place(("steps", name), of_key=True), f"step '{name}' is not in the text; {hint}"
            )
    after = {name: step.get("after", []) for name, step in steps.items() if isinstance(step, dict)}
    if len(after) == len(steps) and all(
        isinstance(others, list) and all(isinstance(other, str) for other in others)
        for others in after.values()
    ):
        for path, message in order_problems(after):
            yield wrong(document.place(path), message)


def _commands(prose: list[str], file: str, first: int) -> Iterator[Problem]:
    known = {"look": (TOPICS, "topic"), "lever": (LEVERS, "lever")}
    for number, line in enumerate(prose, first):
        for match in _COMMAND.finditer(line):
            words = match[1].split()
            if words[1] not in known:
                if words[1] not in DESK and (hint := nearest(words[1], DESK)):
                    place = Place(file, number, match.start() + 1)
                    yield wrong(place, f"there is no command 'gameday {words[1]}'{hint}")
                continue
            table, kind = known[words[1]]
            if len(words) == 2 or words[2] not in table:  # noqa: PLR2004 - gameday, look, and the topic
                word = words[2] if len(words) > 2 else ""  # noqa: PLR2004
                hint = nearest(word, table) or f"; write {', '.join(table)}"
                yield wrong(Place(file, number, match.start() + 1), f"unknown {kind} '{word}'{hint}")


def _filled(document: Document, prose: list[str], first: int) -> tuple[str, list[Problem]]:
    given = document.data.get("parameters")
    values = given if isinstance(given, dict) else {}
    problems = []
    for number, line in enumerate(prose, first):
        for match in _PARAMETER.finditer(line):
            if match[1] not in values:
                hint = nearest(match[1], values) or "; give it a value under parameters"
                place = Place(document.file, number, match.start() + 1)
                problems.append(wrong(place, f"unknown parameter '{match[1]}'{hint}"))
    text = "\n".join(prose).strip() + "\n"
    return _PARAMETER.sub(lambda match: str(values.get(match[1], match[0])), text), problems
