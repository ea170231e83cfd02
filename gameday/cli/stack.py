"""The system under rehearsal by itself."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from gameday.cli import complete, stacks
from gameday.cli.tables import table, terminal_width
from gameday.errors import Refused, StackError
from gameday.live import listed
from gameday.ports import Stack

T = TypeVar("T")
_NAME = click.argument("name", required=False, shell_complete=complete.standing)


@click.group("stack")
def stack_command() -> None:
    """The system under rehearsal by itself: bring it up, look at it, pull its levers, take it down.

    Example: gameday stack up && gameday run auth-connection-leak --attach staging
    """


def _attached(name: str | None, ask: Callable[[Stack], Awaitable[T]]) -> T:
    async def attached() -> T:
        stack = stacks.recall(stacks.meant(name))
        await stack.attach()
        return await ask(stack)

    return asyncio.run(attached())


@stack_command.command("up")
@click.argument("name", default=stacks.DEFAULT_NAME, required=False)
@click.option(
    "--stack",
    "kind",
    type=click.Choice(stacks.OURS),
    default="local",
    show_default=True,
    help="Of which kind.",
)
@click.option(
    "--in",
    "namespace",
    metavar="NAMESPACE",
    help="Which namespace (or CONTEXT/NAMESPACE), where gameday.toml allows several.",
)
@click.option(
    "--not-production",
    multiple=True,
    metavar="NAME",
    help="A context or namespace that is refused because it looks like production, and is none.",
)
def up_command(name: str, kind: str, namespace: str | None, not_production: tuple[str, ...]) -> None:
    """Bring a stack up and leave it standing; prints its addresses.

    \b
    Example: gameday stack up
             gameday stack up --stack compose
             gameday stack up --stack kubernetes
    """
    stack = _fresh(kind, namespace, not_production)
    stacks.remember(name, stack)
    try:
        asyncio.run(stack.up())
    except BaseException:
        stacks.forget(name)
        raise
    points = stack.endpoints()
    click.echo(f"stack '{name}' stands")
    click.echo(f"  gateway    {points.gateway}")
    click.echo(f"  toxiproxy  {points.toxiproxy}")
    click.echo(f"  control    {points.control}")
    click.echo(f"use it: gameday run SCENARIO --attach {name}    take it down: gameday stack down {name}")


def _fresh(kind: str, namespace: str | None, not_production: tuple[str, ...]) -> Stack:
    """A stack that is not up yet; a namespace is one that the project allows."""
    if kind != "kubernetes":
        if namespace or not_production:
            raise click.UsageError("--in and --not-production are for --stack kubernetes")
        return stacks.fresh(kind)
    from gameday.catalog import Catalog
    from gameday.runner.refusals import refuse_look_alikes

    stack = stacks.namespace(namespace, Catalog().config().targets.kubernetes)
    refuse_look_alikes(stack.handle().values(), not_production)
    return stack


@stack_command.command("down")
@_NAME
def down_command(name: str | None) -> None:
    """Stop a standing stack and remove what it left. Twice does no harm.

    Example: gameday stack down
    """
    name = stacks.meant(name)
    if name not in stacks.names():
        click.echo(f"no stack '{name}' stands")
        return
    stack = stacks.recall(name)
    _refuse_in_use(name, stack)
    asyncio.run(stack.down())
    stacks.forget(name)
    click.echo(f"stack '{name}' is down")


def _refuse_in_use(name: str, stack: Stack) -> None:
    """A stack on which a run is live, or left something, stays: taking it away would leave the run without its end."""

    async def identity() -> str:
        await stack.attach()
        found = await stack.identity()
        return f"{found.stack}:{found.name}"

    try:
        mine = asyncio.run(identity())
    except StackError:
        return  # nobody answers: what is left of it may go
    for run in listed():
        if run.stack == mine and run.alive:
            raise Refused(f"run {run.run} is live on stack '{name}'; stop it first with Ctrl-C")
        if run.stack == mine:
            raise Refused(
                f"run {run.run} died on stack '{name}'; put it back first: gameday revert {run.run}"
            )


@stack_command.command("status")
@_NAME
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status_command(name: str | None, as_json: bool) -> None:
    """What stands, and in which state each thing is.

    Example: gameday stack status
    """
    name = stacks.meant(name)
    if name not in stacks.names():
        click.echo(json.dumps({}) if as_json else f"no stack '{name}' stands")
        return

    async def ask(stack: Stack) -> tuple[dict[str, bool], dict[str, dict[str, object]]]:
        return dict(await stack.ready()), {
            key: dict(value) for key, value in (await stack.inventory()).items()
        }

    ready, things = _attached(name, ask)
    if as_json:
        click.echo(json.dumps({"ready": ready, "things": things}))
        return
    rows = [
        [component, aspect, json.dumps(state) if not isinstance(state, str) else state]
        for component, aspects in things.items()
        for aspect, state in aspects.items()
    ]
    click.echo(table(["component", "what", "state"], rows, width=terminal_width()))
    waiting = [component for component, is_ready in ready.items() if not is_ready]
    click.echo(f"not ready: {', '.join(waiting)}" if waiting else "all parts are ready")


@stack_command.command("env")
@_NAME
def env_command(name: str | None) -> None:
    """The variables that experiments and load need, for a shell. They hold the stack's passwords.

    Example: eval "$(gameday stack env)" && chaos run experiments/proxy-latency.yaml
    """

    async def ask(stack: Stack) -> dict[str, str]:
        return dict(stack.environment())

    for key, value in _attached(name, ask).items():
        click.echo(f"export {key}={shlex.quote(value)}")


@stack_command.command("levers")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def levers_command(as_json: bool) -> None:
    """The levers of the stack, with their parameters.

    Example: gameday stack levers
    """
    specs = stacks.fresh("local").levers()
    if as_json:
        rows = [
            {"name": s.name, "about": s.about, "parameters": dict(s.parameters), "example": s.example}
            for s in specs
        ]
        click.echo(json.dumps(rows))
        return
    for spec in specs:
        click.echo(f"{spec.name}: {spec.about}")
        for parameter, meaning in spec.parameters.items():
            click.echo(f"    {parameter}  {meaning}")
        click.echo(f"    example: {spec.example}")


@stack_command.command("lever")
@click.argument(
    "words", nargs=-1, required=True, metavar="NAME [TARGET] [NAME=VALUE]...", shell_complete=complete.levers
)
@click.option(
    "--stack", "name", metavar="NAME", shell_complete=complete.standing, help="Which stack, if several stand."
)
def lever_command(words: tuple[str, ...], name: str | None) -> None:
    """Pull a lever of a standing stack, outside any run.

    Example: gameday stack lever rollback auth
    """
    from gameday.levers import read_call

    async def pull(stack: Stack) -> str:
        result = await stack.pull(read_call(list(words), stack.levers()))
        if not result.ok:
            raise StackError(result.did)
        return result.did

    click.echo(_attached(name, pull))
