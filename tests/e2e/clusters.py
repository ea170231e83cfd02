"""What tests on a cluster share: kubectl, and homes whose project allows a namespace."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from typing import Any

from gameday.stacks.kubernetes.adapter import KubernetesStack
from tests.gamedays import Home


def kubectl(context: str, *words: str, **more: Any) -> str:
    """What a command of it prints."""
    command = ["kubectl", "--context", context, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, **more).stdout


def uids(context: str, namespace: str) -> set[str]:
    """Of all pods of a namespace."""
    items = json.loads(kubectl(context, "-n", namespace, "get", "pods", "-o", "json"))["items"]
    return {item["metadata"]["uid"] for item in items}


def allowing(home: Home, context: str, namespace: str, more: str = "") -> Home:
    """A home whose project allows this namespace, and whose commands find the cluster."""
    (home.work / "gameday.toml").write_text(
        f'[targets]\nkubernetes = [{{ context = "{context}", namespace = "{namespace}"{more} }}]\n'
    )
    return Home(home.folder, {"KUBECONFIG": os.environ["KUBECONFIG"]}, games=home.games)


def attached(stack: KubernetesStack) -> list[str]:
    """The words that let a run use it."""
    return ["--stack", "kubernetes", "--attach", stack.handle()["namespace"]]


def inventory(stack: KubernetesStack) -> dict[str, dict[str, Any]]:
    """The stack's state, read back now."""
    return {name: dict(aspects) for name, aspects in asyncio.run(stack.inventory()).items()}
