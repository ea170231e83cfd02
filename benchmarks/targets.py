"""Which stacks this machine has for trials and benchmarks, and what a run on each is told."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from benchmarks.kept import ROOT

CONTEXT = os.environ.get("GAMEDAY_KUBE_CONTEXT", "")
"""A context of a cluster that may be broken; empty: no cluster."""
STACKS = ("local", "compose", *(["kubernetes"] if CONTEXT else []))


def project_for(stack: str, folder: Path) -> Path:
    """The folder to run in: a cluster's namespace must be allowed by a project's own rules."""
    if stack != "kubernetes":
        return ROOT
    namespace = f"gameday-trials-{secrets.token_hex(3)}"  # several may run side by side
    (folder / "gameday.toml").write_text(
        f'[targets]\nkubernetes = [{{ context = "{CONTEXT}", namespace = "{namespace}" }}]\n'
    )
    return folder


def environment() -> dict[str, str]:
    """What makes this very code run from any folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
