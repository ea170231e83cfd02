"""Whole game days on a real cluster: real pods behind real Services, killed by chaosk8s, rolled back by Kubernetes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameday.errors import StackError
from gameday.ports import Topic
from gameday.stacks.kubernetes.adapter import KubernetesStack
from tests.conftest import Require
from tests.e2e.clusters import allowing, attached, inventory, kubectl, uids
from tests.e2e.conftest import LIGHT, Copy
from tests.gamedays import ROOT, Home

pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]
SCENARIOS = ("auth-connection-leak", "database-outage", "replica-kill")


@pytest.fixture
def fresh(home: Home, cluster: str) -> tuple[Home, str]:
    """A home, and a namespace that is not there."""
    namespace = f"gameday-test-{secrets.token_hex(3)}"
    return allowing(home, cluster, namespace), namespace


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_as_shipped(
    fresh: tuple[Home, str], cluster: str, shipped: Callable[[str], str], scenario: str
) -> None:
    """The same file, the same verdict as on the embedded stack; and the namespace is gone afterwards."""
    home, namespace = fresh
    game = home.start(shipped(scenario), "--stack", "kubernetes")
    done = game.end(within=400)
    assert done.code == 0, done
    card = game.card
    assert card["clean"] is True
    if scenario != "replica-kill":
        assert card["mitigation"]["by"] == "responder"
        assert card["adherence"]["coverage_verified"] == 1.0
    else:
        checked = [event for event in game.events() if event["type"] == "fault_checked"]
        assert "(uid " in str(game.events()), "who was killed is named by its UID"
        assert checked
    assert namespace not in kubectl(cluster, "get", "namespaces", "-o", "name")


def test_a_system_is_left_standing_and_used_again(fresh: tuple[Home, str], cluster: str, short: Copy) -> None:
    """Brought up by itself, its levers pulled, rehearsed on by its name, taken down."""
    home, namespace = fresh
    up = home.gameday("stack", "up", "demo", "--stack", "kubernetes")
    assert up.code == 0, up
    try:
        assert (
            home.gameday("stack", "lever", "scale", "auth", "replicas=3").out
            == "auth 2 -> 3 replicas, 3 ready\n"
        )
        assert "export GAMEDAY_NAMESPACE=" + namespace in home.gameday("stack", "env").out
        assert home.gameday("run", short("replica-kill"), "--attach", "demo").code == 0
        assert '"replicas": 3' in home.gameday("stack", "status", "--json").out
    finally:
        assert home.gameday("stack", "down", "demo").code == 0
    assert namespace not in kubectl(cluster, "get", "namespaces", "-o", "name")


def test_its_own_alertmanager_pages(home: Home, cluster: str, shipped: Callable[[str], str]) -> None:
    """Where `alerting` asks for them, Prometheus and Alertmanager come with the system and are who detects."""
    namespace = f"gameday-test-{secrets.token_hex(3)}"
    team = allowing(home, cluster, namespace, more=", alerting = true")
    game = team.start(shipped("database-outage"), "--stack", "kubernetes")
    done = game.end(within=400)
    assert done.code == 0, done
    fired = [event for event in game.events() if event["type"] == "alert_fired"]
    assert fired
    assert all(event["source"] == "alertmanager" and event["starts_at"] for event in fired)
    assert game.card["detection"]["floor"] == 4
    assert namespace not in kubectl(cluster, "get", "namespaces", "-o", "name")


def test_a_roll_back_by_hand_is_recorded_credited_and_mitigates(
    team: Home, short: Copy, cluster: str, deployed: KubernetesStack
) -> None:
    """`kubectl rollout undo`, typed by somebody who never pulls a lever at the desk."""
    before = inventory(deployed)
    namespace = deployed.handle()["namespace"]
    game = team.start(short("auth-connection-leak"), *attached(deployed), "--responder", "people")
    game.until("impact_observed", within=90)
    history = kubectl(cluster, "-n", namespace, "rollout", "history", "deployment/auth")
    assert "v1.2.3 -> v1.3.0 by deploy-bot" in history
    kubectl(cluster, "-n", namespace, "rollout", "undo", "deployment/auth")
    began = game.until("lever_began", within=20)
    assert (began["by"], began["lever"], began["arguments"]["to"]) == ("kubectl", "rollback", "v1.2.3")
    game.until("lever_ended", within=60, ok=True)
    game.end(within=120)
    card = game.card
    assert card["mitigation"]["by"] == "responder"
    assert card["mitigation"]["who"] == "kubectl"
    assert card["mitigation"]["what"].startswith("rollback auth v1.3.0 -> v1.2.3")
    assert card["measures"]["time_to_mitigate"]["verdict"] == "PASS"
    assert card["adherence"]["coverage_verified"] > 0
    assert card["clean"] is True
    assert inventory(deployed) == before


@pytest.fixture
def calm(home: Home) -> Iterator[str]:
    """A scenario in which nothing breaks for 15 s, by its path."""
    scenario = yaml.safe_load((ROOT / "scenarios" / "replica-kill.yaml").read_text())
    scenario |= {
        **LIGHT,
        "faults": {"nothing": {"experiment": "nothing", "for": "15s"}},
        "expect": {"impact": "none"},
    }
    path = home.work / "scenarios" / "calm.yaml"
    path.write_text(yaml.safe_dump(scenario))
    yield str(path)
    path.unlink()


def test_users_do_not_feel_a_roll_out(team: Home, cluster: str, deployed: KubernetesStack, calm: str) -> None:
    """All pods are replaced under load, where nothing else is broken: no impact, as the scenario expects."""
    game = team.start(calm, *attached(deployed), "--responder", "none")
    game.until("fault_triggered", within=60)
    kubectl(cluster, "-n", deployed.handle()["namespace"], "rollout", "restart", "deployment/auth")
    began = game.until("lever_began", within=20)
    assert (began["lever"], began["by"]) == ("restart", "kubectl-rollout")
    done = game.end(within=120)
    assert done.code == 0, done
    load = game.card["load"]
    assert load["bad"] < 0.01 * load["offered"]  # what a pod had just taken when it was told to go
    # The pods that its ReplicaSet took away are no acts of their own.
    assert [event["lever"] for event in game.events() if event["type"] == "lever_began"] == ["restart"]


def test_a_pod_deleted_by_hand_is_somebodys_restart(
    team: Home, cluster: str, deployed: KubernetesStack, calm: str
) -> None:
    """`kubectl delete pod`: told with the pod's name, dated by when it went; another one comes."""
    namespace = deployed.handle()["namespace"]
    label = "--selector=app.kubernetes.io/name=auth"
    [victim, _] = kubectl(cluster, "-n", namespace, "get", "pods", label, "-o", "name").split()
    game = team.start(calm, *attached(deployed), "--responder", "people")
    game.until("fault_triggered", within=60)
    kubectl(cluster, "-n", namespace, "delete", victim, "--wait=false")
    began = game.until("lever_began", within=20)
    assert (began["lever"], began["by"]) == ("restart", "somebody")
    assert began["arguments"] == {"service": "auth", "replica": victim.removeprefix("pod/")}
    game.until("lever_ended", within=30, ok=True)
    game.end(within=120)
    triggered = next(event for event in game.events() if event["type"] == "fault_triggered")
    written, was = (_between(triggered, began, key) for key in ("wall", "t"))
    assert 0.8 < written - was < 2.5  # it was known for somebody's act only a second later
    assert game.card["clean"] is True


