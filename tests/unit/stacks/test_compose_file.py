"""docker-compose.yml and what stands beside it: what people expect of such a file, and what the code takes from it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from gameday.stacks.compose import parts
from gameday.stacks.compose.names import MARKER, MARKER_LABEL, PORTS
from gameday.stacks.platform.catalog import MEMORY_LIMIT, PROXIES, RELEASES, SLOTS
from gameday.stacks.platform.database import RESERVED, ROLE_GAP
from tests.gamedays import ROOT

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]
FILES = ROOT / "gameday" / "stacks" / "compose" / "files"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_marked_checked_and_limited(name: str) -> None:
    """The label of staging, a health check, a limit of memory, a bounded log; ports on the loopback, to be changed."""
    service = SERVICES[name]

    assert service["labels"] == {MARKER_LABEL: MARKER}
    assert service["healthcheck"]["test"][0] == "CMD"
    assert (
        service["deploy"]["resources"]["limits"]["memory"] if service["deploy"].get("replicas") != 0 else True
    )
    assert service["logging"]["options"]["max-size"]
    for port in service.get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{GAMEDAY_[A-Z_]+_PORT:-\d+\}:\d+", port), port


def test_every_port_has_a_variable_that_the_code_knows() -> None:
    """A copy of its own must take other ports; the profiles are for people and are left to them."""
    published = [
        re.findall(r"GAMEDAY_[A-Z_]+_PORT", port)[0]
        for service in SERVICES.values()
        if "profiles" not in service
        for port in service.get("ports", ())
    ]

    assert sorted(published) == sorted(PORTS)


def test_no_secret_stands_in_it() -> None:
    """Passwords and tokens are drawn by the platform, into a volume."""
    text = (ROOT / "docker-compose.yml").read_text()

    assert not re.search(
        r"(?i)(password|token|secret)\w*:\s*['\"]?[A-Za-z0-9]{6,}['\"]?\s*$", text, re.MULTILINE
    )
    assert not re.search(r"://\w+:[^@/$]+@", text)


def test_there_is_an_image_for_every_release() -> None:
    """One tag each; the first one runs, the others are images only."""
    tags = {
        service["image"].partition(":")[2]: service["deploy"].get("replicas")
        for name, service in SERVICES.items()
        if name.startswith("auth")
    }

    assert set(tags) == set(RELEASES)
    assert [tag for tag, replicas in tags.items() if replicas] == ["v1.2.3"]
    assert SERVICES["auth"]["deploy"]["resources"]["limits"]["memory"] == f"{MEMORY_LIMIT // 2**20}M"
    assert all(
        SERVICES[name]["build"]["args"]["RELEASE"] in tags for name in SERVICES if name.startswith("auth")
    )


def test_the_gateway_knows_every_place() -> None:
    """As many as a roll-out may need."""
    places = re.findall(r"\{\$PROJECT\}-auth-(\d+):8080", (FILES / "Caddyfile").read_text())

    assert [int(place) for place in places] == list(range(1, SLOTS + 1))


def test_the_fault_proxy_s_file_says_what_the_platform_restores() -> None:
    """Names, and where each listens and leads: a proxy that is made anew must be the one of the file."""
    found = {row["name"]: row for row in json.loads((FILES / "toxiproxy.json").read_text())}

    assert set(found) == set(PROXIES.values())
    for component, port in parts._PROXY_PORTS.items():
        row = found[PROXIES[component]]
        assert (row["listen"], row["upstream"]) == (
            f"0.0.0.0:{port}",
            f"{component}:{parts._PORTS[component]}",
        )


def test_the_service_leaves_connections_to_jobs_and_superusers() -> None:
    """Its role's limit is below the server's, as on the embedded stack."""
    command = SERVICES["database"]["command"]
    limit = int(SERVICES["database"]["environment"]["AUTH_CONNECTIONS"])

    assert f"max_connections={parts.MAX_CONNECTIONS}" in command
    assert f"superuser_reserved_connections={RESERVED}" in command
    assert limit == parts.MAX_CONNECTIONS - RESERVED - ROLE_GAP
