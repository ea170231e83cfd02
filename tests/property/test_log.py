"""The log gives back what was written, whatever was written, and survives what crashes and full disks do to it."""

from __future__ import annotations

import json
import math
import os
import stat
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gameday import events as e
from gameday.errors import LogError
from gameday.events import EVENT_TYPES, Event, Noted, Record, from_json, to_json
from gameday.log import LOG_NAME, Clock, LogWriter, read, records

floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text()
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
_BASES: dict[Any, st.SearchStrategy[Any]] = {
    Any: plain,
    str: texts,
    int: st.integers(),
    float: floats,
    bool: st.booleans(),
    type(None): st.none(),
}


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation."""
    if kind in _BASES:
        return _BASES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(of_type(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(of_type(arguments[0]), of_type(arguments[1]), max_size=3)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*map(of_type, arguments))
    raise AssertionError(f"no values for {kind}")


def of_event(cls: type[Event]) -> st.SearchStrategy[Event]:
    """Values of one class of event."""
    fields = {name: of_type(field.annotation) for name, field in cls.model_fields.items() if name != "type"}
    return st.builds(cls, **fields)


def of_record(event: st.SearchStrategy[Event]) -> st.SearchStrategy[Record]:
    """Records of such events."""
    return st.builds(Record, seq=st.integers(), t=floats, wall=texts, source=texts, event=event)


any_event = st.one_of(*map(of_event, EVENT_TYPES.values()))


@pytest.mark.parametrize("name", EVENT_TYPES)
@settings(max_examples=15)
@given(data=st.data())
def test_every_event_comes_back_as_it_was_written(name: str, data: st.DataObject) -> None:
    """A record of each type is the same after it went to a line of JSON and back."""
    record = data.draw(of_record(of_event(EVENT_TYPES[name])))

    assert from_json(json.loads(json.dumps(to_json(record)))) == record


@given(
    st.dictionaries(texts.filter(lambda key: key not in {"seq", "t", "wall", "source", "type"}), plain),
    texts.filter(lambda name: name not in EVENT_TYPES),
)
def test_a_newer_type_is_kept(fields: dict[str, Any], name: str) -> None:
    """An event that this version does not know keeps its type and its fields, and is written as it came."""
    line = {"seq": 1, "t": 2.0, "wall": "w", "source": "s", "type": name, **fields}

    record = from_json(line)

    assert record.event == e.Unknown(type=name, fields=fields)
    assert to_json(record) == line


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(any_event, min_size=1, max_size=4), st.floats(0, 1, exclude_max=True))
def test_a_torn_tail_is_dropped(tmp_path: Path, happened: list[Event], share: float) -> None:
    """However much of the last line a crash left, reading gives the whole lines before it, and writing goes on."""
    path = tmp_path / LOG_NAME
    path.unlink(missing_ok=True)
    with LogWriter(tmp_path, Clock()) as writer:
        for event in happened:
            writer.append(event)
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    path.write_bytes(whole[: last + int(share * (len(whole) - last))])

    assert [record.event for record in records(path)] == happened[:-1]
    with LogWriter(tmp_path, Clock(), start_seq=len(happened)) as writer:
        writer.append(happened[-1])
    assert [record.event for record in records(path)] == happened
    assert [record.seq for record in records(path)] == list(range(1, len(happened) + 1))


@pytest.mark.parametrize(
    "damage",
    [
        b'{"seq": 2, "t":',
        b"\0\0\0\0",
        b"",
        b"17",
        b"[]",
        b"[" * 100_000,
        b'{"seq": 2, "t": 1, "wall": "", "source": "", "type": "noted"}',
        b'{"seq": 2, "t": 1, "wall": "", "source": ""}',
        b'{"seq": "two", "t": 1, "wall": "", "source": "", "type": "run_ended"}',
        b'{"type": "run_ended"}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_line_in_the_middle_is_an_error(tmp_path: Path, damage: bytes) -> None:
    """A line that is not the last and cannot be read is named with its file and number; nothing is guessed."""
    path = tmp_path / LOG_NAME
    with LogWriter(tmp_path, Clock()) as writer:
        writer.append(_started())
    path.write_bytes(path.read_bytes() + damage + b"\n" + path.read_bytes())

    with pytest.raises(LogError, match=rf"{LOG_NAME}:2:1: this line of the log is damaged"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "the run never began"),
        (b'{"seq": 1', "the run never began"),
        (
            b'{"seq": 1, "t": 0, "wall": "", "source": "", "type": "run_ended"}\n',
            ":1:1: the log does not begin",
        ),
    ],
)
def test_a_log_without_a_beginning_is_an_error(tmp_path: Path, content: bytes | None, words: str) -> None:
    """No log, an empty one and one without its first record each say so."""
    if content is not None:
        (tmp_path / LOG_NAME).write_bytes(content)

    with pytest.raises(LogError, match=words):
        read(tmp_path)


def test_half_a_character_can_be_logged(tmp_path: Path) -> None:
    """Text with half a surrogate pair, as programs and people send it, is written and read back."""
    with LogWriter(tmp_path, Clock()) as writer:
        writer.append(Noted(by="alice", text="before \ud83d after \N{LINE SEPARATOR} \N{NULL}"))

    [record] = records(tmp_path / LOG_NAME)
    assert record.event == Noted(by="alice", text="before \ud83d after \N{LINE SEPARATOR} \N{NULL}")


def test_a_record_is_stamped_where_it_happened(tmp_path: Path) -> None:
    """Sources give their own instants; the order of the log is the order of appending."""
    clock = Clock()
    with LogWriter(tmp_path, clock) as writer:
        late = writer.append(Noted(by="a", text="late"), t=5.0)
        early = writer.append(Noted(by="a", text="early"), t=clock.of(clock.absolute(1.0)))

    assert [record.seq for record in (late, early)] == [1, 2]
    assert [record.t for record in records(tmp_path / LOG_NAME)] == [5.0, 1.0]
    assert math.isclose(early.t, 1.0)


FULL = """
import os, resource, sys
from pathlib import Path
from gameday.errors import LogError
from gameday.events import Noted, RunStarted
from gameday.log import Clock, LogWriter

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
with LogWriter(folder, Clock()) as log:
    log.append(RunStarted(run="r", versions={}, host={}, seed=1, stack="s", responder="none", inputs={}, digests={}))
    for size in (limit, 0, limit):  # a full disk: whatever does not fit is written in part
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for number in range(2):
            try:
                log.append(Noted(by="alice", text="x" * size if size else "fits"))
                print("written")
            except LogError as problem:
                print(f"LogError: {problem}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.append(Noted(by="alice", text="space again"))
"""


def test_what_must_outlive_a_power_cut_is_on_disk_when_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is synced whole before anybody acts on it; requests and scrapes go with the next one."""
    synced: list[tuple[bool, int]] = []

    def sync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        synced.append((stat.S_ISDIR(found.st_mode), found.st_size))

    monkeypatch.setattr(os, "fsync", sync)
    log = tmp_path / "run" / LOG_NAME
    with LogWriter(log.parent, Clock()) as writer:
        assert [folder for folder, _ in synced] == [True]
        writer.append(Noted(by="a", text="x"))
        assert synced[1:] == [(False, log.stat().st_size)]
        writer.append(e.Scraped(job="gateway", ok=True, series={}))
        assert len(synced) == 2
        writer.append(Noted(by="a", text="y"))
        assert synced[2:] == [(False, log.stat().st_size)]


def test_a_full_disk_leaves_a_readable_log(tmp_path: Path) -> None:
    """Each record that does not fit is an error and leaves no trace; what fits again afterwards is there."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), "800"], capture_output=True, text=True, check=True
    )

    refused = f"LogError: {tmp_path / LOG_NAME}: "
    assert [line.removeprefix(refused) for line in done.stdout.splitlines() if line != "written"]
    assert done.stdout.count("written") == 2
    assert done.stdout.count(refused) == 4
    found = list(records(tmp_path / LOG_NAME))
    assert [record.seq for record in found] == [1, 2, 3, 4]
    assert [record.event.text for record in found if isinstance(record.event, Noted)] == [
        "fits",
        "fits",
        "space again",
    ]


def test_a_device_without_space_is_an_error(tmp_path: Path) -> None:
    """The kernel's own full device: an error with the reason; what was written before is whole."""
    with LogWriter(tmp_path, Clock()) as writer, Path("/dev/full").open("wb") as full:
        writer.append(_started())
        os.dup2(full.fileno(), writer._file.fileno())
        with pytest.raises(LogError, match="No space left on device"):
            writer.append(Noted(by="alice", text="x"))

    assert [record.event for record in read(tmp_path)] == [_started()]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A file where the folder should be: refused before anything is started, with the way out."""
    (tmp_path / "runs").write_text("")

    with pytest.raises(LogError, match="choose another folder with --out"):
        LogWriter(tmp_path / "runs" / "r", Clock())


def _started() -> e.RunStarted:
    return e.RunStarted(
        run="r", versions={}, host={}, seed=1, stack="fake", responder="none", inputs={}, digests={}
    )
