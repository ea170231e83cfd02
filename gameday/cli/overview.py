"""The top of the help: every command with its line, by what people want to do. Text from a table; imports nothing."""

from __future__ import annotations

import os

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Run scenarios: break, hold, grade, put back."),
    "validate": ("files", "Check files; every problem at once, nothing touched."),
    "list": ("files", "List scenarios, experiments, runbooks, runs, metrics, levers, ..."),
    "show": ("files", "Show a file by its name, and where it is."),
    "score": ("runs", "Grade a run again, from its log alone."),
    "report": ("runs", "Write a run's card, page, post-mortem or timeline again."),
    "replay": ("runs", "Watch a run again, at any speed."),
    "revert": ("revert", "Put back what a crashed run left."),
    "status": ("runs", "The live runs of this user."),
    "look": ("desk", "Ask the system: deploys, config, metrics, logs, dependencies, connections."),
    "ack": ("desk", "Take the page."),
    "declare": ("desk", "Set the severity."),
    "assign": ("desk", "Give somebody a role."),
    "note": ("desk", "Write something down."),
    "hypothesis": ("desk", "Say what might be the cause."),
    "step": ("desk", "Tick a step of the runbook."),
    "lever": ("desk", "Pull a lever: rollback, restart, scale, ..."),
    "update": ("desk", "Post a status update."),
    "verify": ("desk", "Say that the system is well again."),
    "resolve": ("desk", "Say that it is over."),
    "stack": ("stack", "The system under rehearsal by itself: up, down, status, env, levers."),
    "monitors": ("monitors", "A system's monitors, as rules for Prometheus."),
    "proxy": ("proxy", "The fault proxy alone, with Toxiproxy's API."),
    "init": ("init", "Lay out a project with a first scenario of your own."),
    "doctor": ("doctor", "What this machine can do, and what to install for the rest."),
    "completion": ("completion", "Complete commands and names in bash, zsh or fish."),
}
"""Command -> module of this package that has it, and its line in the help."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "The first hour": ("doctor", "init", "completion"),
    "Game days": ("run", "status", "revert", "replay"),
    "At the desk, while a run is live": tuple(
        name for name, (module, _) in COMMANDS.items() if module == "desk"
    ),
    "Results": ("score", "report"),
    "Files": ("validate", "list", "show"),
    "The staging system": ("stack", "monitors", "proxy"),
}
OPTIONS = {"--version": "Show the version and exit.", "-h, --help": "Show this message and exit."}
ABOUT = """Rehearse production incidents on staging, and grade the rehearsal with evidence.

A scenario says what breaks, under which load, what must be noticed by when and what the team should do.
gameday breaks it for real, holds it while the team works, always puts it back, and grades what happened."""
EPILOG = "First time here? gameday doctor, then gameday run auth-connection-leak, and open the report that it names."

_WIDEST = 100
_NARROWEST = 50
_INDENT = "  "


def width() -> int:
    """Columns of the terminal, as click takes them: COLUMNS, else the terminal's own, else 80; less a margin of 2."""
    columns = os.environ.get("COLUMNS", "")
    try:
        found = int(columns) if columns.isdecimal() else os.get_terminal_size(1).columns
    except OSError:
        found = 0
    return max(min(found or 80, _WIDEST) - 2, _NARROWEST)


def overview(columns: int) -> str:
    """The text, in so many columns."""
    lines = ["Usage: gameday [OPTIONS] COMMAND [ARGS]..."]
    for paragraph in ABOUT.split("\n\n"):
        lines += ["", *_wrapped(paragraph, _INDENT, columns)]
    lines += ["", "Options:", *_rows(OPTIONS, columns)]
    for title, names in SECTIONS.items():
        lines += ["", f"{title}:", *_rows({name: COMMANDS[name][1] for name in names}, columns)]
    return "\n".join([*lines, "", *_wrapped(EPILOG, _INDENT, columns)])


def _rows(rows: dict[str, str], columns: int) -> list[str]:
    """Names in a column of their own, what is said of them beside it."""
    first = max(map(len, rows)) + len(_INDENT)
    lines: list[str] = []
    for name, text in rows.items():
        head, *rest = _wrapped(text, "", columns - first - len(_INDENT))
        lines.append(f"{_INDENT}{name.ljust(first)}{head}")
        lines += (" " * (first + len(_INDENT)) + line for line in rest)
    return lines


def _wrapped(text: str, indent: str, columns: int) -> list[str]:
    """Lines of at most so many columns."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else indent + word
        if len(longer) <= columns or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(indent + word)
    return lines
