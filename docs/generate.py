"""Write what the documentation takes from the program itself: ``make docs`` (a test fails where it is stale).

Whole pages: reference/commands.md (from the commands), reference/files.md (from the schemas), reference/names.md (from
the library and the closed lists). In other pages the block below ``<!-- file: PATH -->`` is that file, and the table
between ``<!-- events -->`` and ``<!-- end -->`` is of the log's events. Also how the sample system pages in
containers and in pods: rules and route, from its monitors.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gameday import metrics  # noqa: E402 - found only now
from gameday.cli.program import app  # noqa: E402
from gameday.detect.dashboard import dashboard  # noqa: E402
from gameday.detect.rendered import Intervals, route, rules  # noqa: E402
from gameday.events import EVENT_TYPES  # noqa: E402
from gameday.model.schemas import MODELS, schema  # noqa: E402
from gameday.model.vocabulary import ROLES, TOPICS  # noqa: E402
from gameday.places import HOMES, Kind  # noqa: E402
from gameday.shelf import Shelf  # noqa: E402
from gameday.stacks.platform.lever_table import LEVERS  # noqa: E402

_MADE = "<!-- Made by `make docs`: change what it is made from. -->"
_FILE = re.compile(r"(<!-- file: (\S+) -->\n\n?```\w+\n).*?(```\n)", re.DOTALL)
_EVENTS = re.compile(r"(<!-- events -->\n).*?(<!-- end -->)", re.DOTALL)
_WIDTH = 100


def pages() -> Mapping[Path, str]:
    """Every page that is made or partly made, whole."""
    made = {
        ROOT / "docs" / "reference" / "commands.md": _text(_commands()),
        ROOT / "docs" / "reference" / "files.md": _text(_files()),
        ROOT / "docs" / "reference" / "names.md": _text(_names()),
        **_alerting(),
    }
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if path not in made:
            text = path.read_text(encoding="utf-8")
            text = _FILE.sub(lambda found: f"{found[1]}{_source(found[2])}\n{found[3]}", text)
            made[path] = _EVENTS.sub(lambda found: f"{found[1]}{_text(_events())}{found[2]}", text)
    return made


def _alerting() -> dict[Path, str]:
    """How the sample system's Prometheus and Alertmanager page, in containers and in pods: from its monitors."""
    folder = ROOT / "gameday" / "stacks" / "compose" / "files"
    shelf = Shelf()
    system = shelf.read(Kind.SYSTEM, ROOT / "scenarios" / "systems" / "auth.yaml").reading.model
    assert system is not None
    made = f"# {_MADE.removeprefix('<!-- ').removesuffix(' -->')}\n"
    every = Intervals()
    inbox = ("http://platform:8400/alerts/in", "/run/staging/alerts-token")
    alerts, paging = rules("auth", system, every), route("auth", every, *inbox)
    maps = [
        _config_map("prometheus-rules", "alerts.yml", alerts),
        _config_map("alertmanager", "alertmanager.yml", paging),
    ]
    return {
        folder / "alerts.yml": made + alerts,
        folder / "alertmanager.yml": made + paging,
        ROOT / "gameday" / "stacks" / "kubernetes" / "alerting" / "rules.yaml": made + "---\n".join(maps),
        folder / "grafana" / "dashboards" / "auth.json": dashboard("auth", system, every),
    }


def _config_map(name: str, file: str, text: str) -> str:
    body = textwrap.indent(text, "    ", lambda line: bool(line.strip()))
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  {file}: |\n{body}"


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8").rstrip("\n")


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"


def _commands() -> Iterator[str]:
    yield from ("# Commands", "", _MADE, "")
    yield "`gameday COMMAND --help` says the same. Exit codes: 0 passed, 1 expectations missed, 2 bad input (nothing"
    yield "was touched), 3 inconclusive or aborted, 4 something could not be put back, 70 a bug in gameday. Results go"
    yield "to stdout, progress and messages to stderr; colour only on a terminal, never with `NO_COLOR`."
    for path, command in _walk(app, ()):
        yield from ("", f"## {' '.join(('gameday', *path))}", "", "```text")
        yield from (command.get_help(_context(command, " ".join(path))).rstrip(), "```")


def _context(command: click.Command, path: str) -> click.Context:
    """As on the command line, below the program's own: it says which options every command has."""
    top = click.Context(
        app,
        info_name="gameday",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    return top if command is app else click.Context(command, info_name=path, parent=top)


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not path:
        yield path, group
    context = _context(group, " ".join(path))
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))
        else:
            yield (*path, name), command


