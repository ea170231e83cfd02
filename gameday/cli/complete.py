"""What the Tab key offers: names that can be found without opening a file or importing anything heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import click
from click.shell_completion import CompletionItem

Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _from(words: Callable[[click.Context], Iterable[str]]) -> Completer:
    """A completer for click: of these words, those that begin as what was typed; a path is the shell's to complete."""

    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        if "/" in typed:
            return [CompletionItem(typed, type="file")]
        return [CompletionItem(word) for word in words(ctx) if word.startswith(typed)]

    return complete


def _names(*kinds: str) -> list[str]:
    from gameday.places import Kind, names, roots

    return sorted({name for kind in kinds for name in names(Kind(kind), roots(Path.cwd()))})


def _runs(ctx: click.Context) -> list[str]:
    out = ctx.params.get("out") or Path("runs")
    return ["latest", *sorted((log.parent.name for log in Path(out).glob("*/events.jsonl")), reverse=True)]


def _live(_: click.Context) -> list[str]:
    from gameday.live import listed

    return [run.run for run in listed() if run.alive]


def _standing(_: click.Context) -> list[str]:
    from gameday.live import state_home

    return sorted(path.stem for path in (state_home() / "stacks").glob("*.json"))


def _levers(ctx: click.Context) -> list[str]:
    """The first word of a lever is its name; what follows is the stack's to say."""
    from gameday.model.vocabulary import LEVERS

    return [] if ctx.params.get("words") else list(LEVERS)


def _topics(_: click.Context) -> list[str]:
    from gameday.model.vocabulary import TOPICS

    return list(TOPICS)


def _roles(_: click.Context) -> list[str]:
    from gameday.model.vocabulary import ROLES

    return list(ROLES)


def _mechanisms(_: click.Context) -> list[str]:
    from gameday.metrics import MECHANISMS

    return list(MECHANISMS)


scenarios = _from(lambda _: _names("scenario"))
systems = _from(lambda _: _names("system"))
playbooks = _from(lambda _: _names("playbook"))
everything = _from(
    lambda ctx: [
        *_names("scenario", "experiment", "runbook", "rubric", "system", "playbook"),
        *_runs(ctx),
    ]
)
runs = _from(_runs)
live = _from(_live)
standing = _from(_standing)
levers = _from(_levers)
topics = _from(_topics)
roles = _from(_roles)
mechanisms = _from(_mechanisms)
severities = _from(lambda _: ["SEV1", "SEV2", "SEV3", "SEV4"])
statuses = _from(lambda _: ["investigating", "identified", "monitoring", "resolved"])
