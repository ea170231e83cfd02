"""Whole game days on the compose stack: containers of a real engine, a real Toxiproxy, Prometheus and Alertmanager."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gameday.ports import LeverCall
from gameday.stacks.compose.adapter import ComposeStack
from tests.e2e.conftest import Copy
from tests.gamedays import ROOT, Home, docker_variables

pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]
SCENARIOS = ("auth-connection-leak", "database-outage", "replica-kill")


def docker(*words: str) -> str:
    """What a docker command prints."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def left_of(project: str) -> list[str]:
    """Containers, networks and volumes of projects whose name begins so."""
    found = []
    for kind, name in (("container", "{{.Names}}"), ("network", "{{.Name}}"), ("volume", "{{.Name}}")):
        words = ["ls", "--format", name, *(["--all"] if kind == "container" else [])]
        found += [f"{kind} {line}" for line in docker(kind, *words).splitlines() if line.startswith(project)]
    return [thing for thing in found if not is_ghost(thing)]


def is_ghost(thing: str) -> bool:
    """Whether it is a network that the engine itself cannot remove: it has lost count of who is in it."""
    kind, name = thing.split()
    if kind != "network":
        return False
    done = subprocess.run(["docker", "network", "rm", name], capture_output=True, text=True, check=False)
    return "has active endpoints" in done.stderr


@pytest.fixture
def mine(home: Home, engine: None) -> Home:
    """A home whose project allows the compose stack, and whose commands find the engine."""
    (home.work / "gameday.toml").write_text('[targets]\nstacks = ["compose"]\n')
    return Home(home.folder, docker_variables(), games=home.games)


@pytest.fixture(scope="module")
def standing(engine: None) -> Iterator[ComposeStack]:
    """One project for all trials, each of which puts back what it changes."""
    made = ComposeStack()
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


def container(stack: ComposeStack, service: str) -> str:
    """The engine's name of a container."""
    return f"{stack.handle()['project']}-{service}-1"


def inventory(stack: ComposeStack) -> dict[str, dict[str, Any]]:
    """The stack's state, read back now."""
    return {name: dict(aspects) for name, aspects in asyncio.run(stack.inventory()).items()}


def attached(stack: ComposeStack) -> list[str]:
    """The words that let a run use it."""
    return ["--stack", "compose", "--attach", stack.handle()["project"]]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_as_shipped(mine: Home, shipped: Callable[[str], str], scenario: str) -> None:
    """The same file, the same verdict as on the embedded stack; paged by Alertmanager, and nothing is left."""
    game = mine.start(shipped(scenario), "--stack", "compose")
    done = game.end(within=400)
    assert done.code == 0, done
    card = game.card
    assert card["clean"] is True
    if scenario != "replica-kill":
        assert card["mitigation"]["by"] == "responder"
        assert card["adherence"]["coverage_verified"] == 1.0
        fired = [event for event in game.events() if event["type"] == "alert_fired"]
        assert fired
        assert all(event["source"] == "alertmanager" and event["starts_at"] for event in fired)
    project = game.until("stack_starting")["handle"]["project"]
    assert left_of(project) == []


def quick(short: Copy, **changes: Any) -> str:
    """A slow provider, over soon."""
    return short("identity-latency", **changes)


def test_the_floor_is_read_from_what_is_configured(mine: Home, short: Copy, standing: ComposeStack) -> None:
    """Scrape, evaluation, the rule's own `for` and the group's wait: one second each, and five; above it, little."""
    before = inventory(standing)
    game = mine.start(quick(short), *attached(standing))
    done = game.end(within=120)
    assert done.code == 0, done
    configured = game.until("detector_configured")
    assert (configured["kind"], configured["problem"]) == ("alertmanager", "")
    assert [configured[key] for key in ("scrape_interval", "evaluation_interval", "group_wait")] == [1, 1, 1]
    assert configured["holds"]["auth-latency"] == 5
    assert game.card["detection"]["floor"] == 8
    assert -3 < game.card["detection"]["above_floor"] < 3
    assert [event for event in game.events() if event["type"] == "alert_pending" and event["active_at"]]
    assert inventory(standing) == before


