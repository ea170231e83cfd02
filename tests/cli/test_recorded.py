"""What can be done with a run once it is over, from its folder alone."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.conftest import Recorded
from tests.gamedays import Done

MADE = ("scorecard.json", "report.html", "postmortem.md")


def fine(done: Done, *words: str) -> str:
    """It worked and said so; gives what it printed."""
    assert done.code == 0, done
    assert "Traceback" not in done.err
    assert [word for word in words if word not in done.out] == [], done
    return done.out


def test_the_run_printed_its_card_and_nothing_else(recorded: Recorded) -> None:
    """Results go to stdout, progress to stderr; the card is what ``gameday report`` prints again."""
    assert recorded.done.out.startswith("quick")
    assert "Fault slow-provider" not in recorded.done.out
    assert "Fault slow-provider" in recorded.done.err
    assert fine(recorded.home.gameday("report")) == recorded.done.out


def test_a_run_is_kept_whole(recorded: Recorded) -> None:
    """The folder holds the log, what is made from it, and what the parts said; no half-written file."""
    names = {path.name for path in recorded.folder.iterdir()}
    assert names == {"events.jsonl", "logs", *MADE}
    logs = {path.name for path in (recorded.folder / "logs").iterdir()}
    assert {"load.log", "load_stats_history.csv", "fault-slow-provider.log"} <= logs


def test_no_secret_is_kept(recorded: Recorded) -> None:
    """No password, no token: of the stack, of the desk."""
    kept = "\n".join(
        path.read_text(errors="replace") for path in recorded.folder.rglob("*") if path.is_file()
    )
    assert "postgresql://" not in kept
    assert "Bearer" not in kept
    assert "TOKEN" not in kept


def test_list_and_show(recorded: Recorded) -> None:
    """Runs are listed with their verdict, and shown by id, by path, and as latest."""
    fine(recorded.home.gameday("list", "runs"), recorded.run, "quick", "PASS")
    rows = json.loads(fine(recorded.home.gameday("list", "runs", "--json")))
    assert [(row["run"], row["verdict"]) for row in rows] == [(recorded.run, "PASS")]
    for name in (recorded.run, str(recorded.folder), "latest"):
        fine(recorded.home.gameday("show", name), "quick", "PASS")


@pytest.mark.parametrize(
    "what",
    [
        "scenarios",
        "experiments",
        "runbooks",
        "rubrics",
        "systems",
        "playbooks",
        "metrics",
        "levers",
        "facts",
        "mechanisms",
    ],
)
def test_list_everything(recorded: Recorded, what: str) -> None:
    """Each list has rows, and the same ones as JSON."""
    text = fine(recorded.home.gameday("list", what))
    rows = json.loads(fine(recorded.home.gameday("list", what, "--json")))
    assert rows
    for row in rows:
        assert next(iter(row.values())) in text


def test_show_a_file(recorded: Recorded) -> None:
    """A name shows the file and says where it is, of one's own project and of the library."""
    own = recorded.home.gameday("show", "quick-release")
    fine(own, "A release goes out and comes back")
    assert "scenarios/quick-release.yaml" in own.err
    fine(recorded.home.gameday("show", "bad-release"), "Put a release out")


def test_validate_a_project(recorded: Recorded) -> None:
    """A project without problems says how many files it has; a warning is no problem."""
    done = recorded.home.gameday("validate", ".")
    fine(done, "files")
    assert "(warning)" in done.err
    assert json.loads(fine(recorded.home.gameday("validate", ".", "--json")))[0]["warning"] is True


def test_status_without_a_live_run(recorded: Recorded) -> None:
    """Nothing is live, in words and as JSON."""
    fine(recorded.home.gameday("status"), "no run is live")
    assert json.loads(fine(recorded.home.gameday("status", "--json"))) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("card", "PASS"),
        ("html", "<!doctype html>"),
        ("postmortem", "# "),
        ("timeline", "slow-provider"),
        ("json", '"verdict"'),
        ("junit", '<testsuite name="quick"'),
    ],
)
def test_report(recorded: Recorded, kind: str, words: str) -> None:
    """Every format is printed, from the log alone: also where all that was made from it is gone."""
    first = fine(recorded.home.gameday("report", "latest", "--format", kind))
    assert words in first.replace("<!DOCTYPE", "<!doctype")
    for name in MADE:
        (recorded.folder / name).unlink()
    shutil.rmtree(recorded.folder / "logs")
    assert fine(recorded.home.gameday("report", "latest", "--format", kind)) == first


def test_score_twice_and_after_half_a_record(recorded: Recorded) -> None:
    """All that is made from the log is made again byte for byte, also with a torn last line; the log is left alone."""
    made = {name: (recorded.folder / name).read_bytes() for name in MADE}
    log = recorded.folder / "events.jsonl"
    whole = log.read_bytes()
    for torn in (b"", b"", b'{"seq":99999,"t":12.5,"wall":"2026'):
        log.write_bytes(whole + torn)
        for name in MADE:
            (recorded.folder / name).unlink()
        fine(recorded.home.gameday("score"), "PASS")
        assert {name: (recorded.folder / name).read_bytes() for name in MADE} == made
        assert log.read_bytes() == whole + torn


def test_score_as_json(recorded: Recorded) -> None:
    """``--json`` prints the scorecard as it is kept."""
    out = fine(recorded.home.gameday("score", "--json"))
    assert out == (recorded.folder / "scorecard.json").read_text()
    assert json.loads(out)["verdict"] == "PASS"


def test_replay(recorded: Recorded) -> None:
    """The live view again: the same lines as then, at any speed."""
    replay = recorded.home.gameday("replay", "--speed", "10000")
    fine(replay)
    then = [line.strip() for line in recorded.done.err.splitlines() if "runner:" in line or "alice" in line]
    now = [line.strip() for line in replay.err.splitlines()]
    assert [line for line in then if line not in now] == []


def test_revert_of_a_run_that_ended_by_itself(recorded: Recorded) -> None:
    """There is nothing to put back, and the log is left alone."""
    log = (recorded.folder / "events.jsonl").read_bytes()
    done = recorded.home.gameday("revert", recorded.run)
    fine(done, "nothing to put back")
    assert (recorded.folder / "events.jsonl").read_bytes() == log


def test_a_damaged_log(recorded: Recorded) -> None:
    """A line torn in the middle is named by its place; nothing is guessed."""
    log = recorded.folder / "events.jsonl"
    lines = log.read_bytes().split(b"\n")
    lines[4] = lines[4][:20]
    log.write_bytes(b"\n".join(lines))
    for command in ("score", "report", "replay", "revert"):
        done = recorded.home.gameday(command)
        assert done.code == 3, done
        assert "events.jsonl:5:1: this line of the log is damaged" in done.err
        assert "Traceback" not in done.err