def _between(first: dict[str, Any], then: dict[str, Any], key: str) -> float:
    """Seconds, by the wall clock or by the run's own."""
    if key == "t":
        return float(then["t"]) - float(first["t"])
    return (datetime.fromisoformat(then[key]) - datetime.fromisoformat(first[key])).total_seconds()


def test_a_gateway_that_is_not_where_the_project_says_is_told(
    home: Home, cluster: str, deployed: KubernetesStack, calm: str
) -> None:
    """Before any load, by its name and the address."""
    namespace = deployed.handle()["namespace"]
    wrong = allowing(home, cluster, namespace, ', addresses = { gateway = "127.0.0.1:9" }')
    refused = wrong.gameday("run", calm, *attached(deployed), within=60)
    assert refused.code == 3, refused
    assert "not all of it is ready: gateway at 127.0.0.1:9" in " ".join(refused.err.split())


def test_settings_and_replicas_by_hand_are_levers_too(cluster: str, deployed: KubernetesStack) -> None:
    """`kubectl set env` and `kubectl scale` stand in the system's history under the tool that did it."""
    before = inventory(deployed)
    namespace = deployed.handle()["namespace"]
    kubectl(cluster, "-n", namespace, "set", "env", "deployment/auth", "POOL_MAX=20")
    kubectl(cluster, "-n", namespace, "rollout", "status", "deployment/auth", "--timeout=60s")
    kubectl(cluster, "-n", namespace, "scale", "deployment/auth", "--replicas=3")
    kubectl(cluster, "-n", namespace, "rollout", "status", "deployment/auth", "--timeout=60s")
    time.sleep(0.5)
    changed = inventory(deployed)["auth"]
    assert (changed["setting.pool_max"], changed["replicas"]) == (20, 3)
    rows = [" ".join(map(str, row)) for row in asyncio.run(deployed.look(Topic.CONFIG, {})).rows]
    for name in ("pool_max", "replicas"):
        assert any(name in row and "kubectl" in row for row in rows), rows
    asyncio.run(deployed.restore(before))
    assert inventory(deployed) == before


