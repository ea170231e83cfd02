"""YAML text in, plain data with the place of every value out.

The scalars are those of YAML 1.2: a key ``on`` stays ``on``, ``yes`` and ``0777`` and ``1:30`` are text.
Nesting, size and what aliases may grow to are limited. Everything that can be read is read, so that one look
at a file names all its problems. Knows nothing of what the data means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

import yaml

from gameday.errors import Place, Problem
from gameday.model.base import Steps, plain, wrong
from gameday.model.syntax import explain

Data: TypeAlias = Any
"""None, bool, int, float, str, list, dict with text keys."""

LARGEST = 1 << 20
"""Bytes of one file."""
DEEPEST = 32
"""Levels of keys and lists inside each other."""
MOST = 100_000
"""Values of one file, aliases counted as often as they are used."""
_DIGITS = 300
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""For its events only: the C one is ten times as fast, and not everywhere."""

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Node(NamedTuple):
    """A value, where it stands (from 1), and the same of what is in it."""

    value: Data
    line: int
    column: int
    children: Mapping[str, Node] | Sequence[Node] = ()
    keys: Mapping[str, tuple[int, int]] = {}
    size: int = 1

    def child(self, step: str | int) -> Node | None:
        """The value under a key or at an index; None if there is none."""
        if isinstance(self.children, Mapping):
            return self.children.get(step) if isinstance(step, str) else None
        if isinstance(step, int) and step < len(self.children):
            return self.children[step]
        return None


@dataclass(frozen=True, slots=True)
class Document:
    """One file's data, and where each part of it was written."""

    file: str
    data: Data
    root: Node
    overlay: Node | None = None
    """The profile that was merged over it: a part of the same file."""

    def place(self, path: Steps, *, of_key: bool = False) -> Place:
        """Where the value (or the key) at a path stands; the nearest part that is there where it is not."""
        found, depth = self._follow(self.root, path, of_key=of_key)
        if self.overlay is not None:
            other, deeper = self._follow(self.overlay, path, of_key=of_key)
            if deeper and deeper >= depth:
                found = other
        return Place(self.file, *found)

    @staticmethod
    def _follow(node: Node, path: Steps, *, of_key: bool) -> tuple[tuple[int, int], int]:
        at, depth = (node.line, node.column), 0
        for step in path:
            inner = node.child(step)
            if inner is None:
                key = node.keys.get(str(step))
                return (key, depth + 1) if key else (at, depth)
            depth += 1
            at = (inner.line, inner.column)
            if isinstance(step, str) and (of_key or depth < len(path) or inner.value is None):
                at = node.keys[step]
            node = inner
        return at, depth


class _Stop(Exception):  # noqa: N818 - not an error of anybody's: it ends the reading
    """The file cannot be read further."""


