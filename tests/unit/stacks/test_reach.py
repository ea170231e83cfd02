"""Where Services are reached: as the project says, by name in a pod, else at the node ports of a node that answers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster
from gameday.stacks.kubernetes.reach import Place, Port, inside, places

WANTED = {("gateway", "http"): 8080, ("platform", "http"): 8400}


def services(**ports: int) -> dict[str, Any]:
    """Services with one port each, at these node ports."""
    return {name: {"spec": {"ports": [{"name": "http", "nodePort": port}]}} for name, port in ports.items()}


def found(there: dict[str, Any], *, by_name: bool = False, **given: str) -> dict[Port, Place]:
    """What is found, as a plain dictionary."""
    cluster = Cluster(None, "here")

    async def refused(method: str, path: str, **_: Any) -> Any:
        raise StackError(f"{method} {path}: 403")

    cluster.ask = refused  # type: ignore[method-assign]  # of nodes, one whom only a namespace is given learns nothing
    return dict(asyncio.run(places(cluster, there, WANTED, given, by_name=by_name)))


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a pod."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.mark.usefixtures("outside")
def test_a_node_that_answers_is_taken() -> None:
    """All node ports are on it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert found(services(gateway=port, platform=30001)) == {
            ("gateway", "http"): ("127.0.0.1", port),
            ("platform", "http"): ("127.0.0.1", 30001),
        }


@pytest.mark.usefixtures("outside")
def test_what_the_project_says_is_not_looked_for() -> None:
    """No node needs to answer where all is said."""
    assert found(services(gateway=0, platform=0), gateway="staging.example:80", platform="[::1]:8400") == {
        ("gateway", "http"): ("staging.example", 80),
        ("platform", "http"): ("::1", 8400),
    }
    assert found(services(), gateway="https://staging.example", platform="http://a") == {
        ("gateway", "http"): ("staging.example", 443),
        ("platform", "http"): ("a", 80),
    }


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("there", "given", "said"),
    [
        (
            services(gateway=1, platform=1),
            {},
            "no node answers at port 1, the node port of gateway: make node ports",
        ),
        (
            services(gateway=0, platform=1),
            {},
            "the service gateway has no node port, and addresses in gameday.toml",
        ),
        (
            services(gateway=1, platform=1),
            {"gateway": "a:1"},
            "no node answers at port 1, the node port of platform",
        ),
    ],
)
def test_what_is_not_reached_is_said_with_its_mends(
    there: dict[str, Any], given: dict[str, str], said: str
) -> None:
    """Which service, and what may be done."""
    with pytest.raises(StackError, match=said):
        found(there, **given)


def test_in_a_pod_services_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """But only for its own cluster: another context that is named is meant, wherever this runs."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assert inside("in-cluster")
    assert not inside("staging")
    assert found(services(gateway=0, platform=0), by_name=True) == {
        ("gateway", "http"): ("gateway.here", 8080),
        ("platform", "http"): ("platform.here", 8400),
    }
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert not inside("in-cluster")