def test_pods_of_others_are_left_alone(
    team: Home, short: Copy, cluster: str, deployed: KubernetesStack
) -> None:
    """A pod of the same labels in another namespace lives on, the same one by its UID."""
    other = f"gameday-test-{secrets.token_hex(3)}"
    kubectl(cluster, "create", "namespace", other)
    try:
        labels = "--labels=app.kubernetes.io/name=auth"
        words = [
            "run",
            "bystander",
            "--image=gameday-auth:v1.2.3",
            "--image-pull-policy=IfNotPresent",
            labels,
        ]
        kubectl(cluster, "-n", other, *words, "--command", "--", "sleep", "600")
        kubectl(cluster, "-n", other, "wait", "--for=condition=Ready", "pod/bystander", "--timeout=60s")
        before = uids(cluster, other)
        game = team.start(
            short("replica-kill", faults={"kill": {"with": {"count": "all"}}}), *attached(deployed)
        )
        game.end(within=150)
        assert any(event["type"] == "fault_injected" and event["ok"] for event in game.events())
        assert not any(event["type"] == "lever_began" for event in game.events())  # nobody's act by hand
        assert uids(cluster, other) == before
    finally:
        kubectl(cluster, "delete", "namespace", other, "--wait=false")


def test_a_killed_runner_keeps_others_off_until_it_is_reverted(
    team: Home, short: Copy, deployed: KubernetesStack
) -> None:
    """A bad release is out and nobody watches: the next run is refused with the command that mends it."""
    before = inventory(deployed)
    scenario = short("auth-connection-leak")
    game = team.start(scenario, *attached(deployed), "--responder", "none")
    game.until("fault_injected", within=90, ok=True)
    game.kill()
    run = game.folder.name
    refused = team.gameday("run", scenario, *attached(deployed))
    assert refused.code == 3, refused
    assert f"gameday revert {run}" in " ".join(refused.err.split())

    reverted = team.gameday("revert", run, within=120)
    assert reverted.code == 0, reverted
    assert inventory(deployed) == before


def test_a_namespace_without_the_marker_is_not_touched(home: Home, cluster: str, short: Copy) -> None:
    """Though it is allowed: nothing is applied to it, and nothing of it is taken away."""
    namespace = f"gameday-test-{secrets.token_hex(3)}"
    kubectl(cluster, "create", "namespace", namespace)
    try:
        theirs = somebodys(cluster, namespace)
        team = allowing(home, cluster, namespace)
        scenario = short("identity-latency")
        for words in ((), ("--attach", namespace)):
            refused = team.gameday("run", scenario, "--stack", "kubernetes", *words)
            assert refused.code == 3, refused
            assert "is not marked as staging" in " ".join(refused.err.split())
        assert kubectl(cluster, "-n", namespace, "get", "all", "-o", "name") == ""
        assert uid_of(cluster, namespace) == theirs
    finally:
        kubectl(cluster, "delete", "namespace", namespace, "--wait=false")


def somebodys(context: str, namespace: str) -> str:
    """An object of a team's own that has one of our names; gives its UID."""
    kubectl(context, "-n", namespace, "create", "configmap", "gateway", "--from-literal=whose=theirs")
    return uid_of(context, namespace)


def uid_of(context: str, namespace: str) -> str:
    """Of that object, and what stands in it."""
    return kubectl(
        context, "-n", namespace, "get", "configmap", "gateway", "-o", "jsonpath={.metadata.uid} {.data}"
    )


