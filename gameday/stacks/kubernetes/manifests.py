"""The manifests of the sample system as the package carries them, put into a namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

BASE = Path(__file__).with_name("base")
PART_OF = {"app.kubernetes.io/part-of": "gameday-sample"}
"""As ``kustomization.yaml`` says; tells what is ours."""
_GROUPS = {
    "Deployment": "apis/apps/v1",
    "StatefulSet": "apis/apps/v1",
    "Role": "apis/rbac.authorization.k8s.io/v1",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1",
    "PodDisruptionBudget": "apis/policy/v1",
}


def manifests(namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with the path that it is applied at, in the order in which they are needed."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
    for file in kustomization["resources"]:
        for item in yaml.safe_load_all((BASE / file).read_text(encoding="utf-8")):
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
            group, plural = _GROUPS.get(item["kind"], "api/v1"), _plural(item["kind"])
            yield f"/{group}/namespaces/{namespace}/{plural}/{metadata['name']}", item


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"
