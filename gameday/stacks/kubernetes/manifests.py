"""The manifests of the sample system as the package carries them, put into a namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

BASE = Path(__file__).with_name("base")
ALERTING = Path(__file__).with_name("alerting")
"""A Prometheus and an Alertmanager on top of the base."""
PART_OF = {"app.kubernetes.io/part-of": "gameday-sample"}
"""As ``kustomization.yaml`` says; tells what is ours."""
_OWN_IMAGES = "gameday-"
_GROUPS = {
    "Deployment": "apis/apps/v1",
    "StatefulSet": "apis/apps/v1",
    "Role": "apis/rbac.authorization.k8s.io/v1",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1",
    "PodDisruptionBudget": "apis/policy/v1",
}


def manifests(
    namespace: str, *, alerting: bool = False, registry: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with the path that it is applied at, in the order in which they are needed.

    Images of our own come from ``registry`` where one is given; others from where everybody has them.
    """
    for folder in (BASE, ALERTING) if alerting else (BASE,):
        for item in _objects(folder):
            metadata = item["metadata"]
            metadata["labels"] = {**metadata.get("labels", {}), **PART_OF}
            if item["kind"] == "Namespace":
                metadata["name"] = namespace
                yield f"/api/v1/namespaces/{namespace}", item
                continue
            metadata["namespace"] = namespace
            template = item.get("spec", {}).get("template")
            if template:
                template["metadata"]["labels"] = {**template["metadata"]["labels"], **PART_OF}
                for container in template["spec"]["containers"] if registry else ():
                    if container["image"].startswith(_OWN_IMAGES):
                        container["image"] = f"{registry}/{container['image']}"
            group, plural = _GROUPS.get(item["kind"], "api/v1"), _plural(item["kind"])
            yield f"/{group}/namespaces/{namespace}/{plural}/{metadata['name']}", item


def _objects(folder: Path) -> Iterator[dict[str, Any]]:
    """Of the files of a kustomization itself, not of the one that it stands on."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in kustomization["resources"]:
        if (folder / name).is_file():
            yield from yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"