def _files() -> Iterator[str]:
    yield from ("# Files", "", _MADE, "")
    yield "Every key of every file that people write. Editors check and complete them with the JSON Schemas in"
    yield "[schemas/](../../schemas). Unknown keys and keys that come twice are errors. *Needed* keys have no default."
    for kind in MODELS:
        found = schema(kind)
        home, endings = HOMES[Kind(kind)]
        yield from (
            "",
            f"## {kind.capitalize()}",
            "",
            f"`{home}/*{endings[0]}`. {_about(found)}".rstrip(),
            "",
        )
        yield from _keys(found)
        for name, part in found.get("$defs", {}).items():
            if part.get("properties"):
                yield from ("", f"### {kind.capitalize()}: {name}", "", _about(part), "")
                yield from _keys(part)


def _about(part: Mapping[str, Any]) -> str:
    return " ".join(str(part.get("description", "")).replace("``", "`").split())


def _keys(part: Mapping[str, Any]) -> Iterator[str]:
    needed = set(part.get("required", ()))
    rows = []
    for key, value in part.get("properties", {}).items():
        default = value.get("default")
        said = (
            "needed" if key in needed else "" if default in (None, [], {}, "") else f"`{json.dumps(default)}`"
        )
        rows.append((f"`{key}`", _kind(value), said))
    return _table(("key", "value", "default"), rows)


def _kind(value: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one for each shape
    """A value's shape in words."""
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in value:
            kinds = [_kind(one) for one in value[several] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if about := _about(value):
        return about
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}))}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return f"map of names to {_kind(inner)}" if isinstance(inner, dict) else "map"
    return {"string": "text", "boolean": "true or false", "integer": "whole number"}.get(
        str(value.get("type", "")), str(value.get("type", "anything"))
    )


_LISTED = {
    Kind.SCENARIO: "Scenarios",
    Kind.EXPERIMENT: "Experiments",
    Kind.RUNBOOK: "Runbooks",
    Kind.RUBRIC: "Rubrics",
    Kind.SYSTEM: "Systems",
    Kind.PLAYBOOK: "Playbooks",
}


def _names() -> Iterator[str]:
    yield from ("# Names", "", _MADE, "")
    yield "What comes with gameday, and the closed lists of words. `gameday list` prints each, your own included."
    shelf = Shelf(ROOT)
    for kind, title in _LISTED.items():
        rows = []
        for name in shelf.names(kind):
            path = shelf.path(kind, name)
            model = shelf.read(kind, path).reading.model
            link = f"[`{name}`](../../{path.relative_to(ROOT).as_posix()})"
            rows.append((link, getattr(model, "title", "") or ""))
        yield from ("", f"## {title}", "")
        yield from _table(("name", "title"), rows)
    yield from ("", "## Parameters of experiments", "", "What a scenario's `with` can say.", "")
    yield from _table(("experiment", "parameter", "default", "about"), list(_parameters(shelf)))
    yield from ("", "## Levers of the embedded stack", "")
    levers = [
        (
            f"`{spec.name}`",
            spec.about,
            "; ".join(f"`{k}`: {v}" for k, v in spec.parameters.items()),
            f"`{spec.example}`",
        )
        for spec in LEVERS
    ]
    yield from _table(("lever", "does", "parameters", "example"), levers)
    yield from ("", "## Metrics", "", "A window of 0 is the newest value.", "")
    rows = [
        (f"`{m.name}`", str(m.unit), " and ".join(sorted(m.sides)), f"{m.window:g} s", m.about)
        for m in metrics.METRICS.values()
    ]
    yield from _table(("metric", "unit", "seen by", "window", "means"), rows)
    for title, known in (
        ("Topics of looks", TOPICS),
        ("Facts", metrics.FACTS),
        ("Mechanisms", metrics.MECHANISMS),
        ("Roles", ROLES),
    ):
        yield from ("", f"## {title}", "")
        yield from _table(("name", "means"), [(f"`{name}`", about) for name, about in known.items()])


def _parameters(shelf: Shelf) -> Iterator[tuple[str, ...]]:
    for name in shelf.names(Kind.EXPERIMENT):
        model: Any = shelf.read(Kind.EXPERIMENT, shelf.path(Kind.EXPERIMENT, name)).reading.model
        for key, parameter in (model.ours.parameters if model and model.ours else {}).items():
            yield f"`{name}`", f"`{key}`", f"`{json.dumps(parameter.default)}`", parameter.about


def _events() -> Iterator[str]:
    rows = []
    for name, event in EVENT_TYPES.items():
        about = " ".join((event.__doc__ or "").split())
        fields = ", ".join(f"`{field}`" for field in event.model_fields if field != "type")
        rows.append((f"`{name}`", about, fields))
    return _table(("type", "says", "fields"), rows)


if __name__ == "__main__":
    for page, text in pages().items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            click.echo(page.relative_to(ROOT))
