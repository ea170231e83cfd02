"""A system's monitors, for those who have a Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from gameday.cli import complete
from gameday.errors import InputError

if TYPE_CHECKING:
    from gameday.model.system import System


class _Seconds(click.ParamType[float]):
    """A duration as everywhere else: ``15s``, ``500ms``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; says how a duration is written."""
        from gameday.model.quantities import duration

        try:
            found = value if isinstance(value, float) else duration(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        if found <= 0:
            self.fail("an interval is more than nothing", param, ctx)
        return found


@click.group("monitors")
def monitors_command() -> None:
    """A system's monitors, for Prometheus.

    Example: gameday monitors render auth --prometheus
    """


@monitors_command.command("render")
@click.argument("system", shell_complete=complete.systems)
@click.option("--prometheus", "kind", flag_value="prometheus", help="Alerting rules for Prometheus.")
@click.option("--alertmanager", "kind", flag_value="alertmanager", help="The route that pages a run.")
@click.option("--grafana", "kind", flag_value="grafana", help="A dashboard.")
@click.option("--scrape", type=_Seconds(), default="1s", show_default=True, help="How often it scrapes.")
@click.option(
    "--evaluation", type=_Seconds(), default="1s", show_default=True, help="How often rules are evaluated."
)
@click.option(
    "--group-wait",
    type=_Seconds(),
    default="1s",
    show_default=True,
    help="How long whoever pages waits for more.",
)
@click.option(
    "--url",
    default="http://127.0.0.1:9099/alerts",
    show_default=True,
    help="Where a run listens for webhooks, as Alertmanager reaches it.",
)
@click.option(
    "--credentials-file",
    default="/etc/alertmanager/gameday-token",
    show_default=True,
    help="Where Alertmanager finds the token.",
)
def render_command(
    system: str,
    kind: str | None,
    scrape: float,
    evaluation: float,
    group_wait: float,
    url: str,
    credentials_file: str,
) -> None:
    """Print a system's monitors as rules of Prometheus, Alertmanager's route to a run, or a dashboard of Grafana.

    \b
    Example: gameday monitors render auth --prometheus --scrape 15s > rules.yml
             gameday monitors render auth --alertmanager --url http://gameday.internal:9099/alerts
    """
    from gameday.detect.dashboard import dashboard
    from gameday.detect.rendered import Intervals, route, rules
    from gameday.places import Kind
    from gameday.shelf import Shelf

    if kind is None:
        raise InputError("say for whom: --prometheus, --alertmanager or --grafana")
    shelf = Shelf()
    reading = shelf.read(Kind.SYSTEM, shelf.path(Kind.SYSTEM, system)).reading
    if reading.model is None:
        raise InputError(reading.problems)
    name, intervals = shelf.path(Kind.SYSTEM, system).stem, Intervals(scrape, evaluation, group_wait)
    if not reading.model.monitors:
        raise InputError(f"system '{name}' has no monitors")
    made: Mapping[str, Callable[[System], str]] = {
        "prometheus": lambda model: rules(name, model, intervals),
        "alertmanager": lambda _: route(name, intervals, url, credentials_file),
        "grafana": lambda model: dashboard(name, model, intervals),
    }
    click.echo(made[kind](reading.model), nl=False)