def test_a_teams_own_objects_are_neither_overwritten_nor_taken_away(
    home: Home, cluster: str, short: Copy
) -> None:
    """In a namespace that carries the marker, with an object of a name that the sample system uses."""
    namespace = f"gameday-test-{secrets.token_hex(3)}"
    kubectl(cluster, "create", "namespace", namespace)
    try:
        kubectl(cluster, "annotate", "namespace", namespace, "org.gameday.staging=gameday-staging")
        theirs = somebodys(cluster, namespace)
        team = allowing(home, cluster, namespace)
        refused = team.gameday("run", short("identity-latency"), "--stack", "kubernetes")
        assert refused.code == 3, refused
        assert "nothing is put over them: ConfigMap/gateway;" in " ".join(refused.err.split())
        assert uid_of(cluster, namespace) == theirs
        assert kubectl(cluster, "-n", namespace, "get", "all", "-o", "name") == ""

        kubectl(cluster, "-n", namespace, "delete", "configmap", "gateway")
        kubectl(cluster, "-n", namespace, "create", "configmap", "prometheus")  # of no name that is used here
        done = team.gameday("run", short("identity-latency"), "--stack", "kubernetes", within=200)
        assert done.code == 0, done
        left = kubectl(
            cluster, "-n", namespace, "get", "all,configmaps,secrets,pdb,roles,rolebindings", "-o", "name"
        )
        assert left.split() == ["configmap/kube-root-ca.crt", "configmap/prometheus"]
    finally:
        kubectl(cluster, "delete", "namespace", namespace, "--wait=false")


def test_a_system_that_stands_is_not_taken_away_by_who_was_refused(
    home: Home, cluster: str, deployed: KubernetesStack, short: Copy
) -> None:
    """Somebody forgets to say --attach: told so, and all that stands stays."""
    namespace = deployed.handle()["namespace"]
    team, before, there = allowing(home, cluster, namespace), inventory(deployed), uids(cluster, namespace)
    refused = team.gameday("run", short("identity-latency"), "--stack", "kubernetes")
    assert refused.code == 3, refused
    assert f"use it: --attach {namespace}" in " ".join(refused.err.split())
    assert (inventory(deployed), uids(cluster, namespace)) == (before, there)


