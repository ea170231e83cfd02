"""The manifests of the sample system: what people expect of such files, and what the code takes from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gameday.stacks import compose
from gameday.stacks.kubernetes import adapter
from gameday.stacks.kubernetes.manifests import manifests
from gameday.stacks.kubernetes.names import MARKER, MARKER_ANNOTATION
from gameday.stacks.platform.catalog import MEMORY_LIMIT

FOUND: dict[tuple[str, str], dict[str, Any]] = {
    (item["kind"], item["metadata"]["name"]): item for _, item in manifests("here", alerting=True)
}
PODS = {
    name: item["spec"]["template"]["spec"]
    for (kind, name), item in FOUND.items()
    if kind in {"Deployment", "StatefulSet"}
}


def test_all_of_it_is_put_into_the_namespace() -> None:
    """Each object's own, and its path; the namespace carries the marker and asks for restricted pods."""
    for path, item in manifests("here"):
        if item["kind"] == "Namespace":
            assert path == "/api/v1/namespaces/here"
        else:
            assert item["metadata"]["namespace"] == "here"
            assert "/namespaces/here/" in path
    namespace = FOUND["Namespace", "here"]["metadata"]
    assert namespace["annotations"] == {MARKER_ANNOTATION: MARKER}
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_our_own_images_come_from_the_registry_that_is_named() -> None:
    """Those that everybody has come from where everybody has them."""
    found = {
        container["image"]
        for _, item in manifests("here", registry="registry.example/team")
        for container in item.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
    }
    assert found == {
        "registry.example/team/gameday-auth:v1.2.3",
        "registry.example/team/gameday-database:1",
        "registry.example/team/gameday-platform:1",
        "caddy:2.11",
        "ghcr.io/shopify/toxiproxy:2.12.0",
    }


@pytest.mark.parametrize("name", PODS)
def test_every_pod_is_restricted_probed_and_limited(name: str) -> None:
    """As the restricted standard asks; requests, a limit of memory, a probe, no token that it does not need."""
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert name == "platform" or pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert "readinessProbe" in container


def test_who_pages_comes_only_where_it_is_asked_for() -> None:
    """The rest of it is the same."""
    plain = {(item["kind"], item["metadata"]["name"]) for _, item in manifests("here")}
    assert {name for kind, name in FOUND.keys() - plain if kind == "Deployment"} == {
        "prometheus",
        "alertmanager",
    }
    assert plain < FOUND.keys()


def test_who_pages_does_so_as_in_containers() -> None:
    """The same rules and the same route; only the service's replicas are found by another name."""
    folder = Path(compose.__file__).with_name("files")
    rules = FOUND["ConfigMap", "prometheus-rules"]["data"]["alerts.yml"]
    route = FOUND["ConfigMap", "alertmanager"]["data"]["alertmanager.yml"]
    assert (
        f"# Made by `make docs`: change what it is made from.\n{rules}" == (folder / "alerts.yml").read_text()
    )
    assert yaml.safe_load(route) == yaml.safe_load((folder / "alertmanager.yml").read_text())
    ours = yaml.safe_load(FOUND["ConfigMap", "prometheus"]["data"]["prometheus.yml"])
    theirs = yaml.safe_load((folder / "prometheus.yml").read_text())
    theirs["rule_files"] = ["/etc/prometheus/rules/alerts.yml"]
    theirs["scrape_configs"][1]["dns_sd_configs"][0]["names"] = ["auth-pods"]
    assert ours == theirs


def test_the_services_have_the_ports_that_are_asked_for() -> None:
    """By name; each reaches a port of its pods by that name."""
    for (service, port), number in {**adapter._PORTS, **adapter._ALERTING_PORTS}.items():
        ports = {row["name"]: row for row in FOUND["Service", service]["spec"]["ports"]}
        assert ports[port]["port"] == number
        names = {row["name"] for one in PODS[service]["containers"] for row in one.get("ports", ())}
        assert ports[port]["targetPort"] in names


def test_nobody_may_do_anything_elsewhere() -> None:
    """Roles of the namespace only; none may read every secret."""
    assert {kind for kind, _ in FOUND if "Role" in kind} == {"Role", "RoleBinding"}
    for (kind, _), item in FOUND.items():
        for rule in item.get("rules", ()) if kind == "Role" else ():
            assert "*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])
            if "secrets" in rule["resources"]:
                assert rule.get("resourceNames") == ["staging"] or rule["verbs"] == ["create"]


def test_a_replica_has_the_memory_that_looks_tell() -> None:
    """The limit stands in the table that looks and monitors use."""
    [container] = PODS["auth"]["containers"]
    assert container["resources"]["limits"]["memory"] == f"{MEMORY_LIMIT // 2**20}Mi"