@pytest.mark.parametrize(
    ("off", "on"), [(("stop", "-t", "1"), "start"), (("pause",), "unpause")], ids=["down", "hanging"]
)
def test_no_prometheus_no_verdict(
    mine: Home, short: Copy, standing: ComposeStack, off: tuple[str, ...], on: str
) -> None:
    """Who could have noticed is down, or answers nobody: that nothing was noticed proves nothing."""
    soon = {"faults": {"slow-provider": {"for": "20s"}}}  # twice as long as data may be missing
    game = mine.start(quick(short, **soon), *attached(standing), "--responder", "none")
    game.until("baseline_judged")
    docker(*off, container(standing, "prometheus"))
    try:
        done = game.end(within=150)
    finally:
        docker(on, container(standing, "prometheus"))
    assert game.card["measures"]["time_to_detect"]["verdict"] == "UNKNOWN", done
    assert "auth-latency" in game.card["detection"]["no_data"]


def test_the_fault_proxy_is_started_again_under_the_fault(
    mine: Home, short: Copy, standing: ComposeStack
) -> None:
    """The toxic is gone with it, and nobody of the team took it away: noticed, said, UNKNOWN."""
    game = mine.start(quick(short), *attached(standing), "--responder", "none")
    game.until("impact_observed")
    docker("restart", "-t", "1", container(standing, "toxiproxy"))
    done = game.end(within=150)
    assert done.code == 3, done
    assert game.card["verdict"] == "UNKNOWN"
    assert "nobody's recorded act explains it" in " ".join(game.card["reasons"])
    checks = [event["in_place"] for event in game.events() if event["type"] == "fault_checked"]
    assert checks[0] is True
    assert False in checks
    assert game.card["clean"] is True


def test_a_killed_runner_keeps_others_off_until_it_is_reverted(
    mine: Home, short: Copy, standing: ComposeStack
) -> None:
    """A run says at its start what to do then; the next run is refused with the same command; it puts back."""
    before = inventory(standing)
    scenario = quick(short)
    game = mine.start(scenario, *attached(standing), "--responder", "none")
    game.until("impact_observed")
    game.kill()
    run = game.folder.name
    assert f"gameday revert {run}" in (mine.folder / "said" / "0.err").read_text()
    assert inventory(standing) != before

    refused = mine.gameday("run", scenario, *attached(standing))
    assert refused.code == 3, refused
    assert f"gameday revert {run}" in " ".join(refused.err.split())

    reverted = mine.gameday("revert", run)
    assert reverted.code == 0, reverted
    assert inventory(standing) == before


def test_what_cannot_be_put_back_is_named(mine: Home, short: Copy, standing: ComposeStack) -> None:
    """The platform answers nobody in the middle of a bad release: exit 4, with the commands; then they work."""
    before = inventory(standing)
    platform = container(standing, "platform")
    soon = {"faults": {"release": {"for": "20s"}}}
    game = mine.start(short("auth-connection-leak", **soon), *attached(standing), "--responder", "none")
    game.until("fault_injected", within=90, ok=True)
    docker("pause", platform)
    try:
        done = game.end(within=400)
    finally:
        docker("unpause", platform)
    assert done.code == 4, done
    assert f"gameday revert {game.folder.name}" in " ".join(done.err.split())
    assert "docker exec" in done.err

    reverted = mine.gameday("revert", game.folder.name, within=120)
    assert reverted.code == 0, reverted
    assert inventory(standing) == before


@pytest.mark.parametrize("how", ["stop", "freeze", "cut"])
def test_however_the_database_goes_away(mine: Home, short: Copy, standing: ComposeStack, how: str) -> None:
    """In order, paused by the engine, or off its network: the same incident, mended and put back the same way."""
    before = inventory(standing)
    scenario = short("database-outage", faults={"outage": {"with": {"how": how}}})
    game = mine.start(scenario, *attached(standing))
    game.until("fault_injected", within=90, ok=True)
    networks = docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", container(standing, "database"))
    assert ("_service" in networks) is (how != "cut")
    done = game.end(within=200)
    assert done.code == 0, done
    assert game.card["mitigation"]["what"].startswith("fail-over")
    assert inventory(standing) == before


