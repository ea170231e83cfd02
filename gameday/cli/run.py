"""``gameday run``: execute scenarios."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gameday.cli import complete, results
from gameday.cli.orders import Choice, orders, tagged
from gameday.cli.results import Result, show
from gameday.errors import ExitCode, GamedayError, InputError, LogError

if TYPE_CHECKING:
    from gameday.load.driver import Address
    from gameday.runner.order import Order
    from gameday.runner.run import Run

_LAST_PORT = 65535
_NOT_WELL = (
    "The system was not well under this load before anything was broken. A busy machine is the usual cause: wait, or "
    "give the scenario fewer users (load: users). gameday doctor says what this machine has."
)


def _address(_: click.Context, __: click.Parameter, text: str | None) -> Address | None:
    """A host and a port to listen at."""
    from gameday.load.driver import Address

    if text is None:
        return None
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
        raise click.BadParameter(f"'{text}' is no HOST:PORT, such as 127.0.0.1:5557")
    address = Address(host.strip("[]"), int(port))
    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as problem:
        raise click.BadParameter(f"cannot listen at {text}: {problem.strerror or problem}") from None
    return address


@click.command("run")
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...", shell_complete=complete.scenarios)
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
    "--attach",
    metavar="NAME",
    shell_complete=complete.standing,
    help="Use a standing stack (gameday stack up) instead of a fresh one.",
)
@click.option("--keep", is_flag=True, help="Leave a fresh stack standing afterwards.")
@click.option(
    "--responder",
    type=click.Choice(["bot", "people", "agent", "none"]),
    help="Who answers. Default: bot where there is a playbook, else people.",
)
@click.option(
    "--playbook",
    metavar="FILE",
    shell_complete=complete.playbooks,
    help="What the scripted responder does, instead of the scenario's own.",
)
@click.option("--profile", metavar="NAME", help="A profile of the scenario, for example people's pace.")
@click.option(
    "--not-production",
    multiple=True,
    metavar="NAME",
    help="A target that is refused because it looks like production, and is none.",
)
@click.option("--plan", is_flag=True, help="Show what would be touched, and touch nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs go.",
)
@click.option(
    "--load-master",
    metavar="HOST:PORT",
    callback=_address,
    help="Start no workers of the load here: wait at this address for those that were started elsewhere.",
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
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write what it came to as JUnit XML, for CI.",
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
    not_production: tuple[str, ...],
    plan: bool,
    out: Path,
    load_master: Address | None,
    seed: int | None,
    parallel: int,
    junit: Path | None,
    as_json: bool,
    quiet: bool,
    run_id: str,
) -> None:
    """Run scenarios: break a staging stack for real, hold it while the team works, put it back, grade it.

    Several run one after the other, or --parallel of them side by side; the worst exit code counts. Side by side
    they share this machine, so clocks are sharpest with one at a time.

    \b
    Example: gameday run auth-connection-leak
             gameday run auth-connection-leak --responder people --profile gameday
             gameday run auth-connection-leak identity-latency --parallel 2
             gameday run auth-connection-leak --plan
    """
    from gameday.catalog import Catalog

    if attach and parallel > 1:
        raise click.UsageError(
            f"--attach and --parallel {parallel}: two runs cannot break one stack at a time; "
            "leave --attach out, or run one after the other"
        )
    if load_master and parallel > 1:
        raise click.UsageError(
            f"--load-master and --parallel {parallel}: two runs cannot share one load's workers; "
            "leave --load-master out, or run one after the other"
        )
    catalog = Catalog()
    names = [*scenarios, *tagged(catalog, tag)]
    if not names:
        raise InputError("name a scenario; `gameday list scenarios` shows them")
    chosen = Choice(
        kind,
        attach,
        keep,
        responder,
        profile,
        playbook,
        out,
        seed,
        as_json,
        quiet,
        not_production,
        load_master,
    )
    asked = orders(catalog, names, chosen)
    if plan:
        from gameday.cli.planned import as_text, planned

        plans = [planned(order, attach) for order in asked]
        click.echo(json.dumps(plans, indent=2) if as_json else "\n\n".join(as_text(one) for one in plans))
        return
    if junit is not None:
        results.clear(junit)
    if len(asked) == 1:
        one = replace(asked[0], id=run_id or asked[0].new_id())
        code = _one(one, as_json=as_json, quiet=quiet, several=run_id != "")
        runs = [Result(one.inputs.name, one.out / one.id, code)]
    else:
        from gameday.cli.several import run_several

        runs = run_several(list(zip(names, asked, strict=True)), chosen, parallel)
    codes = [run.code for run in runs]
    if junit is not None:
        codes.append(results.write(junit, runs))
    raise click.exceptions.Exit(ExitCode.worst(codes))


def _one(order: Order, *, as_json: bool, quiet: bool, several: bool) -> ExitCode:
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
            click.echo(
                "\n".join(_opening(order, run, several=several)), err=True
            )  # at once: a reader may go away
        if view:
            run.session.watch(view.feed)
        problem = _execute(run)
    finally:
        if view:
            with contextlib.suppress(OSError, SystemExit):  # its terminal may be gone
                view.close()
    code = ExitCode.worst([show(run.folder, as_json=as_json), _tell(run, problem)])
    if order.keep and order.owned and code != ExitCode.NOT_CLEAN:
        _keep(order, run.id)
    return code


def _opening(order: Order, run: Run, *, several: bool) -> list[str]:
    """What is said before a run begins."""
    lines = [f"run {run.id}, kept in {run.folder}"]
    if not order.owned:
        lines.append(
            "this stack outlives the run: should gameday be killed, put everything back with: "
            f"gameday revert {run.id}"
        )
    if order.responder == "people":
        which = f" (several are live: --run {run.id})" if several else ""
        lines.append(
            f"you respond, in another terminal{which}: gameday --help has the commands, "
            "gameday list runbooks the runbooks"
        )
    return lines


def _tell(run: Run, problem: GamedayError | None) -> ExitCode:
    """What people should know beside the card, and the exit code that it means."""
    from gameday.events import BaselineJudged

    code = ExitCode.PASSED
    if problem is not None:
        click.echo(f"gameday: {problem}", err=True)
        code = problem.exit_code
    if not all(event.held for _, event in run.session.situation.history.of(BaselineJudged)):
        click.echo(_NOT_WELL, err=True)
    if not run.clean:  # also where the log had no room left to say so
        click.echo(f"The stack is not as it was. Try again: gameday revert {run.id}", err=True)
        for command in run.by_hand:  # whole, to be copied into a shell
            click.echo(f"or by hand: {command}", err=True)
        code = ExitCode.NOT_CLEAN
    return code


def _execute(run: Run) -> GamedayError | None:
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
