"""A project of somebody's own: the sample files, and a scenario whose figures stay as tests need them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCENARIO = """\
# levers, alone:
#   rollback auth                 mends
#   disable-flag new-login-flow   mends
#   restart auth                  relapses after 9 s
#   scale auth replicas=4         nothing
title: A release leaks connections
system: auth
load: {locustfile: load/logins.py, users: 60}
baseline: 8s
steady_state: [error_rate < 1%, latency_p95 < 500ms]
faults:
  release:
    experiment: bad-release
    for: 2m
    with: {service: auth, version: v1.3.0}
expect:
  impact: {when: error_rate > 10%, within: 45s}
  detect: {monitors: [auth-error-rate, auth-connections], within: 30s}
  mitigate: {within: 90s, levers: [rollback, disable-flag]}
  stable_for: 20s
truth: {severity: SEV1, component: auth, mechanism: connection-leak}
runbook: database-connection-exhaustion
playbook: roll-back-the-release
guards: [host_memory_available < 500MB]
profiles:
  gameday: {baseline: 2m, faults: {release: {for: 60m}}, expect: {stable_for: 5m}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of somebody's own; its scenario is ``leak``."""
    folder = tmp_path / "project"
    for name in ("experiments", "scenarios", "scorecards"):
        shutil.copytree(ROOT / name, folder / name)
    for sample in (folder / "scenarios").glob("*.yaml"):
        sample.unlink()
    (folder / "scenarios" / "leak.yaml").write_text(SCENARIO)
    return folder


class Edit:
    """Replaces words in a file of the project."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def __call__(self, name: str, old: str, new: str) -> None:
        """The words must be there."""
        path = self._project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture
def edit(project: Path) -> Edit:
    """``edit(file, old, new)``."""
    return Edit(project)
