"""The files that people write: check, list, show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from gameday.cli import complete
from gameday.cli.tables import table, terminal_width
from gameday.errors import ExitCode, InputError

_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs are.",
)


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def validate_command(paths: Sequence[Path], as_json: bool) -> None:
    """Check files and folders: every problem with file, line and column. Nothing is touched.

    Example: gameday validate scenarios/ experiments/ scorecards/
    """
    from gameday.validation import validate

    report = validate(list(paths))
    if as_json:
        rows = [
            {
                "place": str(p.place) if p.place else None,
                "message": p.message,
                "warning": p in report.warnings,
            }
            for p in (*report.problems, *report.warnings)
        ]
        click.echo(json.dumps(rows))
    else:
        for problem in report.problems:
            click.echo(str(problem), err=True)
        for warning in report.warnings:
            click.echo(f"{warning} (warning)", err=True)
        click.echo(report.summary, err=bool(report.problems))
    if report.problems:
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)


_FILES = {
    "scenarios": "scenario",
    "experiments": "experiment",
    "runbooks": "runbook",
    "rubrics": "rubric",
    "systems": "system",
    "playbooks": "playbook",
}
_TABLES = ("runs", "metrics", "levers", "facts", "mechanisms")


@click.command("list")
@click.argument("what", type=click.Choice([*_FILES, *_TABLES]))
@_OUT
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def list_command(what: str, out: Path, as_json: bool) -> None:
    """List scenarios, experiments, runbooks, rubrics, runs, metrics, levers, facts or mechanisms.

    Example: gameday list scenarios
    """
    columns, rows = _files(what) if what in _FILES else _known(what, out)
    if as_json:
        click.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
    elif rows:
        click.echo(table(columns, rows, width=terminal_width()))
    else:
        click.echo(f"no {what} yet", err=True)


def _files(what: str) -> tuple[list[str], list[list[str]]]:
    from gameday.catalog import Catalog, Kind

    catalog, kind = Catalog(), Kind(_FILES[what])
    rows = []
    for name in catalog.names(kind):
        path = catalog.path(kind, name)
        model = catalog.read(kind, path).reading.model
        rows.append(
            [
                name,
                getattr(model, "title", "") if model else "(has problems: gameday validate)",
                catalog.shown(path),
            ]
        )
    return ["name", "title", "file"], rows


def _known(what: str, out: Path) -> tuple[list[str], list[list[str]]]:
    if what == "runs":
        return _runs(out)
    if what == "levers":
        from gameday.cli import stacks

        return ["lever", "does", "example"], [
            [s.name, s.about, s.example] for s in stacks.fresh("local").levers()
        ]
    from gameday import metrics

    if what == "metrics":
        rows = [
            [
                m.name,
                m.unit,
                " and ".join(sorted(m.sides)),
                f"{m.window:g} s" if m.window else "newest",
                m.about,
            ]
            for m in metrics.METRICS.values()
        ]
        return ["metric", "unit", "seen by", "window", "means"], rows
    known = metrics.FACTS if what == "facts" else metrics.MECHANISMS
    return [what.removesuffix("s"), "means"], [[name, about] for name, about in known.items()]


def _runs(out: Path) -> tuple[list[str], list[list[str]]]:
    from gameday.log import LOG_NAME

    rows = []
    for log in sorted(out.glob(f"*/{LOG_NAME}")):
        try:
            card = json.loads((log.parent / "scorecard.json").read_text())
            rows.append([log.parent.name, str(card["scenario"]), str(card["verdict"])])
        except (OSError, ValueError, KeyError):
            rows.append([log.parent.name, "", "not graded: gameday score RUN"])
    return ["run", "scenario", "verdict"], rows


@click.command("show")
@click.argument("name", shell_complete=complete.everything)
@_OUT
def show_command(name: str, out: Path) -> None:
    """Show a scenario, experiment, runbook, rubric, system or playbook by its name, or a run's card.

    A runbook's parameters are filled in, so that its commands can be typed as they stand.

    Example: gameday show database-connection-exhaustion
    """
    from gameday.catalog import Catalog, Kind
    from gameday.model.markdown import filled

    catalog = Catalog()
    found = False
    for kind in (Kind(value) for value in _FILES.values()):
        if name in catalog.names(kind):
            path = catalog.path(kind, name)
            click.echo(f"# {kind} {name}: {catalog.shown(path)}", err=True)
            text = path.read_text(encoding="utf-8", errors="replace")
            click.echo(filled(text) if kind is Kind.RUNBOOK else text, nl=False)
            found = True
    if not found:
        from gameday.cli.results import show
        from gameday.log import find_run

        try:
            folder = find_run(name, out)
        except InputError:
            raise InputError(
                f"nothing is called '{name}'; see: gameday list scenarios (or experiments, runbooks, ...)"
            ) from None
        show(folder, as_json=False)
