"""YAML text in, data and places out."""

from __future__ import annotations

import time

import pytest

from gameday.errors import Place
from gameday.model.located import DEEPEST, LARGEST, decode, parse


def said(text: str) -> list[str]:
    """The problems of a text, as lines."""
    return [str(problem) for problem in parse(text, "f")[1]]


def data(text: str) -> object:
    """The data of a text without problems."""
    document, problems = parse(text, "f")
    assert problems == []
    assert document is not None
    return document.data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("0777", "0777"),
        ("0o17", 15),
        ("0x1f", 31),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("2026-01-15", "2026-01-15"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-7", -7),
        ("~", None),
        ("", None),
        ("'7'", "7"),
        ('"true"', "true"),
        ("!!str 7", "7"),
        ("=", "="),
        ("v1.3.0", "v1.3.0"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """Nothing that a person writes as a word, a time or a version turns into something else."""
    found = data(f"a: {written}")

    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_a_key_on_stays_on() -> None:
    """Keys are words too."""
    assert data("on: 1\nno: 2\n") == {"on": 1, "no": 2}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["f:1:1: the file is empty"]),
        ("# a comment\n", ["f:1:1: the file is empty"]),
        ("a: 1\n---\nb: 2", ["f:2:1: a second document begins here; write one document in a file"]),
        ("a: b: c", ["f:1:5: a second ':' in one line; put the text in quotes or begin a new line"]),
        ("- a\n\tb: c", ["f:2:1: a tab cannot indent; use spaces"]),
        ("a: [1, 2", ["f:2:1: the list in [ ] that began in line 1 is not closed"]),
        ("a: {b: 1", ["f:2:1: the keys in { } that began in line 1 are not closed"]),
        ('a:\n  b: "x', ["f:2:8: a quote that was opened in line 2 is never closed"]),
        ("a:\n  - b\n c: d", ["f:3:2: this does not line up with the lines above; mend the indentation"]),
        ("a: &x [*x]", ["f:1:8: alias '*x' refers to itself"]),
        ("a: *x", ["f:1:4: alias '*x' was never defined; write &name before *name"]),
        ("? [a]\n: 1", ["f:1:3: a key must be text, and this is a list"]),
        (
            "1: a\ntrue: b",
            [
                "f:1:1: a key must be text, and this is 1; put it in quotes",
                "f:2:1: a key must be text, and this is true; put it in quotes",
            ],
        ),
        ("<<: {a: 1}", ["f:1:1: merge keys (<<) are not read; write the keys out"]),
        (
            "a: 1\nb: {c: 1, c: 2}\na: 3",
            [
                "f:2:11: duplicate key 'c'; it stands in line 2 already",
                "f:3:1: duplicate key 'a'; it stands in line 1 already",
            ],
        ),
        ("a: .nan", ["f:1:4: '.nan' is not a number one can compare with; write a finite one"]),
        ("a: -.inf", ["f:1:4: '-.inf' is not a number one can compare with; write a finite one"]),
        ("a: 1e999", ["f:1:4: '1e999' is too large a number"]),
        ("a: !!python/name:os.system x", ["f:1:4: the tag !!python/name:os.system is not read; remove it"]),
        ("a: !thing x", ["f:1:4: the tag !thing is not read; remove it"]),
        ("ab\ncd: \x00", ["f:2:5: the character U+0000 does not belong in a text file; remove it"]),
        ("a: \ud800", ["f:1:4: the character U+D800 does not belong in a text file; remove it"]),
        (
            "a: @b",
            [
                (
                    "f:1:4: a value cannot begin with this character; "
                    "use spaces to indent, or put the value in quotes"
                )
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problems: list[str]) -> None:
    """Line and column of each, and the mend."""
    assert said(text) == problems


def test_all_problems_of_a_file_come_together() -> None:
    """One look is enough, whatever the problems are about."""
    assert len(said("a: .nan\na: 1\n2: x\nb: !t x\nc: *d\n")) == 5


def test_a_huge_number_is_no_traceback() -> None:
    """Python refuses to read integers of thousands of digits; the sentence is short too."""
    (problem,) = said("a: " + "9" * 5000)

    assert problem.endswith("is too large a number")
    assert len(problem) < 120


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_nesting_is_limited(opening: str) -> None:
    """Ten thousand levels are one problem, at the first level that is too deep."""
    (problem,) = said(opening * 10_000)

    assert f"nested more than {DEEPEST} levels deep" in problem


def test_as_deep_as_allowed_is_read() -> None:
    """The limit itself is not a problem."""
    assert said("[" * DEEPEST + "]" * DEEPEST) == []


def test_an_alias_bomb_is_defused_at_once() -> None:
    """Nine to the twelfth values are counted, not made."""
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    began = time.perf_counter()
    (problem,) = said(bomb)

    assert "more than 100,000 values" in problem
    assert time.perf_counter() - began < 0.5


def test_an_honest_alias_is_read() -> None:
    """Anchors are allowed, though nobody needs them."""
    assert data("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_file_has_a_largest_size() -> None:
    """Anything larger is not looked at, as text or as bytes."""
    assert said("#" * (LARGEST + 1)) == ["f:1:1: the file is larger than 1024 KiB"]
    assert [str(one) for one in decode(b"#" * (LARGEST + 1), "f")[1]] == [
        "f:1:1: the file is larger than 1024 KiB"
    ]


def test_a_file_of_the_largest_size_is_quick() -> None:
    """A megabyte of values is refused within the time that a person does not notice."""
    began = time.perf_counter()
    assert said("- a\n" * (LARGEST // 4)) != []
    assert time.perf_counter() - began < 5


def test_bytes_that_are_not_utf_8_are_located() -> None:
    """The line and the byte in it."""
    text, (problem,) = decode(b"a: 1\nb: \xff", "f")

    assert text is None
    assert str(problem) == "f:2:4: this is not UTF-8 text; save the file as UTF-8"


def test_a_byte_order_mark_is_no_problem() -> None:
    """Some editors write one."""
    assert decode(b"\xef\xbb\xbfa: 1", "f") == ("a: 1", [])


def test_places_point_at_keys_and_values() -> None:
    """Counted from 1, through keys, lists and flow style alike."""
    document, _ = parse("a:\n  - {b: 1, ccc: [x, yy]}\n", "f", first_line=10)
    assert document is not None

    assert document.place(("a", 0, "ccc", 1)) == Place("f", 11, 21)
    assert document.place(("a", 0, "ccc"), of_key=True) == Place("f", 11, 12)
    assert document.place(("a", 0, "no", "such")) == Place("f", 11, 5)