class _Reader:
    def __init__(self, text: str, file: str, first_line: int) -> None:
        self.file = file
        self.first = first_line
        self.problems: list[Problem] = []
        self.events: Any = _PARSER(text)
        self.anchors: dict[str, Node | None] = {}
        self.values = 0

    def document(self) -> Node | None:
        """The one document of the stream."""
        try:
            self.events.get_event()
            if self.events.check_event(yaml.StreamEndEvent):
                self._say(None, "the file is empty")
                return None
            self.events.get_event()
            root = self._node(0)
            self.events.get_event()
            following = self.events.get_event()
            if not isinstance(following, yaml.StreamEndEvent):
                self._say(following.start_mark, "a second document begins here; write one document in a file")
        except _Stop:
            return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._say(mark, explain(error, mark, self.first - 1))
            return None
        else:
            return root
        finally:
            self.events.dispose()

    def _say(self, mark: Any, message: str) -> None:
        line, column = (mark.line + self.first, mark.column + 1) if mark else (self.first, 1)
        self.problems.append(wrong(Place(self.file, line, column), message))

    def _count(self, size: int, mark: Any) -> None:
        self.values += size
        if self.values > MOST:
            self._say(
                mark, f"the file holds more than {MOST:,} values; aliases count as often as they are used"
            )
            raise _Stop

    def _node(self, depth: int) -> Node:
        event = self.events.get_event()
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            self._count(1, mark)
            node = Node(self._scalar(event), mark.line + self.first, mark.column + 1)
        else:
            if depth >= DEEPEST:
                self._say(mark, f"nested more than {DEEPEST} levels deep")
                raise _Stop
            self._tag(event.tag, mark, ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))
            before = self.values
            self._count(1, mark)
            read = self._keys if isinstance(event, yaml.MappingStartEvent) else self._list
            node = read(mark, depth + 1, before)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, anchor: Any, mark: Any) -> Node:
        node = self.anchors.get(anchor)
        if node is None:
            why = (
                "refers to itself"
                if anchor in self.anchors
                else "was never defined; write &name before *name"
            )
            self._say(mark, f"alias '*{anchor}' {why}")
            return Node(None, mark.line + self.first, mark.column + 1)
        self._count(node.size, mark)
        return node

    def _list(self, mark: Any, depth: int, before: int) -> Node:
        children: list[Node] = []
        while not self.events.check_event(yaml.SequenceEndEvent):
            children.append(self._node(depth))
        self.events.get_event()
        values = [child.value for child in children]
        return Node(values, mark.line + self.first, mark.column + 1, children, size=self.values - before)

    def _keys(self, mark: Any, depth: int, before: int) -> Node:
        children: dict[str, Node] = {}
        places: dict[str, tuple[int, int]] = {}
        while not self.events.check_event(yaml.MappingEndEvent):
            key_mark = self.events.peek_event().start_mark
            key = self._node(depth).value
            value = self._node(depth)
            if not isinstance(key, str):
                hint = "" if isinstance(key, dict | list) else "; put it in quotes"
                self._say(key_mark, f"a key must be text, and this is {plain(key)}{hint}")
            elif key == "<<":
                self._say(key_mark, "merge keys (<<) are not read; write the keys out")
            elif key in children:
                self._say(key_mark, f"duplicate key '{key}'; it stands in line {places[key][0]} already")
            else:
                children[key] = value
                places[key] = (key_mark.line + self.first, key_mark.column + 1)
        self.events.get_event()
        values = {key: child.value for key, child in children.items()}
        return Node(values, mark.line + self.first, mark.column + 1, children, places, self.values - before)

    def _tag(self, tag: str | None, mark: Any, known: tuple[str, ...]) -> None:
        if tag is not None and tag not in known:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self._say(mark, f"the tag {short} is not read; remove it")

    def _scalar(self, event: Any) -> Data:
        text: str = event.value
        if not event.implicit[0]:
            self._tag(event.tag, event.start_mark, ("!", "tag:yaml.org,2002:str"))
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NUMBER.fullmatch(text):
            return self._number(text, event.start_mark)
        if _NOT_FINITE.fullmatch(text):
            self._say(event.start_mark, f"'{text}' is not a number one can compare with; write a finite one")
            return None
        return int(text, 0) if len(text) <= _DIGITS and _BASED.fullmatch(text) else text

    def _number(self, text: str, mark: Any) -> int | float | None:
        if len(text) <= _DIGITS:
            number = int(text) if _WHOLE.fullmatch(text) else float(text)
            if isfinite(number):
                return number
        self._say(mark, f"{plain(text)} is too large a number")
        return None


def parse(text: str, file: str, *, first_line: int = 1) -> tuple[Document | None, list[Problem]]:
    """The document of a text, and everything that is wrong with it as YAML.

    Args:
        text: the file, or a part of it.
        file: what problems call it.
        first_line: the line of the file in which the text begins.

    Returns:
        The document, None where it could not be read to its end, and the problems in the order of the file.
    """
    unreadable = check_text(text, file, first_line=first_line)
    if unreadable:
        return None, unreadable
    reader = _Reader(text, file, first_line)
    root = reader.document()
    return (Document(file, root.value, root) if root is not None else None), sorted(reader.problems)


def check_text(text: str, file: str, *, first_line: int = 1) -> list[Problem]:
    """What keeps a text from being read at all: its size, a character that no text file has."""
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        return [wrong(Place(file), f"the file is larger than {LARGEST // 1024} KiB")]
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start())
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
        message = f"the character U+{ord(found[0]):04X} does not belong in a text file; remove it"
        return [wrong(Place(file, line + first_line, column + 1), message)]
    return []


def decode(content: bytes, file: str) -> tuple[str | None, list[Problem]]:
    """The text of a file's bytes: UTF-8, with or without a byte order mark."""
    if len(content) > LARGEST:
        return None, [wrong(Place(file), f"the file is larger than {LARGEST // 1024} KiB")]
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return None, [wrong(Place(file, line, column), "this is not UTF-8 text; save the file as UTF-8")]