def test_a_server_that_was_taken_off_its_network_is_put_back_by_start(standing: ComposeStack) -> None:
    """Those who operate it reach it all along, and it still leads."""
    before = inventory(standing)

    async def out_and_back() -> tuple[dict[str, Any], str]:
        await standing.restore({"database": {"server": "unplugged"}})
        out = dict((await standing.inventory())["database"])
        result = await standing.pull(LeverCall("start", {"service": "database"}))
        return out, result.did

    out, did = asyncio.run(out_and_back())
    assert (out["server"], out["role"]) == ("unplugged", "primary")
    assert did == "database goes on, it was unplugged"
    assert inventory(standing) == before


@pytest.fixture
def workers(standing: ComposeStack) -> Iterator[str]:
    """Two workers of the load as containers of the project: the file's own profile. Gives where they join."""
    shown = json.loads(docker("network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"))
    # An engine that has just been set up does not say it: then it is the first address there is.
    gateway = shown.get("Gateway") or str(next(ipaddress.ip_network(shown["Subnet"]).hosts()))
    with socket.socket() as taken:
        taken.bind((gateway, 0))
        port = taken.getsockname()[1]
    project = standing.handle()["project"]
    words = ["docker", "compose", "--project-name", project, "--file", str(ROOT / "docker-compose.yml")]
    words += ["--profile", "load"]
    environment = {**os.environ, "GAMEDAY_LOAD_WORKERS": "2", "GAMEDAY_LOAD_PORT": str(port)}
    up = [*words, "up", "--detach", "--wait", "--no-recreate", "--no-deps", "--build", "load-worker"]
    subprocess.run(up, env=environment, check=True, capture_output=True)
    yield f"{gateway}:{port}"
    subprocess.run(
        [*words, "rm", "--stop", "--force", "load-worker"], env=environment, check=True, capture_output=True
    )


def test_load_from_workers_in_containers(
    mine: Home, short: Copy, standing: ComposeStack, workers: str
) -> None:
    """They join where they are told to, share the users, and the verdict is the same; then they wait for the next."""
    scenario = quick(short, load={"workers": 2})
    game = mine.start(scenario, *attached(standing), "--load-master", workers)
    done = game.end(within=150)
    assert done.code == 0, done
    there = [event for event in game.events() if event["type"] == "load_worker"]
    assert len({event["name"] for event in there}) == 2
    assert {event["skew_width"] for event in there} == {0.0}, "one machine, one clock"
    numbers = {n % 1000 for event in game.events() if event["type"] == "requests" for n in event["sent_id"]}
    assert numbers == {1, 2}

    game = mine.start(scenario, *attached(standing), "--load-master", workers)
    game.until("fault_injected", within=90, ok=True)
    lost = f"{standing.handle()['project']}-load-worker-2"
    docker("pause", lost)
    try:
        done = game.end(within=150)
    finally:
        docker("unpause", lost)
    assert done.code == 3, done
    assert "was lost: not heard of for 5 s" in " ".join(done.err.split())
    assert game.card["clean"] is True


def test_an_unmarked_project_is_not_touched(mine: Home, short: Copy, standing: ComposeStack) -> None:
    """Somebody's project of the same shape but without the label is refused by its name."""
    label = "com.docker.compose.project=somebodys-shop"
    made = docker(
        *("run", "--detach", "--rm", "--network", "none", "--label", label),
        *("--label", "com.docker.compose.service=platform", "debian:bookworm-slim", "sleep", "60"),
    ).strip()
    try:
        refused = mine.gameday("run", quick(short), "--stack", "compose", "--attach", "somebodys-shop")
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            docker("kill", made)
    assert refused.code == 3, refused
    assert "not marked as staging" in " ".join(refused.err.split())
