"""The fault proxy alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("proxy")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the HTTP API.")
@click.option(
    "--port",
    default=8474,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Its port; 0 for a free one.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Proxies to begin with (Toxiproxy's JSON).",
)
@click.option("--seed", type=int, help="Makes toxicity's draws repeatable.")
def proxy_command(host: str, port: int, config: Path | None, seed: int | None) -> None:
    """Run the fault proxy in the foreground. It speaks Toxiproxy's HTTP API.

    Example: gameday proxy --port 8474 --config proxies.json
    """
    from gameday.faults.proxy.__main__ import main

    arguments = ["--host", host, "--port", str(port)]
    if config:
        arguments += ["--config", str(config)]
    if seed is not None:
        arguments += ["--seed", str(seed)]
    sys.exit(main(arguments))
