"""``gameday run``: execute scenarios."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gameday.errors import ExitCode, GamedayError, InputError, LogError

if TYPE_CHECKING:
    from gameday.catalog import Catalog
    from gameday.runner.order import Order
    from gameday.score.card import Scorecard

_WORST = (
    ExitCode.NOT_CLEAN, ExitCode.BUG, ExitCode.BAD_INPUT, ExitCode.MISSED, ExitCode.INCONCLUSIVE, ExitCode.PASSED
)  # fmt: skip


@click.command("run")
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...")
@click.option("--tag", multiple=True, metavar="TAG", help="Also every scenario with this tag.")
@click.option(
    "--stack",
    "kind",
    type=click.Choice(["local", "compose", "kubernetes", "external"]),
    default="local",
    show_default=True,
    help="What to break.",
)
@click.option(
    "--attach", metavar="NAME", help="Use a standing stack (gameday stack up) instead of a fresh one."
)
@click.option("--keep", is_flag=True, help="Leave a fresh stack standing afterwards.")
@click.option(
    "--responder",
    type=click.Choice(["bot", "people", "agent", "none"]),
    help="Who answers. Default: bot where there is a playbook, else people.",
)
@click.option(
    "--playbook", metavar="FILE", help="What the scripted responder does, instead of the scenario's own."
)
@click.option("--profile", metavar="NAME", help="A profile of the scenario, for example people's pace.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs go.",
)
@click.option("--seed", type=int, help="Makes what is drawn at random repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="Only the card.")
def run_command(
    scenarios: Sequence[str],
    tag: Sequence[str],
    kind: str,
    attach: str | None,
    keep: bool,
    responder: str | None,
    playbook: str | None,
    profile: str | None,
    out: Path,
    seed: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run scenarios: break a staging stack for real, hold it while the team works, put it back, grade it.

    \b
    Example: gameday run auth-connection-leak
             gameday run auth-connection-leak --responder people --profile gameday
    """
    from gameday.catalog import Catalog

    catalog = Catalog()
    names = [*scenarios, *_tagged(catalog, tag)]
    if not names:
        raise InputError("name a scenario; `gameday list scenarios` shows them")
    chosen = Choice(kind, attach, keep, responder, profile, playbook, out, seed)
    orders = [_order(catalog, name, chosen) for name in names]  # all are read before one begins
    codes = [_one(order, as_json=as_json, quiet=quiet) for order in orders]
    raise click.exceptions.Exit(min(codes, key=_WORST.index))


def _tagged(catalog: Catalog, tags: Sequence[str]) -> list[str]:
    from gameday.catalog import Kind

    if not tags:
        return []
    found = []
    for name in catalog.names(Kind.SCENARIO):
        scenario = catalog.read(Kind.SCENARIO, catalog.path(Kind.SCENARIO, name)).reading.model
        if scenario and set(tags) & set(scenario.tags):
            found.append(name)
    if not found:
        raise InputError(f"no scenario has the tag {' or '.join(tags)}")
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options say, the same for every scenario of one call."""

    kind: str
    attach: str | None = None
    keep: bool = False
    responder: str | None = None
    profile: str | None = None
    playbook: str | None = None
    out: Path = Path("runs")
    seed: int | None = None


def _order(catalog: Catalog, name: str, choice: Choice) -> Order:
    from gameday.cli import stacks
    from gameday.runner.order import Order

    loaded = catalog.load(name, profile=choice.profile, stack=choice.kind, playbook=choice.playbook)
    config = catalog.config()
    use = loaded.inputs.scenario
    if use.last_end > config.limits.longest:
        raise InputError(
            f"{name}: the last fault ends after {use.last_end:g} s; the limit is {config.limits.longest:g} s"
        )
    if len(use.faults) > config.limits.faults_at_once:
        raise InputError(f"{name}: {len(use.faults)} faults; the limit is {config.limits.faults_at_once}")
    who = choice.responder or ("bot" if loaded.inputs.playbook else "people")
    if who == "bot" and loaded.inputs.playbook is None:
        raise InputError(f"{name}: --responder bot needs a playbook; name one with --playbook")
    return Order(
        inputs=loaded.inputs,
        raw=loaded.raw,
        digests=loaded.digests,
        locustfile=loaded.paths["locustfile"],
        stack=stacks.recall(choice.attach) if choice.attach else stacks.fresh(choice.kind),
        owned=choice.attach is None,
        keep=choice.keep,
        responder=who,  # type: ignore[arg-type]  # click.Choice has checked it
        out=choice.out,
        seed=secrets.randbits(31) if choice.seed is None else choice.seed,
        allowed=tuple(config.targets.stacks),
    )


def _one(order: Order, *, as_json: bool, quiet: bool) -> ExitCode:
    """Execute, grade and show one run; gives its exit code."""
    from gameday.report.live import LiveView
    from gameday.runner.run import Run

    view = None if quiet else LiveView(sys.stderr)
    try:
        try:
            run = Run(order)
        except LogError as unwritable:
            raise InputError(str(unwritable)) from unwritable  # nothing was touched yet
        if not quiet:
            click.echo(f"run {run.id}, kept in {run.folder}", err=True)
            if order.responder == "people":
                click.echo("you respond: open another terminal and say gameday --help", err=True)
        if view:
            run.session.watch(view.feed)
        problem = _execute(run)
    finally:
        if view:
            with contextlib.suppress(OSError, SystemExit):  # its terminal may be gone
                view.close()
    code = show(run.folder, as_json=as_json)
    if problem is not None:
        click.echo(f"gameday: {problem}", err=True)
        code = min((code, problem.exit_code), key=_WORST.index)
    if not run.clean:  # also where the log had no room left to say so
        click.echo(f"The stack is not as it was. Try again: gameday revert {run.id}", err=True)
        for command in run.by_hand:  # whole, to be copied into a shell
            click.echo(f"or by hand: {command}", err=True)
        code = ExitCode.NOT_CLEAN
    if order.keep and order.owned and code != ExitCode.NOT_CLEAN:
        _keep(order, run.id)
    return code


def _execute(run: object) -> GamedayError | None:
    from gameday.runner.run import Run

    assert isinstance(run, Run)
    try:
        asyncio.run(run.execute())
    except GamedayError as problem:
        return problem
    return None


def _keep(order: Order, run: str) -> None:
    from gameday.cli import stacks

    name = run.rsplit("-", 1)[-1]
    stacks.remember(name, order.stack)
    click.echo(f"the stack still stands; take it down with: gameday stack down {name}", err=True)


def show(folder: Path, *, as_json: bool) -> ExitCode:
    """Grade a run's folder, write its files, print its card; gives its exit code."""
    from gameday.log import read
    from gameday.report.render import render
    from gameday.report.scorecard import to_json
    from gameday.score.grading import grade

    history = read(folder)
    scorecard = grade(history)
    code, report = ExitCode(scorecard.exit_code), ""
    try:
        report = str(render(history, folder, scorecard)["report.html"])
    except LogError as unwritten:
        click.echo(f"gameday: {unwritten}", err=True)
        code = min((code, unwritten.exit_code), key=_WORST.index)
    if as_json:
        click.echo(to_json(scorecard), nl=False)
    else:
        click.echo(_card(scorecard, folder, report), nl=False)
    return code


def _card(scorecard: Scorecard, folder: Path, report: str) -> str:
    import os

    from gameday.log import read
    from gameday.report.card import card

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    colour = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return card(scorecard, read(folder), width=width, colour=colour, report_path=report or None)
