"""Fixtures for every test: a clean environment, and one rule for services that are not there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("gameday", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("gameday")

Require = Callable[[str, str], NoReturn]


@pytest.fixture(scope="session")
def require() -> Require:
    """`require(service, how)`: it is missing. Skips locally; fails where GAMEDAY_REQUIRE names it.

    A service may also be a right or a property of the machine that a test needs.
    """

    def missing(service: str, how: str) -> NoReturn:
        wanted = {word.strip() for word in os.environ.get("GAMEDAY_REQUIRE", "").split(",")}
        if wanted & {service, "all"}:
            pytest.fail(f"{service} is required here and missing: {how}")
        pytest.skip(f"{service} is not here: {how}")

    return missing


@pytest.fixture(scope="session")
def engine(require: Require) -> None:
    """A Docker engine with the compose plugin."""
    for words in (["docker", "version"], ["docker", "compose", "version"]):
        if (
            shutil.which("docker") is None
            or subprocess.run(words, capture_output=True, check=False).returncode
        ):
            require("docker", f"`{' '.join(words)}` fails; start a Docker engine with its compose plugin")


@pytest.fixture(scope="session")
def cluster(require: Require) -> str:
    """A context of a Kubernetes cluster that has the sample system's images; never the current one by silence."""
    context = os.environ.get("GAMEDAY_KUBE_CONTEXT", "")
    how = "set KUBECONFIG, and GAMEDAY_KUBE_CONTEXT to a context that tests may break"
    if not context or shutil.which("kubectl") is None:
        require("kubernetes", how)
    words = ["kubectl", "--context", context, "get", "--raw", "/readyz"]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        require("kubernetes", f"`{' '.join(words)}` fails; {how}")
    return context


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the developer's own runs, state or colours."""
    for name in list(os.environ):
        if name.startswith("GAMEDAY_") and name not in {
            "GAMEDAY_TOXIPROXY",
            "GAMEDAY_PROMETHEUS",
            "GAMEDAY_REQUIRE",
            "GAMEDAY_KUBE_CONTEXT",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
