"""The files that come with gameday are right, say what they should, and run where they say they do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gameday.catalog import Catalog, Kind
from gameday.levers import read_call
from gameday.model.lever_table import read_table
from gameday.model.located import parse
from gameday.model.markdown import commands
from gameday.model.schemas import MODELS, schema
from gameday.model.vocabulary import LEVERS
from gameday.ports import LeverCall, Topic
from gameday.stacks.platform.lever_table import LEVERS as LOCAL_LEVERS
from gameday.stacks.platform.lever_table import read_arguments
from gameday.stacks.platform.looks import check_look
from gameday.validation import validate

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Catalog(ROOT)
SCENARIOS = CATALOG.names(Kind.SCENARIO)
EXPERIMENTS = CATALOG.names(Kind.EXPERIMENT)
CONTROLS = ("noop", "tick-everything", "fix-before-looking", "wrong-order", "no-words", "vanish")
NOT_APPLICABLE = {
    (
        "replica-kill",
        "tick-everything",
    ): "the platform heals and nothing is asked of anybody, so a tick changes nothing",
    ("replica-kill", "fix-before-looking"): "there is nothing to fix",
    ("replica-kill", "wrong-order"): "there is nothing to fix, so nothing comes before it",
    ("replica-kill", "no-words"): "nobody has to be told of what nobody felt",
    (
        "replica-kill",
        "vanish",
    ): "a process that is gone cannot be taken away; the platform brings the next one",
}
"""Controls that cannot say anything about a scenario, and why."""


def test_nothing_is_wrong_with_them() -> None:
    """No problem and no warning; YAML 1.1 and 1.2 read every experiment alike."""
    report = validate(["scenarios", "experiments", "scorecards"], ROOT)

    assert [str(one) for one in (*report.problems, *report.warnings)] == []


def test_the_standard_rubric_has_the_budgets_of_the_process() -> None:
    """At once and within 15 minutes; updates as often as the severity asks."""
    budgets = CATALOG.load(SCENARIOS[0]).inputs.rubric.budgets
    seconds = {
        severity.value: (row.acknowledge, row.first_update, row.update_every)
        for severity, row in budgets.items()
    }

    assert seconds == {
        "SEV1": (300, 0, 900),
        "SEV2": (900, 900, 1800),
        "SEV3": (3600, 3600, 14400),
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_header_tells_of_every_lever(scenario: str) -> None:
    """What each does alone, as a pull that the embedded stack takes."""
    path = CATALOG.path(Kind.SCENARIO, scenario)
    rows, _ = read_table(path.read_text(), path.name)
    assert rows is not None

    assert {row.lever for row in rows} == set(LEVERS)
    for row in rows:
        read_arguments(read_call(row.words, LOCAL_LEVERS))


@pytest.mark.parametrize(
    ("scenario", "control"),
    [(s, c) for s in SCENARIOS for c in CONTROLS if (s, c) not in NOT_APPLICABLE],
)
def test_every_scenario_has_its_controls(scenario: str, control: str) -> None:
    """Responders whose outcome is known beforehand, valid for the scenario that they are made for."""
    loaded = CATALOG.load(scenario, playbook=f"controls/{control}-{scenario}")

    assert loaded.inputs.playbook is not None


@pytest.mark.parametrize("playbook", CATALOG.names(Kind.PLAYBOOK))
def test_the_embedded_stack_can_do_what_playbooks_ask(playbook: str) -> None:
    """Every look and every pull has arguments that the stack takes."""
    model: Any = CATALOG.read(Kind.PLAYBOOK, CATALOG.path(Kind.PLAYBOOK, playbook)).reading.model
    for act in model.acts:
        if act.do == "lever":
            read_arguments(LeverCall(act.details.name, act.details.arguments))
        elif act.do == "look":
            check_look(Topic(act.details.topic), act.details.arguments)


@pytest.mark.parametrize("runbook", CATALOG.names(Kind.RUNBOOK))
def test_every_command_of_a_runbook_is_one(runbook: str) -> None:
    """Looks and levers with arguments that the embedded stack takes; each step that needs one has one."""
    model: Any = CATALOG.read(Kind.RUNBOOK, CATALOG.path(Kind.RUNBOOK, runbook)).reading.model
    said = [command.split()[1:] for command in commands(model)]
    for verb, name, *rest in said:
        if verb == "lever":
            read_arguments(read_call([name, *rest], LOCAL_LEVERS))
        else:
            assert verb == "look"
            check_look(Topic(name), dict(word.split("=", 1) for word in rest))
    wanted = {
        (kind, word)
        for step in model.steps.values()
        for kind, word in (("look", step.evidence.look), ("lever", step.evidence.lever))
        if word and not step.forbidden
    }

    assert wanted <= {(verb, name) for verb, name, *_ in said}


def test_the_runbook_of_connections_has_both_quick_fixes() -> None:
    """A larger pool, and the end of idle sessions, to buy time or to mend; the roll-back stands before them."""
    said = commands(CATALOG.load("auth-connection-leak").inputs.runbook)  # type: ignore[arg-type]

    assert [command for command in said if command.startswith("gameday lever")] == [
        "gameday lever rollback auth",
        "gameday lever terminate-connections idle_for=5s",
        "gameday lever terminate-connections idle_for=5s",
        "gameday lever set-config auth pool_max=50",
    ]


def fits(value: Any, wanted: dict[str, Any], top: dict[str, Any]) -> bool:  # noqa: PLR0911 - one for each keyword
    """Whether a value fits what a JSON Schema says, as far as ours say anything."""
    if "$ref" in wanted:
        return fits(value, top["$defs"][wanted["$ref"].rpartition("/")[2]], top)
    for several in ("anyOf", "oneOf"):
        if several in wanted:
            return any(fits(value, one, top) for one in wanted[several])
    types: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    named = wanted.get("type", [])
    kinds = [named] if isinstance(named, str) else named
    if kinds and not any(
        value is None if kind == "null" else isinstance(value, types[kind]) for kind in kinds
    ):
        return False
    if "enum" in wanted and value not in wanted["enum"]:
        return False
    if isinstance(value, list):
        return all(fits(inner, wanted.get("items", {}), top) for inner in value)
    if isinstance(value, dict):
        properties, others = wanted.get("properties", {}), wanted.get("additionalProperties", True)
        return set(wanted.get("required", [])) <= value.keys() and all(
            fits(inner, properties[key], top)
            if key in properties
            else others is True or (isinstance(others, dict) and fits(inner, others, top))
            for key, inner in value.items()
        )
    return True


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_samples_fit_the_schemas(kind: str) -> None:
    """An editor that uses the schema marks nothing in them, and marks what is not so."""
    wanted = schema(kind)
    for name in CATALOG.names(Kind(kind)):
        value = dict(CATALOG.read(Kind(kind), CATALOG.path(Kind(kind), name)).reading.data)
        value.pop("prose", None)

        assert fits(value, wanted, wanted)
        assert not fits(dict.fromkeys(value, 7), wanted, wanted)


@contextmanager
def fault_proxy(tmp_path: Path) -> Iterator[str]:
    """The URL of a fault proxy with a proxy for the identity provider."""
    config = tmp_path / "proxies.json"
    config.write_text(
        json.dumps([{"name": "identity-provider", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}])
    )
    command = [sys.executable, "-m", "gameday.faults.proxy", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("fault proxy on ").strip()
        process.terminate()
        assert process.wait(10) == 0


def chaos(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Chaos Toolkit's own command line."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "chaostoolkit", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_chaos_toolkit_finds_experiments_valid(experiment: str, tmp_path: Path) -> None:
    """Modules, functions and arguments as Chaos Toolkit itself checks them."""
    done = chaos("validate", str(ROOT / f"experiments/{experiment}.yaml"), folder=tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("experiment", ["nothing", "proxy-latency"])
def test_experiments_run_under_plain_chaos_run(experiment: str, tmp_path: Path) -> None:
    """With the stack's variables in the environment: exit 0, every activity succeeded, nothing left."""
    with fault_proxy(tmp_path) as url:
        done = chaos(
            "run", str(ROOT / f"experiments/{experiment}.yaml"), folder=tmp_path, GAMEDAY_TOXIPROXY_URL=url
        )
    journal = json.loads((tmp_path / "journal.json").read_text())

    assert done.returncode == 0, done.stderr
    assert {run["status"] for run in journal["run"] + journal["rollbacks"]} == {"succeeded"}
    assert [run["output"] for run in journal["run"] if run["activity"]["name"] == "in_place"] == [True]


