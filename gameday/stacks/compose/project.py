"""The compose project through Docker's own command line: brought up, found, asked for what it publishes, taken down.

The command line knows the user's engine (contexts, DOCKER_HOST); nothing here speaks to it in any other way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gameday
from gameday.errors import StackError
from gameday.stacks.compose.names import MARKER_LABEL, PORTS, PROJECT, SERVICE

UP_SECONDS = 300.0
"""With images to be made; a minute without."""
DOWN_SECONDS = 60.0
ASK_SECONDS = 15.0
_LAST_LINES = 15
_GHOST = "has active endpoints"
"""What an engine says that has lost count of who is in a network; seen in 2 of 45 projects with Docker 20.10."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One running project, as the engine describes its containers."""

    name: str
    markers: frozenset[str]
    """What its containers carry as the marker; empty texts where they carry none."""
    ids: Mapping[str, str]
    """Service -> the id of its first container."""
    ports: Mapping[tuple[str, int], int]
    """Service and port inside -> port on this machine."""


def project_file() -> Path:
    """The project's file: of the repository, or as the package carries it."""
    package = Path(gameday.__file__).parent
    beside, carried = package.parent / "docker-compose.yml", package / "library" / "docker-compose.yml"
    return beside if beside.is_file() else carried


async def up(name: str, *, fresh_ports: bool) -> None:
    """Bring the project up and wait until all of it is healthy. Raises StackError with the end of what was said."""
    environment = {**os.environ, **(_free_ports() if fresh_ports else {})}
    await _compose(
        name,
        "up",
        "--detach",
        "--wait",
        "--quiet-pull",
        "--build",
        within=UP_SECONDS,
        environment=environment,
    )


def _free_ports() -> dict[str, str]:
    """A free port for each; the engine would choose others whenever a container is started again."""
    with contextlib.ExitStack() as held:
        ports = {}
        for variable in PORTS:
            taken = held.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            ports[variable] = str(taken.getsockname()[1])
    return ports


async def down(name: str) -> None:
    """Take away its containers, networks and volumes, one after the other. Idempotent. Raises StackError.

    An engine that has lost count of who is in a network keeps that network, empty, until it is started anew: said, and
    no reason to call a run that is over and clean anything else.
    """
    environment = {**os.environ, "COMPOSE_PARALLEL_LIMIT": "1"}  # side by side is how engines lose count
    words = ("down", "--volumes", "--remove-orphans", "--timeout", "1")
    try:
        await _compose(name, *words, within=DOWN_SECONDS, environment=environment)
    except StackError as problem:
        if _GHOST not in str(problem) or await _containers(name, "--all"):
            raise
        _log.warning(
            "the engine keeps an empty network of '%s' in which it believes to see a container that is gone; "
            "it goes with: docker network prune, once the engine was started anew",
            name,
        )


async def find(name: str) -> Found | None:
    """The project of this name; None where no container of it runs. Raises StackError where no engine answers."""
    listed = await _containers(name)
    if not listed:
        return None
    rows: list[dict[str, Any]] = json.loads(await _docker("inspect", *listed, within=ASK_SECONDS))
    rows.sort(key=lambda row: row["Name"])
    ids: dict[str, str] = {}
    ports: dict[tuple[str, int], int] = {}
    for row in rows:
        service = row["Config"]["Labels"][SERVICE]
        ids.setdefault(service, row["Id"])
        for inside, where in (row["NetworkSettings"]["Ports"] or {}).items():
            if where:
                ports[service, int(inside.partition("/")[0])] = int(where[0]["HostPort"])
    markers = frozenset(row["Config"]["Labels"].get(MARKER_LABEL, "") for row in rows)
    return Found(name, markers, ids, ports)


async def _containers(name: str, *also: str) -> list[str]:
    """The ids of those that run; of all with ``--all``."""
    label = f"label={PROJECT}={name}"
    return (
        await _docker("ps", "--quiet", "--no-trunc", *also, "--filter", label, within=ASK_SECONDS)
    ).split()


async def secrets_of(container: str, names: Sequence[str]) -> dict[str, str]:
    """The project's passwords and tokens, from its platform. Raises StackError."""
    files = [f"/run/staging/{name}" for name in names]
    text = await _docker("exec", container, "tail", "-v", "-n", "+1", *files, within=ASK_SECONDS)
    found: dict[str, str] = {}
    for block in text.split("==> ")[1:]:
        file, _, value = block.partition(" <==\n")
        found[file.rpartition("/")[2]] = value.strip()
    return found


async def _compose(name: str, *words: str, within: float, environment: Mapping[str, str] = os.environ) -> str:
    file = project_file()
    where = ["--project-directory", str(Path(gameday.__file__).parent.parent)]
    command = ["compose", "--project-name", name, "--file", str(file), *where, "--progress", "plain", *words]
    return await _docker(*command, within=within, environment=environment)


async def _docker(*words: str, within: float, environment: Mapping[str, str] = os.environ) -> str:
    """What a docker command printed. Raises StackError where it failed, or took too long."""
    program = shutil.which("docker")
    if program is None:
        raise StackError(
            "Docker is missing: the compose stack needs the docker command with its compose plugin"
        )
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,  # a Ctrl-C is the runner's business; it must not break a half-way teardown
    )
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    except TimeoutError:
        raise StackError(f"docker {words[0]} took longer than {within:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        said = "\n".join(f"  {line}" for line in err.decode(errors="replace").splitlines()[-_LAST_LINES:])
        raise StackError(f"docker {words[0]} failed:\n{said}")
    return out.decode(errors="replace")
