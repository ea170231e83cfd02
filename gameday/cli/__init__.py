"""The command line. ``--help`` and the desk's commands must be instant, so each command's module loads on use.

This package is the composition root: it alone knows which adapter implements which seam.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from gameday.errors import ExitCode, GamedayError, InputError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS: dict[str, tuple[str, str]] = {
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
    "proxy": ("proxy", "The fault proxy alone, with Toxiproxy's API."),
    "init": ("init", "Lay out a project with a first scenario of your own."),
    "doctor": ("doctor", "What this machine can do, and what to install for the rest."),
    "completion": ("completion", "Complete commands and names in bash, zsh or fish."),
}
"""Command -> module of this package that has it, and its line in the help."""


COMPLETE = "_GAMEDAY_COMPLETE"
"""The variable by which a shell asks for completions; whatever else is typed, it finds the same program."""


class Lazy(click.Group):
    """A group whose commands' modules are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which people meet them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the module and take its function of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"gameday.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table alone: completing a command's name imports none of them."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        rows = _COMMANDS.items()
        return [CompletionItem(name, help=about) for name, (_, about) in rows if name.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command offered."""
        import difflib

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """From the table alone: nothing is imported for the help."""
        groups = {
            "The first hour": ["doctor", "init", "completion"],
            "Game days": ["run", "status", "revert", "replay"],
            "At the desk, while a run is live": [
                name for name, (module, _) in _COMMANDS.items() if module == "desk"
            ],
            "Results": ["score", "report"],
            "Files": ["validate", "list", "show"],
            "The staging system": ["stack", "proxy"],
        }
        for title, names in groups.items():
            with formatter.section(title):
                formatter.write_dl([(name, _COMMANDS[name][1]) for name in names])


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First time here? gameday doctor, then gameday run auth-connection-leak, and open the report that it names.",
)
@click.version_option(package_name="gameday-runner", prog_name="gameday")
def app() -> None:
    """Rehearse production incidents on staging, and grade the rehearsal with evidence.

    A scenario says what breaks, under which load, what must be noticed by when and what the team should do.
    gameday breaks it for real, holds it while the team works, always puts it back, and grades what happened.
    """


def _say_no_more() -> None:
    """What could not be written is given up, so that the interpreter does not try again while it ends."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def _tell(problem: click.ClickException) -> None:
    problem.show()
    if "unexpected extra argument" in problem.message:
        click.echo("A text of several words needs quotes.", err=True)


def main() -> NoReturn:
    """Run the command line; every error people can make is a sentence and an exit code, never a traceback."""
    try:
        code = app.main(prog_name="gameday", complete_var=COMPLETE, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Abort:
        sys.exit(ExitCode.INCONCLUSIVE)
    except click.exceptions.Exit as asked:
        sys.exit(asked.exit_code)
    except click.ClickException as problem:
        _tell(problem)
        sys.exit(ExitCode.BAD_INPUT)
    except InputError as problem:
        click.echo(str(problem), err=True)
        sys.exit(ExitCode.BAD_INPUT)
    except GamedayError as problem:
        click.echo(f"gameday: {problem}", err=True)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        _say_no_more()
        sys.exit(0)
    except OSError as problem:
        _say_no_more()
        with contextlib.suppress(OSError):
            click.echo(f"gameday: {problem}", err=True)
        sys.exit(ExitCode.INCONCLUSIVE)
    except Exception:  # noqa: BLE001 - the last resort says so and keeps the traceback for the report
        import traceback

        click.echo("gameday: this is a bug in gameday; please report it with what follows", err=True)
        traceback.print_exc()
        sys.exit(ExitCode.BUG)
    sys.exit(code if isinstance(code, int) else 0)
