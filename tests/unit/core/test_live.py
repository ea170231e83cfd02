"""Live runs of a user: found, told apart from dead ones, gone when they are over; and stacks held by one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from gameday.errors import ExitCode, InputError, Refused
from gameday.live import LiveRun, chosen, holding, listed, publish, same_process, state_home, withdraw


def run(name: str, *, dead: bool = False) -> LiveRun:
    """A run of this very process, or of one that is gone."""
    me = psutil.Process()
    started = me.create_time() - (1000 if dead else 0)
    return LiveRun(name, me.pid, started, folder=f"/runs/{name}", stack="fake:1", desk="http://d", token="t")


def test_a_run_is_found_until_it_is_withdrawn() -> None:
    """Published, listed, replaced, withdrawn; nothing of ours is left in the user's state."""
    publish(run("a"))
    publish(run("a"))

    assert [each.run for each in listed()] == ["a"]
    assert chosen(None) == run("a")

    withdraw("a")
    withdraw("a")
    assert listed() == []
    assert not state_home().exists()


def test_what_a_killed_run_had_half_written_goes_with_it() -> None:
    """Killed between the first byte and the last one, at its first file or a later one."""
    publish(run("a"))
    (state_home() / "live" / "a.new").write_text("{")

    assert [each.run for each in listed()] == ["a"]
    withdraw("a")
    assert not state_home().exists()


def test_only_the_owner_can_read_it() -> None:
    """The file holds the desk's token."""
    publish(run("a"))

    file = state_home() / "live" / "a.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    withdraw("a")


def test_a_crash_leaves_a_file_that_is_not_live() -> None:
    """The process id may be another's by now; its start tells."""
    publish(run("crashed", dead=True))

    assert [each.alive for each in listed()] == [False]
    with pytest.raises(InputError, match="no run is live; start one: gameday run"):
        chosen(None)
    withdraw("crashed")


def test_which_run_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two of them one is named, by its id, its folder or GAMEDAY_RUN; a wrong name lists those there are."""
    publish(run("a"))
    publish(run("b"))

    with pytest.raises(InputError, match=r"which run.*--run.*live: a, b") as caught:
        chosen(None)
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    with pytest.raises(InputError, match="run 'c' is not live; live: a, b"):
        chosen("c")
    assert chosen("b").run == "b"
    assert chosen("/runs/a").run == "a"
    monkeypatch.setenv("GAMEDAY_RUN", "a")
    assert chosen(None).run == "a"
    withdraw("a")
    withdraw("b")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": "a"}', '{"run": "a", "what": 1}'])
def test_a_damaged_file_is_passed_over(content: str) -> None:
    """One bad file does not hide the others."""
    publish(run("good"))
    (state_home() / "live" / "bad.json").write_text(content)

    assert [each.run for each in listed()] == ["good"]


def test_a_zombie_is_not_alive() -> None:
    """A process that ended and was not waited for does nothing any more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    started = psutil.Process(process.pid).create_time()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert not same_process(process.pid, started)
    process.wait()
    assert not same_process(process.pid, started)


def test_a_stack_is_held_by_one_run() -> None:
    """The second is refused and told where to look; another stack is free; afterwards it is free again."""
    with holding("local:/a/b"):
        with (
            pytest.raises(Refused, match="another run holds the stack local:/a/b; see: gameday status"),
            holding("local:/a/b"),
        ):
            pass
        with holding("local:/a/c"):
            pass
    with holding("local:/a/b"):
        pass
    assert not state_home().exists()


def test_a_holder_that_dies_lets_go(tmp_path: Path) -> None:
    """A killed run does not hold its stack."""
    code = "from gameday.live import holding\nwith holding('s'):\n print('held', flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Refused), holding("s"):
            pass
        process.kill()
        process.wait()
    with holding("s"):
        pass


def test_runs_that_begin_and_end_at_once_do_not_disturb_each_other() -> None:
    """One that tidies the empty folder away does not break another that is just beginning."""
    problems: list[BaseException] = []

    def begin_and_end(name: str) -> None:
        try:
            for _ in range(150):
                publish(run(name))
                with holding(name):
                    pass
                withdraw(name)
        except BaseException as problem:  # noqa: BLE001 - handed to the test
            problems.append(problem)

    threads = [threading.Thread(target=begin_and_end, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []


def test_a_state_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Refused with the reason and the way out, not a traceback."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    with pytest.raises(Refused, match="XDG_STATE_HOME may name another folder"):
        publish(run("a"))
