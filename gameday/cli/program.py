"""The program behind every command: the desk's must be instant, so each command's module loads on use."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from gameday.cli import COMPLETE
from gameday.cli.overview import ABOUT, COMMANDS, EPILOG, overview
from gameday.errors import ExitCode, GamedayError, InputError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Lazy(click.Group):
    """A group whose commands' modules are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the module and take its function of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gameday.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table alone: completing a command's name imports none of them."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        rows = COMMANDS.items()
        return [CompletionItem(name, help=about) for name, (_, about) in rows if name.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command offered."""
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """From the table alone: nothing is imported for the help."""
        return overview(ctx.make_formatter().width)


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=ABOUT,
    epilog=EPILOG,
)
@click.version_option(package_name="gameday-runner", prog_name="gameday")
def app() -> None:
    """The group of all commands."""


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


def run() -> NoReturn:
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
