"""What can be done with runs: grade, report, replay, and see which are live."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from gameday.cli import complete
from gameday.cli.tables import table, terminal_width

_RUN = click.argument("run", default="latest", shell_complete=complete.runs)
_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where runs are.",
)


@click.command("score")
@_RUN
@_OUT
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
def score_command(run: str, out: Path, as_json: bool) -> None:
    """Grade a run again, from its log alone; writes its files again. RUN is an id, a path, or latest.

    Example: gameday score latest
    """
    from gameday.cli.results import show
    from gameday.log import find_run

    raise click.exceptions.Exit(show(find_run(run, out), as_json=as_json))


@click.command("report")
@_RUN
@_OUT
@click.option(
    "--format",
    "kind",
    type=click.Choice(["card", "html", "postmortem", "timeline", "json", "junit"]),
    default="card",
    show_default=True,
    help="What to print.",
)
def report_command(run: str, out: Path, kind: str) -> None:
    """Print a run's card, page, post-mortem, timeline, scorecard or JUnit XML, from its log alone.

    Example: gameday report latest --format timeline
    """
    from gameday.log import find_run, read
    from gameday.score.grading import grade

    folder = find_run(run, out)
    history = read(folder)
    scorecard = grade(history)
    if kind == "card":
        from gameday.cli.results import terminal_card

        text = terminal_card(scorecard, folder, str(folder / "report.html"))
    elif kind == "html":
        from gameday.report.html import page

        text = page(scorecard, history)
    elif kind == "postmortem":
        from gameday.report.postmortem import postmortem

        text = postmortem(scorecard, history)
    elif kind == "timeline":
        from gameday.report.timeline import text as timeline_text

        text = timeline_text(scorecard, history, width=terminal_width() or 100)
    elif kind == "junit":
        from gameday.report.junit import Ended, junit

        text = junit([Ended(scorecard.scenario, scorecard.exit_code, scorecard)])
    else:
        from gameday.report.scorecard import to_json

        text = to_json(scorecard)
    click.echo(text, nl=False)


@click.command("replay")
@_RUN
@_OUT
@click.option(
    "--speed", type=click.FloatRange(0.1, 10000), default=10.0, show_default=True, help="Times real time."
)
def replay_command(run: str, out: Path, speed: float) -> None:
    """Watch a run again as it was seen live.

    Example: gameday replay latest --speed 20
    """
    from gameday.log import find_run, read
    from gameday.report.live import LiveView
    from gameday.situation import Situation

    history = read(find_run(run, out))
    situation = Situation(history.inputs())
    view = LiveView(sys.stderr)
    begin = time.monotonic()
    try:
        for record in history:
            wait = record.t / speed - (time.monotonic() - begin)
            if wait > 0:
                time.sleep(wait)
            situation.feed(record)
            view.feed(record, situation)
    finally:
        view.close()


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status_command(as_json: bool) -> None:
    """The live runs of this user, and those that a crash left to be put back.

    Example: gameday status
    """
    from gameday.live import listed

    runs = listed()
    if as_json:
        click.echo(
            json.dumps([{"run": r.run, "alive": r.alive, "pid": r.pid, "folder": r.folder} for r in runs])
        )
    elif not runs:
        click.echo("no run is live, and none is left to put back")
    else:
        rows = [
            [r.run, "live" if r.alive else f"died; put back with: gameday revert {r.run}", r.folder]
            for r in runs
        ]
        click.echo(table(["run", "state", "folder"], rows, width=terminal_width()))
