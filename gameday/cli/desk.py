"""The desk from a shell: every act of a responder on the running game day."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from gameday.cli import complete
from gameday.cli.tables import table, terminal_width
from gameday.live import chosen
from gameday.respond.client import ask

F = TypeVar("F", bound=Callable[..., Any])


def _common(command: F) -> F:
    """Options that every act has."""
    command = click.option(
        "--run",
        "run_name",
        metavar="RUN",
        shell_complete=complete.live,
        help="Which run; needed only if several are live.",
    )(command)
    command = click.option(
        "--as",
        "by",
        metavar="NAME",
        default=getpass.getuser,
        show_default="your login name",
        help="Who acts.",
    )(command)
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)


def _act(do: str, common: dict[str, Any], **words: Any) -> None:
    """Send one act and print what the desk says."""
    run, by, as_json = chosen(common["run_name"]), common["by"], common["as_json"]
    given = {key: value for key, value in words.items() if value not in (None, "", (), [])}
    reply = ask(run.desk, run.token, "POST", "/acts", {"do": do, "by": by, "words": given})
    if as_json:
        click.echo(json.dumps(reply))
        return
    if reply["columns"]:
        click.echo(table(reply["columns"], reply["rows"], width=terminal_width()))
    if reply["text"]:
        said = reply["text"] if do == "lever" else f"{do}: {reply['text']}"
        click.echo(said if reply["ok"] else f"failed: {said}", err=not reply["ok"])
    if not reply["ok"]:
        raise click.exceptions.Exit(1)


def _pairs(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise click.UsageError(f"write '{word}' as NAME=VALUE")
        found[name] = value
    return found


@click.command("look", short_help="Ask the system.")
@click.argument("topic", metavar="TOPIC", shell_complete=complete.topics)
@click.argument("words", nargs=-1, metavar="[NAME=VALUE]...")
@_common
def look_command(topic: str, words: Sequence[str], **common: Any) -> None:
    """Ask the system something; each look is kept as evidence.

    TOPIC is deploys, config, metrics, logs, dependencies or connections.

    \b
    Example: gameday look deploys
             gameday look logs level=ERROR since=2m
    """
    _act("look", common, **{**_pairs(words), "topic": topic})


@click.command("ack")
@_common
def ack_command(**common: Any) -> None:
    """Take the page: you are on it.

    Example: gameday ack
    """
    _act("ack", common)


@click.command("declare")
@click.argument("severity", metavar="SEV1|SEV2|SEV3|SEV4", shell_complete=complete.severities)
@click.option(
    "--affects", metavar="SERVICE[,SERVICE]", help="What is affected; also says that you noticed it."
)
@click.option("--note", metavar="TEXT", help="What users feel.")
@_common
def declare_command(severity: str, affects: str | None, note: str | None, **common: Any) -> None:
    """Declare the incident with its severity. You are incident commander unless you assign another.

    Example: gameday declare SEV2 --affects database --note "orders take a minute"
    """
    _act("declare", common, severity=severity, affects=affects, note=note)


@click.command("assign")
@click.argument("role", metavar="ROLE", shell_complete=complete.roles)
@click.argument("to", metavar="NAME")
@_common
def assign_command(role: str, to: str, **common: Any) -> None:
    """Give somebody a role: incident-commander (ic), technical-lead (tl), communications-lead (comms), scribe.

    Example: gameday assign technical-lead bob
    """
    _act("assign", common, role=role, to=to)


@click.command("note")
@click.argument("text")
@click.option(
    "--affects", metavar="SERVICE[,SERVICE]", help="What is affected, if you are saying that something is."
)
@_common
def note_command(text: str, affects: str | None, **common: Any) -> None:
    """Write something down for the timeline.

    Example: gameday note "support says that orders take a minute" --affects database
    """
    _act("note", common, text=text, affects=affects)


@click.command("hypothesis")
@click.argument("component")
@click.argument("mechanism", shell_complete=complete.mechanisms)
@click.option("--because", metavar="TEXT", help="What speaks for it.")
@click.option("--confidence", metavar="PERCENT", help="How sure you are, for example 70%.")
@_common
def hypothesis_command(
    component: str, mechanism: str, because: str | None, confidence: str | None, **common: Any
) -> None:
    """Say what might be wrong where. Mechanisms: gameday list mechanisms.

    Example: gameday hypothesis database disk-full --because "it takes no writes since noon"
    """
    _act(
        "hypothesis", common, component=component, mechanism=mechanism, because=because, confidence=confidence
    )


@click.command("step")
@click.argument("step", metavar="STEP")
@click.option("--skip", is_flag=True, help="You leave it out; say why with --because.")
@click.option("--because", metavar="TEXT", help="Why it is left out or done differently.")
@click.option("--doer", metavar="NAME", help="Who did it, where you are not the doer.")
@_common
def step_command(step: str, skip: bool, because: str | None, doer: str | None, **common: Any) -> None:
    """Tick a step of the runbook that no machine can see, or say why it is left out.

    Example: gameday step read-the-plan --doer bob
    """
    _act("step", common, step=step, skipped=skip or None, because=because, doer=doer)


@click.command("lever")
@click.argument(
    "words", nargs=-1, required=True, metavar="NAME [TARGET] [NAME=VALUE]...", shell_complete=complete.levers
)
@click.option("--because", metavar="TEXT", help="Why, if it is not in the runbook.")
@_common
def lever_command(words: Sequence[str], because: str | None, **common: Any) -> None:
    """Pull a lever of the stack. Which there are: gameday stack levers.

    \b
    Example: gameday lever restart auth
             gameday lever scale auth replicas=3
    """
    _act("lever", common, words=list(words), because=because)


@click.command("update")
@click.argument(
    "status", metavar="investigating|identified|monitoring|resolved", shell_complete=complete.statuses
)
@click.argument("text")
@click.option(
    "--next", "next_update", metavar="DURATION", help="When the next update will come, for example 15m."
)
@_common
def update_command(status: str, text: str, next_update: str | None, **common: Any) -> None:
    """Post a status update for stakeholders.

    Example: gameday update investigating "Orders may take longer" --next 15m
    """
    _act("update", common, status=status, text=text, next=next_update)


@click.command("verify")
@click.argument("text", required=False)
@_common
def verify_command(text: str | None, **common: Any) -> None:
    """Say that you checked and the system is well again.

    Example: gameday verify "error rate is back to zero"
    """
    _act("verify", common, text=text)


@click.command("resolve")
@click.argument("text", required=False)
@_common
def resolve_command(text: str | None, **common: Any) -> None:
    """Say that the incident is over. Where the cause is still there, say that you work around it.

    \b
    Example: gameday resolve "the disk has room again"
             gameday resolve "work-around: old exports are deleted every hour"
    """
    _act("resolve", common, text=text)
