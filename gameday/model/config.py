"""``gameday.toml``, or ``[tool.gameday]`` of ``pyproject.toml``: which targets are allowed, and how much."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from gameday.errors import Place, Problem
from gameday.model.base import Closed, Reference, Steps, Whole, wrong
from gameday.model.located import Document, Node
from gameday.model.quantities import LongDuration
from gameday.model.reading import Reading, build

_MARKS = re.compile(r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[\]{},]""")
"""What a list is told apart by: texts and comments whole, so that a bracket in them is none."""
_GAP = re.compile(r"(?:\s|#[^\n]*)*")
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


Services: TypeAlias = Literal[
    "gateway", "platform", "toxiproxy", "database", "database-replica", "prometheus", "alertmanager"
]


def _host_and_port(value: str) -> str:
    if re.fullmatch(r"https?://[^\s/]+/?", value):
        return value.rstrip("/")
    host, _, port = value.rpartition(":")
    if not host or "/" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ValueError(f"'{value}' is neither host:port nor http://host:port")
    return value


def _registry(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*", value):
        raise ValueError(f"'{value}' is no registry as images are named by, such as registry.example/team")
    return value


class Cluster(Closed):
    """A namespace of a cluster that game days may break."""

    context: str = Field(min_length=1)
    namespace: str = Field(min_length=1)
    nodes: list[str] = Field(default=[])
    """Nodes that may be cordoned, though others' pods run there too."""
    addresses: dict[Services, Annotated[str, AfterValidator(_host_and_port)]] = Field(default={})
    """``host:port`` or ``https://host`` of Services that are not reached at a node port, for example by an ingress."""
    alerting: bool = False
    """Whether a system that is brought up has a Prometheus and an Alertmanager of its own, which page."""
    registry: Annotated[str, AfterValidator(_registry)] | None = None
    """Where nodes find the sample system's images, where those are not on the nodes: ``registry.example/team``."""


class Targets(Closed):
    """What game days may break; whatever is not named is refused."""

    stacks: list[Literal["local", "compose", "kubernetes", "external"]] = Field(default=["local", "compose"])
    kubernetes: list[Cluster] = Field(default=[])
    external: list[Reference] = Field(default=[])


class Limits(Closed):
    """How much a game day may do, whatever its scenario says."""

    faults_at_once: Whole = Field(default=3, ge=1)
    longest: LongDuration = 3600.0
    """Seconds from the plan's start to the last fault's end."""


class Config(Closed):
    """The project's own rules."""

    targets: Targets = Targets()
    limits: Limits = Limits()


def read_config(text: str, file: str) -> Reading[Config]:
    """The rules of a ``gameday.toml``, or of a ``pyproject.toml`` (empty rules where it has none)."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Reading(None, None, [_syntax(str(error), text, file)])
    except RecursionError:
        return Reading(None, None, [wrong(Place(file), "nested too deep")])
    if file.endswith("pyproject.toml"):
        tool = data.get("tool")
        data = tool.get("gameday", {}) if isinstance(tool, dict) else {}
    return build(_Toml(file, data, Node(data, 1, 1), text=text), Config)


@dataclass(frozen=True, slots=True)
class _Toml(Document):
    """Places by the words of a path, one after the other: the parser tells none."""

    text: str = ""

    def place(self, path: Steps, *, of_key: bool = False) -> Place:  # noqa: ARG002 - key and value stand together
        """Where the last word of the path stands that can be found."""
        at = 0
        for step in path:
            if isinstance(step, int):
                at = _item(self.text, at, step)
                continue
            found = re.compile(rf"(?<![\w-]){re.escape(step)}(?![\w-])").search(self.text, at)
            if found:
                at = found.start()
        return Place(self.file, self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at))


def _item(text: str, at: int, index: int) -> int:
    """Where this item begins of the list named at ``at``: in brackets, or each under a header of its own."""
    header = re.compile(r"\s*\[\[[^\n]*?\]\]").match(text, text.rfind("\n", 0, at) + 1)
    if header:
        same = re.finditer(rf"^\s*{re.escape(header[0].strip())}", text, re.MULTILINE)
        return [found.end() for found in same][index]
    depth = passed = 0
    for mark in _MARKS.finditer(text, at):
        depth += (mark[0] in "[{") - (mark[0] in "]}")
        passed += mark[0] == "," and depth == 1
        if passed == index:
            gap = _GAP.match(text, mark.end())
            return gap.end() if gap else at
    return at


def _syntax(message: str, text: str, file: str) -> Problem:
    where = _WHERE.search(message)
    line, column = (int(where[1]), int(where[2])) if where and where[1] else (text.count("\n") + 1, 1)
    words = _WHERE.sub("", message)
    return wrong(Place(file, line, column), f"this is not TOML: {words[:1].lower()}{words[1:]}")