def test_what_the_readme_says_works(home: Home, cluster: str) -> None:
    """Its lines, typed as they stand beside the manifests, where the context is the one of this cluster."""
    team = allowing(home, cluster, "auth-staging")
    [box] = re.findall(
        r"^```sh cluster\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    manifests = home.work / "gameday"
    manifests.symlink_to(ROOT / "gameday")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", box], cwd=home.work, env={**team.environment, "PATH": path},
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
    finally:
        manifests.unlink()
        shutil.rmtree(home.folder / "home" / ".kube", ignore_errors=True)  # kubectl's own cache
        kubectl(cluster, "delete", "namespace", "auth-staging", "--ignore-not-found")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^auth-connection-leak +PASS$", done.stdout, re.MULTILINE)


STUCK = [
    ("image", "ErrImagePull", {"auth-stuck", "auth-warned"}),
    ("configuration", "CrashLoopBackOff", {"auth-stuck", "auth-warned"}),
    ("readiness", "ContainersNotReady", {"auth-warned"}),
]
"""What is wrong, what pods then wait for, and which monitors of Kubernetes' own signals tell of it."""


@pytest.mark.parametrize("case", STUCK, ids=[how for how, *_ in STUCK])
def test_a_roll_out_that_never_ends(
    team: Home, stuck: Copy, cluster: str, deployed: KubernetesStack, case: tuple[str, str, set[str]]
) -> None:
    """It is in place while pods wait, monitors tell of it, and the namespace is as before afterwards."""
    how, why, monitors = case
    before = inventory(deployed)
    game = team.start(stuck(how), *attached(deployed))
    done = game.end(within=120)
    assert done.code == 0, done
    events = game.events()
    assert any(why in event["detail"] for event in events if event["type"] == "fault_checked")
    assert {event["monitor"] for event in events if event["type"] == "alert_fired"} == monitors
    assert game.card["clean"] is True
    assert inventory(deployed) == before
    assert revisions(cluster, deployed) == ["gameday-auth:v1.2.3"]


def test_one_takes_a_roll_out_back_by_hand(
    team: Home, stuck: Copy, cluster: str, deployed: KubernetesStack
) -> None:
    """`kubectl rollout undo` ends what would never end; gameday sees it, and finds nothing left to put back."""
    before = inventory(deployed)
    game = team.start(stuck("image"), *attached(deployed), "--responder", "people")
    game.until("fault_checked", within=60)
    kubectl(cluster, "-n", deployed.handle()["namespace"], "rollout", "undo", "deployment/auth")
    began = game.until("lever_began", within=20)
    assert (began["by"], began["lever"], began["arguments"]["to"]) == ("kubectl", "rollback", "v1.2.3")
    assert game.until("lever_ended", within=30)["ok"] is True
    game.until("fault_checked", within=20, in_place=False)
    assert game.end(within=120).code == 0
    assert inventory(deployed) == before


def test_the_pod_of_the_database_is_killed(
    team: Home, short: Copy, cluster: str, deployed: KubernetesStack
) -> None:
    """Its data go with it: somebody must fail over. What comes back follows, and leads again at the end."""
    before = inventory(deployed)
    path = Path(short("database-outage", faults={"outage": {"experiment": "database-pod-kill"}}))
    scenario = yaml.safe_load(path.read_text())
    scenario["faults"]["outage"]["with"] = {"server": "database"}
    path.write_text(yaml.safe_dump(scenario))
    pod = ["-n", deployed.handle()["namespace"], "get", "pod", "database-0", "-o", "jsonpath={.metadata.uid}"]
    uid = kubectl(cluster, *pod)
    game = team.start(str(path), *attached(deployed))
    done = game.end(within=200)
    assert done.code == 0, done
    card = game.card
    assert (card["clean"], card["mitigation"]["by"]) == (True, "responder")
    assert f"database-0 (uid {uid})" in str(game.events())
    assert kubectl(cluster, *pod) != uid
    assert inventory(deployed) == before


def test_a_lost_leader_is_put_back_where_nobody_failed_over(deployed: KubernetesStack, cluster: str) -> None:
    """From its standby, which leads for a moment."""
    before = inventory(deployed)
    namespace = ["-n", deployed.handle()["namespace"]]
    kubectl(cluster, *namespace, "delete", "pod", "database-0", "--grace-period=0", "--force")
    deadline = time.monotonic() + 20
    while asyncio.run(deployed.ready())["database"] or not _waits(deployed, "database"):
        assert time.monotonic() < deadline
    asyncio.run(deployed.restore({name: before[name] for name in ("database", "database-replica")}))
    assert inventory(deployed) == before


def _waits(stack: KubernetesStack, server: str) -> bool:
    """Whether a server can only follow and waits for somebody to lead; one that dies just now cannot be asked."""
    try:
        now = inventory(stack)[server]
    except StackError:
        return False
    return (now["server"], now["role"]) == ("stopped", "standby")


@pytest.fixture
def stuck(team: Home) -> Iterator[Copy]:
    """A scenario around a roll-out that never ends, with monitors of Kubernetes' own signals; gives its path."""
    system = yaml.safe_load((ROOT / "scenarios" / "systems" / "auth.yaml").read_text())
    system["monitors"] |= {
        "auth-stuck": {"when": "replicas_waiting > 0 for 1s", "severity": "SEV3"},
        "auth-warned": {"when": "warnings > 0", "severity": "SEV4"},
    }
    system_file, path = (team.work / "scenarios" / name for name in ("watched.yaml", "stuck.yaml"))
    system_file.write_text(yaml.safe_dump(system))

    def made(how: str) -> str:
        scenario = yaml.safe_load((ROOT / "scenarios" / "replica-kill.yaml").read_text())
        scenario |= {
            **LIGHT,
            "system": "./watched.yaml",
            "faults": {"rollout": {"experiment": "stuck-rollout", "for": "20s", "with": {"how": how}}},
            "expect": {"impact": "none"},
            "truth": {"severity": "SEV3", "component": "auth", "mechanism": "bad-release"},
        }
        path.write_text(yaml.safe_dump(scenario))
        return str(path)

    yield made
    system_file.unlink()
    path.unlink()


def revisions(context: str, stack: KubernetesStack) -> list[str]:
    """The images of the ReplicaSets of the service that have pods."""
    said = kubectl(context, "-n", stack.handle()["namespace"], "get", "replicasets", "-o", "json")
    return [
        one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in json.loads(said)["items"]
        if one["metadata"]["labels"]["app.kubernetes.io/name"] == "auth" and one["status"]["replicas"]
    ]


JOBS = ROOT / "gameday" / "stacks" / "kubernetes" / "jobs"
SPACE = ("-n", "auth-staging")


@pytest.fixture
def manifests(cluster: str) -> Iterator[str]:
    """The system as `kubectl apply -k` brings it up, and what a Job needs; gives the context."""
    try:
        kubectl(cluster, "apply", "-k", str(JOBS.with_name("base")))
        kubectl(cluster, *SPACE, "rollout", "status", "statefulset/database-replica", "--timeout=120s")
        yield cluster
    finally:
        kubectl(cluster, "delete", "namespace", "auth-staging", "--ignore-not-found")


def test_a_game_day_by_a_job_inside_the_cluster(manifests: str, require: Require) -> None:
    """The Job of the manifests as they stand: its account may do what it needs, and it prints a card that passes."""
    kubectl(manifests, "apply", "-k", str(JOBS))
    card = _card(manifests, require)
    assert re.search(r"^auth-connection-leak +PASS$", card, re.MULTILINE), card
    assert "stack clean     yes" in card
    suspended = kubectl(manifests, *SPACE, "get", "cronjob", "game-day", "-o", "jsonpath={.spec.suspend}")
    assert suspended == "true"


def test_its_load_may_come_from_a_deployment_of_workers(manifests: str, require: Require) -> None:
    """Two of them, who find the Job by its name; every request is theirs."""
    kubectl(manifests, *SPACE, "apply", "-f", str(JOBS / "config.yaml"), "-f", str(JOBS / "load.yaml"))
    kubectl(manifests, *SPACE, "scale", "deployment/load-worker", "--replicas=2")
    job = yaml.safe_load((JOBS / "job.yaml").read_text())
    scenario = yaml.safe_load((ROOT / "scenarios" / "replica-kill.yaml").read_text())
    scenario |= {**LIGHT, "load": {**LIGHT["load"], "workers": 2}}
    extra = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "two"},
        "data": {"two.yaml": json.dumps(scenario)},
    }
    kubectl(manifests, *SPACE, "apply", "-f", "-", input=json.dumps(extra))
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    container["args"][1] = "/project/scenarios/two.yaml"
    container["args"] += ["--load-master", "0.0.0.0:5557"]
    container["volumeMounts"].append(
        {"name": "two", "mountPath": "/project/scenarios/two.yaml", "subPath": "two.yaml"}
    )
    pod["volumes"].append({"name": "two", "configMap": {"name": "two"}})
    kubectl(manifests, *SPACE, "apply", "-f", "-", input=json.dumps(job))
    card = _card(manifests, require)
    assert re.search(r"^two +PASS$", card, re.MULTILINE), card


