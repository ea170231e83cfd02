"""``gameday completion``: what a shell needs to complete commands and names."""

from __future__ import annotations

import click

_WHERE = {
    "bash": "echo 'eval \"$(gameday completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(gameday completion zsh)\"' >> ~/.zshrc",
    "fish": "gameday completion fish > ~/.config/fish/completions/gameday.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion_command(shell: str) -> None:
    """Print what a shell needs to complete commands, scenarios, runs, levers and topics.

    \b
    Example: gameday completion fish > ~/.config/fish/completions/gameday.fish
             eval "$(gameday completion bash)"      in ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    from gameday.cli import COMPLETE
    from gameday.cli.program import app

    found = get_completion_class(shell)
    assert found is not None  # click has all three
    script = found(app, {}, "gameday", COMPLETE)
    click.echo(script.source_template % script.source_vars())
