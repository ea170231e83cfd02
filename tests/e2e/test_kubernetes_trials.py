"""A cluster that fails a game day in the middle: its API server goes, rights go, somebody else is there already."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from gameday.faults.actions import pods
from gameday.stacks.kubernetes.adapter import KubernetesStack
from tests.conftest import Require
from tests.e2e.clusters import attached, inventory, kubectl, uids
from tests.e2e.conftest import Copy
from tests.gamedays import Game, Home

pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


@pytest.fixture
def server(cluster: str, require: Require) -> Iterator[psutil.Process]:
    """The API server's process, which goes on in any case."""
    address = kubectl(cluster, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    port = int(address.rpartition(":")[2])
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "kube-apiserver":
            with contextlib.suppress(psutil.Error):
                if port in {one.laddr.port for one in process.net_connections() if one.status == "LISTEN"}:
                    yield process
                    process.send_signal(signal.SIGCONT)
                    return
    require("kube-apiserver", f"set KUBECONFIG to one on this machine that may be stopped; {address} is not")


def released(team: Home, short: Copy, stack: KubernetesStack, duration: str) -> Game:
    """A game day whose bad release is out and stays so long; nobody answers."""
    scenario = short("auth-connection-leak", faults={"release": {"for": duration}})
    game = team.start(scenario, *attached(stack), "--responder", "none")
    game.until("fault_injected", within=90, ok=True)
    return game


def test_an_api_server_that_stays_away(
    team: Home, short: Copy, deployed: KubernetesStack, server: psutil.Process
) -> None:
    """What could not be put back is named, with the commands; once it answers again, `gameday revert` does it."""
    before = inventory(deployed)
    game = released(team, short, deployed, "20s")
    server.suspend()
    done = game.end(within=200)
    server.resume()
    assert done.code == 4, done
    assert game.card["clean"] is False
    said = " ".join(done.err.split())
    assert f"gameday revert {game.folder.name}" in said
    assert "or by hand: curl" in said
    assert inventory(deployed)["auth"]["version"] != before["auth"]["version"], "it is out still"
    reverted = team.gameday("revert", game.folder.name, within=120)
    assert reverted.code == 0, reverted
    assert inventory(deployed) == before


def test_an_api_server_that_comes_back(
    team: Home, short: Copy, deployed: KubernetesStack, server: psutil.Process
) -> None:
    """The run goes on to its end, and everything is put back."""
    before = inventory(deployed)
    game = released(team, short, deployed, "40s")
    server.suspend()
    game.until_alerted()
    server.resume()
    done = game.end(within=200)
    assert done.code == 1, done
    assert game.card["clean"] is True
    assert game.card["detection"]["by"].startswith("monitor:")
    assert inventory(deployed) == before


def test_rights_that_go_in_the_middle(
    team: Home, short: Copy, deployed: KubernetesStack, cluster: str, tmp_path: Path
) -> None:
    """The fault is not called a success, its reason is told, nothing is broken; with the shipped Role it works."""
    namespace = deployed.handle()["namespace"]
    space = ["-n", namespace]
    binding = kubectl(cluster, *space, "get", "rolebinding", "gameday", "-o", "json")
    by_account = Home(
        team.folder, {"KUBECONFIG": str(as_account(cluster, namespace, tmp_path))}, games=team.games
    )
    scenario = short("replica-kill")
    assert by_account.gameday("run", scenario, *attached(deployed), within=120).code == 0
    before, there = inventory(deployed), uids(cluster, namespace)

    game = by_account.start(scenario, *attached(deployed))
    game.until("load_started", within=60)
    kubectl(cluster, *space, "delete", "rolebinding", "gameday")
    try:
        done = game.end(within=120)
    finally:
        kept = json.loads(binding)
        kept["metadata"] = {key: kept["metadata"][key] for key in ("name", "namespace", "labels")}
        kubectl(cluster, *space, "apply", "-f", "-", input=json.dumps(kept))
    assert done.code == 3, done
    [injected] = [event for event in game.events() if event["type"] == "fault_injected"]
    assert injected["ok"] is False
    assert "403" in injected["problem"] or "orbidden" in injected["problem"]
    assert "Traceback" not in done.err + done.out
    assert (inventory(deployed), uids(cluster, namespace)) == (before, there)


def as_account(context: str, namespace: str, folder: Path, account: str = "gameday") -> Path:
    """A kubeconfig for who runs game days, or who responds, with the rights of the manifests alone."""
    config = yaml.safe_load(kubectl(context, "config", "view", "--raw", "--minify", "--flatten"))
    token = kubectl(context, "-n", namespace, "create", "token", account, "--duration=1h").strip()
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_who_responds_may_do_what_runbooks_say_and_no_more(
    deployed: KubernetesStack, cluster: str, tmp_path: Path
) -> None:
    """Look, and change the service's Deployment; not take it away, read passwords, or touch the database."""
    namespace = deployed.handle()["namespace"]
    config = str(as_account(cluster, namespace, tmp_path, account="responder"))

    def may(*words: str) -> bool:
        command = ["kubectl", "--kubeconfig", config, "-n", namespace, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "orbidden" in done.stderr, done.stderr
        return done.returncode == 0

    before = inventory(deployed)
    for words in (
        ("get", "pods,events,deployments"),
        ("logs", "deployment/auth", "--tail=1"),
        ("rollout", "history", "deployment/auth"),
        ("set", "env", "deployment/auth", "POOL_MAX=12"),
        ("rollout", "status", "deployment/auth", "--timeout=60s"),
        ("rollout", "undo", "deployment/auth"),
        ("scale", "deployment/auth", "--replicas=3"),
        ("rollout", "restart", "deployment/auth"),
        ("rollout", "status", "deployment/auth", "--timeout=60s"),
        ("scale", "deployment/auth", "--replicas=2"),
    ):
        assert may(*words), words
    for words in (
        ("get", "secret", "staging"),
        ("delete", "deployment", "auth"),
        ("scale", "statefulset/database", "--replicas=0"),
        ("set", "image", "deployment/gateway", "caddy=caddy:2.10"),
        ("get", "pods", "--all-namespaces"),
    ):
        assert not may(*words), words
    asyncio.run(deployed.restore({"auth": before["auth"]}))
    assert inventory(deployed) == before


def test_two_at_once(team: Home, short: Copy, deployed: KubernetesStack, tmp_path: Path) -> None:
    """The second is refused and says who is there, on another machine as well; the first ends as it would have."""
    scenario = short("replica-kill")
    first = team.start(scenario, *attached(deployed))
    first.until("fault_injected", within=60)
    for elsewhere in ({}, {"XDG_STATE_HOME": str(tmp_path)}):
        second = team.gameday("run", scenario, *attached(deployed), **elsewhere)
        assert second.code == 3, second
        assert first.folder.name in " ".join(second.err.split())
    assert first.end(within=120).code == 0


@pytest.mark.parametrize(
    "service", ["", "*", "auth,app.kubernetes.io/name!=x", "auth or database", "!x", "x)", "-", "auth="]
)
def test_a_selector_of_more_than_one_service_kills_nobody(
    deployed: KubernetesStack, cluster: str, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """A service is one name; whatever else could be meant is not asked for."""
    for name, value in deployed.environment().items():
        monkeypatch.setenv(name, value)
    before = uids(cluster, deployed.handle()["namespace"])
    with pytest.raises(ValueError, match="service"):
        pods.kill(service, count="all")
    assert uids(cluster, deployed.handle()["namespace"]) == before


def test_those_who_are_asked_for_are_killed(
    deployed: KubernetesStack, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest, a half, all; with a farewell or without; in a namespace whose twin keeps all its pods."""
    for name, value in deployed.environment().items():
        monkeypatch.setenv(name, value)
    namespace, twin = deployed.handle()["namespace"], f"gameday-test-{secrets.token_hex(3)}"
    label = "app.kubernetes.io/name=auth"
    kubectl(cluster, "create", "namespace", twin)
    try:
        image = "--image=gameday-auth:v1.2.3"
        kubectl(
            cluster,
            "-n",
            twin,
            "run",
            "bystander",
            image,
            f"--labels={label}",
            "--command",
            "--",
            "sleep",
            "600",
        )
        kubectl(cluster, "-n", twin, "wait", "--for=condition=Ready", "pod/bystander", "--timeout=60s")
        aside = uids(cluster, twin)
        for words, many in (
            ({"pick": "oldest"}, 1),
            ({"count": "50%", "grace": 1}, 1),
            ({"count": "all"}, 2),
        ):
            there = ages(cluster, namespace, label)
            killed = [one.rpartition("uid ")[2].rstrip(")") for one in pods.kill("auth", **words)]  # type: ignore[arg-type]
            assert len(killed) == many
            assert set(killed) <= set(there)
            if words.get("pick") == "oldest":
                assert killed == there[:1]
            assert pods.stop_killing("auth") is True
        assert uids(cluster, twin) == aside
    finally:
        kubectl(cluster, "delete", "namespace", twin, "--wait=false")


def ages(context: str, namespace: str, label: str) -> list[str]:
    """UIDs of the pods that run, the oldest first."""
    said = subprocess.run(
        ["kubectl", "--context", context, "-n", namespace, "get", "pods", "-l", label, "-o", "json"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    items = [one for one in json.loads(said)["items"] if "deletionTimestamp" not in one["metadata"]]
    items.sort(key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))
    return [one["metadata"]["uid"] for one in items]