def _card(context: str, require: Require) -> str:
    """What the Job printed, once it is complete."""
    _wait_for_image(context, "job-name=game-day", require)
    status = [*SPACE, "get", "job", "game-day", "-o", "jsonpath={.status.succeeded},{.status.failed}"]
    deadline = time.monotonic() + 240
    while (said := kubectl(context, *status)) == "," and time.monotonic() < deadline:
        time.sleep(0.5)
    card = kubectl(context, *SPACE, "logs", "job/game-day")
    assert said == "1,", card
    return card


def _wait_for_image(context: str, label: str, require: Require) -> None:
    """Until the pod's container has begun, which needs its image on a node."""
    words = ["-n", "auth-staging", "get", "pods", "-l", label, "-o", "json"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pod in json.loads(kubectl(context, *words))["items"]:
            for one in pod["status"].get("containerStatuses", ()):
                reason = one["state"].get("waiting", {}).get("reason", "")
                if reason in {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"}:
                    require(
                        "gameday-image",
                        f"the image {one['image']} is on no node: docs/kubernetes.md says how it is made",
                    )
                if reason != "ContainerCreating":
                    return
        time.sleep(0.5)


def test_a_context_that_is_not_there_is_said(home: Home, cluster: str, short: Copy) -> None:
    """The current context is not taken instead."""
    team = allowing(home, "no-such-context", "auth-staging")
    refused = team.gameday("run", short("identity-latency"), "--stack", "kubernetes")
    assert refused.code == 3, refused
    assert "no-such-context" in refused.err


def test_a_service_that_has_no_pod_is_an_error(
    deployed: KubernetesStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """chaosk8s calls that a success; and without a namespace nothing is asked at all."""
    from gameday.faults.actions import pods

    for name, value in deployed.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match="no pod of nobody runs in"):
        pods.kill("nobody")
    with pytest.raises(ValueError, match="is no name of one"):
        pods.kill("")
    monkeypatch.delenv("GAMEDAY_NAMESPACE")
    with pytest.raises(RuntimeError, match="GAMEDAY_NAMESPACE is not set"):
        pods.kill("auth")
