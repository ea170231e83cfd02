"""Faults that need more than a namespace: another node, a network plugin; where it is not there, that is said."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from gameday.faults.actions import holding
from gameday.stacks.kubernetes.adapter import KubernetesStack
from tests.conftest import Require
from tests.e2e.clusters import kubectl, uids

pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def standing(cluster: str) -> Iterator[KubernetesStack]:
    """One system, all of whose cluster's nodes may be cordoned."""
    nodes = [str(row["metadata"]["name"]) for row in _nodes(cluster)]
    made = KubernetesStack(cluster, f"gameday-test-{secrets.token_hex(3)}", nodes=nodes)
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())


@pytest.fixture(autouse=True)
def variables(standing: KubernetesStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an experiment is told of the stack."""
    for name, value in standing.environment().items():
        monkeypatch.setenv(name, value)


def _nodes(context: str) -> list[dict[str, dict[str, object]]]:
    found: list[dict[str, dict[str, object]]] = json.loads(kubectl(context, "get", "nodes", "-o", "json"))[
        "items"
    ]
    return found


def _cordoned(context: str) -> set[str]:
    return {str(row["metadata"]["name"]) for row in _nodes(context) if row["spec"].get("unschedulable")}


def test_a_node_is_drained_of_one_service(standing: KubernetesStack, cluster: str, require: Require) -> None:
    """All its pods go elsewhere, one after the other as their budget asks, and nobody else's."""
    from gameday.faults.actions import nodes

    if len(_nodes(cluster)) - len(_cordoned(cluster)) < 2:
        require("two-nodes", "draining needs a cluster with two nodes that take pods")
    space = [
        "-n",
        standing.handle()["namespace"],
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=auth",
        "-o",
        "json",
    ]
    everybody = uids(cluster, standing.handle()["namespace"])
    ours = {pod["metadata"]["uid"] for pod in json.loads(kubectl(cluster, *space))["items"]}
    node, *evicted = nodes.drain("auth")
    name = node.removeprefix("node ")
    assert evicted
    assert _cordoned(cluster) == {name} == {nodes.is_cordoned()}
    deadline = time.monotonic() + 30
    while not asyncio.run(standing.ready())["auth"]:
        assert time.monotonic() < deadline
    assert {pod["spec"]["nodeName"] for pod in json.loads(kubectl(cluster, *space))["items"]}.isdisjoint(
        {name}
    )
    assert everybody - ours <= uids(cluster, standing.handle()["namespace"]), "others' pods were taken"
    assert nodes.uncordon() is True
    assert (_cordoned(cluster), nodes.is_cordoned()) == (set(), "")


def test_a_node_takes_pods_again_when_nobody_watches(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder lets it at the end of its lease, whatever became of who drained it."""
    hold, node = "gameday.faults.holds.nodes:keep_cordoned", str(_nodes(cluster)[0]["metadata"]["name"])
    nobody = threading.Event()
    nobody.set()
    monkeypatch.setattr(holding, "_BY_RUNNER", nobody)  # whose words would renew it, and who says none
    assert holding.hold(hold, "3s", node=node) == {"node": node}
    try:
        assert _cordoned(cluster) == {node}
        deadline = time.monotonic() + 6
        while _cordoned(cluster):
            assert time.monotonic() < deadline
    finally:
        holding.let_go(hold)


def test_a_node_that_a_dead_holder_left_is_found_by_any_process(cluster: str) -> None:
    """It carries whose it is: `gameday revert` starts from nothing, and leaves alone what others have cordoned."""
    from gameday.faults.actions import nodes

    node = str(_nodes(cluster)[0]["metadata"]["name"])
    try:
        kubectl(cluster, "cordon", node)
        assert nodes.is_cordoned() == ""
        assert nodes.uncordon() is True
        assert _cordoned(cluster) == {node}, "it was somebody else's to cordon"
        kubectl(
            cluster, "annotate", "node", node, f"org.gameday.cordoned-by={os.environ['GAMEDAY_NAMESPACE']}"
        )
        assert nodes.is_cordoned() == node
        assert nodes.uncordon() is True
        assert (_cordoned(cluster), nodes.is_cordoned()) == (set(), "")
    finally:
        kubectl(cluster, "uncordon", node)


def test_no_node_is_cordoned_that_nobody_allowed(
    standing: KubernetesStack, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where those who are evicted had nowhere to go."""
    from gameday.faults.actions import nodes

    monkeypatch.setenv("GAMEDAY_NODES", "")
    before = uids(cluster, standing.handle()["namespace"])
    with pytest.raises(RuntimeError, match=r"nowhere to go|name those that may be as nodes = "):
        nodes.drain("auth")
    assert (_cordoned(cluster), uids(cluster, standing.handle()["namespace"])) == (set(), before)


@pytest.mark.parametrize("component", ["identity-provider", "database"])
def test_the_way_is_denied_or_that_nobody_enforces_it_is_said(
    standing: KubernetesStack, cluster: str, component: str
) -> None:
    """By what the platform sees of it, not by what is installed; no policy is left in either case."""
    from gameday.faults.actions import policies

    space = ["-n", standing.handle()["namespace"], "get", "networkpolicies", "-o", "name"]
    said = ""
    with contextlib.suppress(RuntimeError):
        said = policies.deny(component)
    if said:
        assert said.startswith(f"{component}: ")
        assert kubectl(cluster, *space).split() == [
            f"networkpolicy.networking.k8s.io/gameday-deny-{component}"
        ]
        assert not _reaches(standing, component)
        assert policies.allow(component) is True
    else:
        with pytest.raises(RuntimeError, match="nothing in this cluster enforces network policies"):
            policies.deny(component)
    assert kubectl(cluster, *space) == ""
    assert _reaches(standing, component)


def _reaches(stack: KubernetesStack, component: str) -> bool:
    """Whether a pod of the namespace opens a connection to the component, past gameday's own looks."""
    ports = {"identity-provider": 8080, "database": 5432}
    code = f"import socket; socket.create_connection(('{component}', {ports[component]}), 3)"
    words = ["kubectl", "--context", stack.handle()["context"], "-n", stack.handle()["namespace"]]
    done = subprocess.run(
        [*words, "exec", "deployment/platform", "--", "python", "-c", code], capture_output=True, check=False
    )
    return done.returncode == 0
