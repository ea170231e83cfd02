"""What people type after a lever's name and a look's topic, and what they are told when it is wrong."""

from __future__ import annotations

import pytest

from gameday.errors import InputError
from gameday.levers import read_call
from gameday.ports import LeverCall, Topic
from gameday.stacks.platform.lever_table import LEVERS, read_arguments, touched
from gameday.stacks.platform.looks import check_look


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("rollback auth", {"service": "auth"}),
        ("rollback auth to=v1.2.3", {"service": "auth", "to": "v1.2.3"}),
        ("rollback service=auth", {"service": "auth"}),
        ("disable-flag new-login-flow", {"flag": "new-login-flow"}),
        ("scale replicas=3 auth", {"service": "auth", "replicas": "3"}),
        (
            "set-config auth pool_max=20 pool_timeout=1s",
            {"service": "auth", "pool_max": "20", "pool_timeout": "1s"},
        ),
        ("terminate-connections idle_for=5s", {"idle_for": "5s"}),
        ("terminate-connections", {}),
        (
            "breaker identity-provider state=timeout=200ms",
            {"dependency": "identity-provider", "state": "timeout=200ms"},
        ),
    ],
)
def test_words_become_a_call(words: str, arguments: dict[str, str]) -> None:
    """The first bare word is the main parameter, wherever it stands; the rest is NAME=VALUE."""
    name, *_ = words.split()

    assert read_call(words.split(), LEVERS) == LeverCall(name, arguments)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "name a lever: rollback"),
        ("rolback auth", "there is no lever 'rolback'; did you mean 'rollback'?"),
        ("rollback auth auth", "write 'auth' as NAME=VALUE"),
        ("rollback auth service=auth", "service is given twice"),
        ("rollback auth too=v1.2.3", "has no parameter 'too'; did you mean 'to'?"),
        (
            "terminate-connections 5s",
            "write '5s' as NAME=VALUE (for example: gameday lever terminate-connections",
        ),
    ],
)
def test_wrong_words_are_explained(words: str, told: str) -> None:
    """What cannot be a call is refused with the mend."""
    with pytest.raises(InputError) as refused:
        read_call(words.split(), LEVERS)

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("rollback", "service is missing"),
        ("rollback aut", "there is no service 'aut'; did you mean 'auth'?"),
        ("rollback auth to=v1.2.33", "there is no release 'v1.2.33'; did you mean 'v1.2.3'?"),
        ("disable-flag new-login", "there is no flag 'new-login'; did you mean 'new-login-flow'?"),
        ("scale auth replicas=-1", "'-1' is not a whole number from 0 to 10"),
        ("scale auth replicas=11", "'11' is not a whole number from 0 to 10"),
        ("set-config auth", "name a setting: pool_min=..."),
        ("set-config auth pool_max=0", "pool_max: '0' is not a whole number from 1 to 100"),
        ("set-config auth pool_timeout=2", "pool_timeout: '2' is not a duration"),
        ("terminate-connections user=postgres", "there is no user 'postgres' (known: auth, batch)"),
        ("terminate-connections idle_for=long", "idle_for: 'long' is not a duration"),
        ("breaker identity-provider state=half", "a breaker is closed, open or timeout=200ms, not 'half'"),
        ("breaker identity-provider state=timeout=fast", "timeout: 'fast' is not a duration"),
    ],
)
def test_wrong_values_are_refused_before_anything_happens(words: str, told: str) -> None:
    """Names and values are checked without the stack, with the nearest that there is."""
    call = read_call(words.split(), LEVERS)

    with pytest.raises(InputError) as refused:
        touched(call)

    assert told in str(refused.value)


def test_values_are_read_into_their_units() -> None:
    """Durations become seconds, a breaker's time-out whole milliseconds, counts whole numbers."""
    read = read_arguments(
        LeverCall("set-config", {"service": "auth", "pool_max": "20", "pool_timeout": "500ms"})
    )
    assert read["settings"] == {"pool_max": 20, "pool_timeout": 0.5}
    read = read_arguments(LeverCall("breaker", {"dependency": "identity-provider", "state": "timeout=0.2s"}))
    assert read["state"] == "timeout=200ms"


@pytest.mark.parametrize(
    ("topic", "arguments", "told"),
    [
        (Topic.LOGS, {"levle": "ERROR"}, "look logs has no argument 'levle'; did you mean 'level'?"),
        (Topic.LOGS, {"level": "EROR"}, "there is no level 'EROR'; did you mean 'ERROR'?"),
        (Topic.LOGS, {"since": "2"}, "since: '2' is not a duration"),
        (Topic.LOGS, {"limit": "few"}, "limit: 'few' is not a whole number"),
        (Topic.LOGS, {"service": "aut"}, "there is no service 'aut'; did you mean 'auth'?"),
        (
            Topic.CONNECTIONS,
            {"user": "auth"},
            "look connections has no argument 'user' (it takes no arguments)",
        ),
    ],
)
def test_a_look_explains_wrong_arguments(topic: Topic, arguments: dict[str, str], told: str) -> None:
    """Names and values of a look's arguments are checked before the system is asked."""
    with pytest.raises(InputError) as refused:
        check_look(topic, arguments)

    assert told in str(refused.value)
