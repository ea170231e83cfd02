"""``gameday revert``: finish what a crashed run could not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from gameday.cli import complete


@click.command("revert")
@click.argument("run", default="latest", shell_complete=complete.runs)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs are.",
)
def revert_command(run: str, out: Path) -> None:
    """Put back what a crashed run left: its faults, its levers, its processes, its stack. Twice does no harm.

    Example: gameday revert latest
    """
    from gameday.cli import stacks
    from gameday.log import LOG_NAME, find_run
    from gameday.runner.revert import revert

    folder = _left(run)
    if folder is None and run == "latest" and not any(out.glob(f"*/{LOG_NAME}")):
        click.echo("nothing is left to put back: no run died, and there is none in " + str(out))
        return
    folder = folder or find_run(run, out)
    for line in asyncio.run(revert(folder, stacks.again)):
        click.echo(line)


def _left(run: str) -> Path | None:
    """The run that is meant among those that died and were not put back; ``latest`` is the last of them."""
    from gameday.live import listed

    died = [other for other in listed() if not other.alive and run in {"latest", other.run}]
    return Path(died[-1].folder) if died else None
