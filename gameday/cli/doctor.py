"""``gameday doctor``: what this machine can do, and what to install for the rest."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from gameday.errors import ExitCode


@click.command("doctor")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs would be kept.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def doctor_command(out: Path, as_json: bool) -> None:
    """Say what this machine can do, what is missing with its mend, and what earlier runs left.

    Exit 0 where the embedded stack can run, else 3. Starts nothing and leaves nothing.

    Example: gameday doctor
    """
    from gameday.cli.machine import findings

    found = list(findings(out))
    missing = [finding for finding in found if finding.state == "missing"]
    if as_json:
        click.echo(json.dumps({"can_run": not missing, "findings": [asdict(finding) for finding in found]}))
    else:
        wide = max(len(finding.name) for finding in found)
        for finding in found:
            click.echo(f"{finding.state:<8}{finding.name:<{wide}}  {finding.what}")
            if finding.mend:
                click.echo(f"{'':<8}{'':<{wide}}  -> {finding.mend}")
        click.echo()
        if missing:
            names = ", ".join(finding.name for finding in missing)
            click.echo(f"The embedded stack cannot run here yet: {names}.")
        else:
            click.echo("The embedded stack can run. Try: gameday run auth-connection-leak")
    raise click.exceptions.Exit(ExitCode.INCONCLUSIVE if missing else ExitCode.PASSED)
