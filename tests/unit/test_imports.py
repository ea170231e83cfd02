"""Who may import whom: the prohibitions that keep the parts apart, held by reading every file."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gameday"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))

CORE = (
    *("errors", "events", "history", "metrics", "model", "plan", "guards", "score", "monitors", "exported"),
    *("facts", "recovery", "situation", "clients", "dating", "windows", "traffic", "ports", "levers"),
    *("readiness", "paging"),
)
ADAPTERS = ("faults", "load", "detect", "stacks", "respond")
IMPURE = frozenset(
    {
        *(
            "os",
            "io",
            "sys",
            "time",
            "threading",
            "logging",
            "random",
            "secrets",
            "uuid",
            "socket",
            "subprocess",
        ),
        *(
            "multiprocessing",
            "asyncio",
            "pathlib",
            "shutil",
            "tempfile",
            "signal",
            "select",
            "http",
            "urllib",
        ),
        *("psutil", "aiohttp", "click", "rich", "jinja2"),
    }
)
CLOCKS = frozenset({"now", "utcnow", "today", "open", "print", "input"})
"""Calls that no import shows."""
PROGRAMS = frozenset({"model/schemas.py"})
"""Writes the schemas of the models to files when it is run by hand; nothing in gameday imports it."""
LONGEST = 320
VAGUE = frozenset({"utils", "util", "helpers", "helper", "manager", "common", "misc"})

HOMES = {
    "locust": ("load/listener.py", "load/lines.py"),
    "gevent": ("load/listener.py", "load/lines.py"),
    "chaoslib": ("faults/child.py", "faults/hidden.py", "faults/actions/"),
    "chaosk8s": ("faults/child.py", "faults/actions/", "faults/holds/"),
    "toxiproxy": ("faults/child.py", "faults/actions/"),
    "click": ("cli/",),
    "vl_convert": ("report/",),
    "rich": ("report/", "cli/"),
    "psycopg": ("stacks/", "staging/", "faults/holds/", "faults/actions/"),
    "starlette": ("staging/", "stacks/"),
    "uvicorn": ("staging/", "stacks/"),
}
"""Library -> the only files that may import it."""


def place(path: Path) -> str:
    """A file's path inside the package."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def imports(path: Path) -> frozenset[str]:
    """The full names of all modules that a file imports, wherever in it, but for typing only."""
    return frozenset(_imported(ast.parse(path.read_text(encoding="utf-8"))))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from _imported(node)


def ours(path: Path) -> set[str]:
    """The parts of gameday that a file imports: the word after ``gameday.``."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("gameday.")}


def part(path: Path) -> str:
    """The part that a file belongs to: a module at the top, or a folder."""
    return place(path).split("/", maxsplit=1)[0].removesuffix(".py")


def of(*parts: str) -> list[Path]:
    """The files of these parts."""
    found = [path for path in FILES if part(path) in parts]
    assert {part(path) for path in found} == set(parts)
    return found


@pytest.mark.parametrize("path", of(*CORE), ids=place)
def test_the_core_imports_only_the_core(path: Path) -> None:
    """No shell, no adapter: what grades a run can be read and run without any of them."""
    top = {name for name in ours(path) if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()}

    assert top <= set(CORE)


@pytest.mark.parametrize("path", of(*CORE), ids=place)
def test_the_core_is_pure(path: Path) -> None:
    """No clock, file, thread, socket, process, logging or chance: the same log gives the same card."""
    if place(path) in PROGRAMS:
        name = f"gameday.{place(path).removesuffix('.py').replace('/', '.')}"
        assert not [place(other) for other in FILES if name in imports(other)]
        return
    called = {
        ast.unparse(node.func).split(".")[-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }

    assert {name.split(".")[0] for name in imports(path)} & IMPURE == set()
    assert called & CLOCKS == set()


@pytest.mark.parametrize("path", of(*ADAPTERS), ids=place)
def test_adapters_do_not_know_each_other(path: Path) -> None:
    """Each can be replaced alone, and none of them knows who runs it."""
    mine = part(path)

    assert ours(path) & set(ADAPTERS) <= {mine}
    assert not ours(path) & {"runner", "cli", "report", "log", "score"}


@pytest.mark.parametrize("path", of("report"), ids=place)
def test_reports_read_histories_only(path: Path) -> None:
    """A report is made from the log; no runner, adapter or stack is needed for it."""
    assert not ours(path) & {"runner", "cli", *ADAPTERS, "staging"}


def test_the_sample_system_stands_alone() -> None:
    """It runs in processes and images of its own: it imports nothing of gameday, and nothing imports it."""
    for path in of("staging"):
        assert ours(path) <= {"staging"}, place(path)
    for path in FILES:
        if part(path) != "staging":
            assert "staging" not in ours(path), place(path)


def test_only_the_command_line_knows_the_command_line() -> None:
    """Everything else can be used without it."""
    for path in FILES:
        if part(path) not in {"cli", "__main__"}:
            assert "cli" not in ours(path), place(path)


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_have_a_home(library: str) -> None:
    """Each is imported where it is needed and nowhere else."""
    users = {place(path) for path in FILES if library in {name.split(".")[0] for name in imports(path)}}

    assert {user for user in users if not user.startswith(HOMES[library])} == set()


def test_the_command_line_starts_light() -> None:
    """`gameday --help` and the desk's commands wait for none of the heavy libraries."""
    heavy = [
        *("locust", "gevent", "chaoslib", "toxiproxy", "aiohttp", "pydantic", "rich"),
        *("vl_convert", "psycopg", "uvicorn", "starlette", "jinja2", "yaml"),
    ]
    code = "import json, sys, gameday.cli; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert set(json.loads(done.stdout)) & set(heavy) == set()


def test_one_module_writes_the_log() -> None:
    """Nobody but the log's own module opens events.jsonl for writing."""
    naming = {
        place(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and node.value == "events.jsonl")
        or (isinstance(node, ast.ImportFrom) and any(alias.name == "LOG_NAME" for alias in node.names))
    }
    writing = {
        place(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "LogWriter"
    }

    writers = {name for name in naming if _opens_for_writing(PACKAGE / name)}
    assert writers == {"log.py"}
    assert writing == {"runner/session.py"}


def _opens_for_writing(path: Path) -> bool:
    """Whether a module opens or writes any file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).split(".")[-1]
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = [
            value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
        ]
        if called in {"write_text", "write_bytes", "truncate"}:
            return True
        if called in {"open", "fdopen"} and any(set(mode) & set("wax+") and len(mode) <= 3 for mode in modes):
            return True
    return False


@pytest.mark.parametrize("path", FILES, ids=place)
def test_modules_are_short_and_named_for_what_they_know(path: Path) -> None:
    """One concept each, about three hundred lines at most, and none that is a place for everything."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert not {*path.relative_to(PACKAGE).with_suffix("").parts} & VAGUE