class Shop:
    """A sign-in that hands out tokens, refuses every tenth login, and once shows somebody else's profile."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users: dict[str, str] = {}
        self.seen: dict[str, list[str]] = defaultdict(list)
        self.logins = 0
        self.mixed_up = False

    def answer(self, path: str, body: dict[str, str], token: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON; ``seen`` keeps what each user asked, and how it went wrong."""
        with self.lock:
            user = body.get("user") or self.users.pop(token, "")
            self.seen[user].append(path)
            if path == "/login":
                assert body["password"] == f"pw-{user}"
                self.logins += 1
                if self.logins % 10 == 0:
                    self.seen[user].append("refused")
                    return 503, {"error": "database: too many clients"}
            elif not user:
                return 401, {}
            if path == "/logout":
                return 200, {"signed_out": True}
            if path == "/profile":
                self.users[token] = user
                if not self.mixed_up:
                    self.mixed_up = True
                    self.seen[user].append("refused")
                    return 200, {"user": "somebody else"}
                return 200, {"user": user, "name": "N", "email": "E"}
            new = f"token-{user}-{len(self.seen[user])}"
            self.users[new] = user
            return 200, {"token": new}


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    """The URL of a shop."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, answer = shop.answer(self.path, body, token)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_the_load_keeps_to_the_journey(tmp_path: Path) -> None:
    """Each user goes through it step by step; a refusal or a wrong answer leads back to signing in."""
    shop = Shop()
    with served(shop) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", str(ROOT / "scenarios/load/logins.py"), "--headless"),
                *("--host", url, "-u", "24", "-r", "24", "-t", "7s", "--only-summary", "--json"),
                *("--exit-code-on-error", "0", "--loglevel", "WARNING"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    following = {
        ("/login", "/profile"), ("/login", "/refresh"), ("/login", "/logout"),
        ("/profile", "/profile"), ("/profile", "/refresh"), ("/refresh", "/logout"), ("/logout", "/login"),
        ("/login", "refused"), ("/profile", "refused"), ("refused", "/login"),
    }  # fmt: skip
    pairs = {pair for asked in shop.seen.values() for pair in pairwise(asked)}
    asked = [path for paths in shop.seen.values() for path in paths if path != "refused"]
    failures = sum(row["num_failures"] for row in json.loads(done.stdout))

    assert len(shop.seen) == 24
    assert all(paths[0] == "/login" for paths in shop.seen.values())
    assert pairs <= following
    assert failures == shop.logins // 10 + 1
    assert 0.2 < (asked.count("/login") - 24) / (len(asked) - 24) < 0.4


def test_the_sample_scenarios_read_aloud() -> None:
    """About forty lines each without their header, so that a team can agree on one."""
    for scenario in SCENARIOS:
        text = CATALOG.path(Kind.SCENARIO, scenario).read_text()
        document, _ = parse(text, scenario)
        assert document is not None

        assert len([line for line in text.splitlines() if line and not line.startswith("#")]) <= 45
