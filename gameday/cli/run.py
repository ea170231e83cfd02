"""``gameday run``: execute scenarios."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gameday.errors import ExitCode, GamedayError, InputError, LogError

if TYPE_CHECKING:
    from gameday.catalog import Catalog
    from gameday.runner.order import Order
    from gameday.score.card import Scorecard


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
@click.option(
    "--parallel",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="At most so many scenarios at a time, each on a fresh stack.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="Only the card.")
@click.option("--id", "run_id", hidden=True, default="")
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
    parallel: int,
    as_json: bool,
    quiet: bool,
    run_id: str,
) -> None:
    """Run scenarios: break a staging stack for real, hold it while the team works, put it back, grade it.

    Several run one after the other, or --parallel of them side by side; the worst exit code counts. They share
    this machine, so clocks are sharpest with one at a time.

    \b
    Example: gameday run auth-connection-leak
             gameday run auth-connection-leak --responder people --profile gameday
             gameday run auth-connection-leak identity-latency --parallel 2
    """
    from gameday.catalog import Catalog

    if attach and parallel > 1:
        raise click.UsageError(
            f"--attach and --parallel {parallel}: two runs cannot break one stack at a time; "
            "leave --attach out, or run one after the other"
        )
    catalog = Catalog()
    names = [*scenarios, *_tagged(catalog, tag)]
    if not names:
        raise InputError("name a scenario; `gameday list scenarios` shows them")
    chosen = Choice(kind, attach, keep, responder, profile, playbook, out, seed, as_json, quiet)
    orders = _orders(catalog, names, chosen)  # all are read before one begins
    if len(orders) == 1:
        raise click.exceptions.Exit(_one(replace(orders[0], id=run_id), as_json=as_json, quiet=quiet))
    from gameday.cli.several import run_several

    runs = run_several(list(zip(names, orders, strict=True)), chosen, parallel)
    codes = [ExitCode.INCONCLUSIVE if run.code is None else run.code for run in runs]
    raise click.exceptions.Exit(ExitCode.worst(codes))


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
    as_json: bool = False
    quiet: bool = False

    def words(self, name: str, run: str) -> list[str]:
        """The command line that runs one scenario in this way."""
        valued = {
            "--attach": self.attach,
            "--responder": self.responder,
            "--profile": self.profile,
            "--playbook": self.playbook,
            "--seed": self.seed,
        }
        said = {"--keep": self.keep, "--json": self.as_json, "--quiet": self.quiet}
        return [
            *("run", "--id", run, "--stack", self.kind, "--out", str(self.out)),
            *(word for key, value in valued.items() if value is not None for word in (key, str(value))),
            *(key for key, asked in said.items() if asked),
            *("--", name),
        ]


def _orders(catalog: Catalog, names: Sequence[str], choice: Choice) -> list[Order]:
    """What each scenario asks for; raises InputError with the problems of all of them."""
    orders, problems = [], []
    for name in names:
        try:
            orders.append(_order(catalog, name, choice))
        except InputError as wrong:
            problems += [problem for problem in wrong.problems if problem not in problems]
    if problems:
        raise InputError(problems)
    return orders


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
                which = f" (several are live: --run {run.id})" if order.id else ""
                click.echo(f"you respond: open another terminal and say gameday --help{which}", err=True)
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
        code = ExitCode.worst([code, problem.exit_code])
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
        code = ExitCode.worst([code, unwritten.exit_code])
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
