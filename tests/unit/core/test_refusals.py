"""Targets that nobody wants to hit by mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gameday.errors import Refused
from gameday.ports import Endpoints, Identity
from gameday.runner import refusals
from gameday.runner.refusals import refuse_production, refuse_what_cannot_be_done
from gameday.stacks.fake import FakeStack

POINTS = Endpoints("http://shop.staging.internal:8080", "http://toxi:8474", {})
SHOP = Identity("external", "staging", "shop")


def order(*, owned: bool = False, not_production: tuple[str, ...] = ()) -> Any:
    """As much of an order as is asked here."""
    return SimpleNamespace(owned=owned, not_production=not_production)


@pytest.mark.parametrize(
    ("identity", "points"),
    [
        (replace(SHOP, name="shop-prod"), POINTS),
        (replace(SHOP, name="production_eu"), POINTS),
        (SHOP, replace(POINTS, gateway="https://shop.live.example.com")),
        (SHOP, replace(POINTS, toxiproxy="http://toxi.PRD:8474")),
    ],
)
def test_what_looks_like_production_is_refused_even_where_it_is_allowed(
    identity: Identity, points: Endpoints
) -> None:
    """Its name or any of its addresses; the words say which flag says otherwise, and that flag names it."""
    with pytest.raises(Refused, match=f"--not-production {identity.name}"):
        refuse_production(order(), identity, points)
    with pytest.raises(Refused):
        refuse_production(order(not_production=("another",)), identity, points)

    refuse_production(order(not_production=(identity.name,)), identity, points)


@pytest.mark.parametrize("name", ["product-search", "delivery", "livestock", "reproduce", "shop-staging"])
def test_words_that_only_contain_it_are_no_production(name: str) -> None:
    """Whole words count."""
    refuse_production(order(), replace(SHOP, name=name), POINTS)


def test_what_a_run_made_itself_is_none() -> None:
    """A fresh stack in whatever folder, and the embedded one, whose name is a folder."""
    refuse_production(order(owned=True), replace(SHOP, name="prod"), POINTS)
    refuse_production(order(), Identity("local", "gameday-staging", "/home/me/prod/x"), POINTS)


@pytest.mark.parametrize(
    ("context", "namespace", "said"),
    [("prod-eu", "auth-staging", "prod-eu"), ("kind-staging", "auth-live", "auth-live")],
)
def test_a_cluster_that_looks_like_production_is_refused_before_it_is_asked(
    context: str, namespace: str, said: str
) -> None:
    """Also where the run would make the namespace itself; the flag names what is none."""
    stack = SimpleNamespace(kind="kubernetes", handle=lambda: {"context": context, "namespace": namespace})

    def asked(*none: str) -> Any:
        scenario = SimpleNamespace(faults={}, expect=SimpleNamespace(mitigate=None))
        stack.capabilities = lambda: SimpleNamespace(components=frozenset(), levers=frozenset())
        inputs = SimpleNamespace(scenario=scenario)
        return SimpleNamespace(
            stack=stack, allowed=("kubernetes",), not_production=none, owned=True, inputs=inputs
        )

    with pytest.raises(Refused, match=f"--not-production {said}"):
        refuse_what_cannot_be_done(asked())
    refuse_what_cannot_be_done(asked(said))


def ready_after(looks: int) -> tuple[FakeStack, list[float]]:
    """A stack whose database is ready after so many looks, and the clock that goes on with each."""
    times: list[float] = []

    class Slow(FakeStack):
        async def ready(self) -> Mapping[str, bool]:
            times.append(float(len(times)))
            return {"gateway": True, "database": len(times) > looks}

    return Slow(), times


def test_a_stack_that_stands_and_is_not_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the names of what is missing; after a while, since the run before may have ended only now."""
    monkeypatch.setattr(refusals, "_AGAIN_SECONDS", 0.0)
    stack, times = ready_after(5)
    asyncio.run(refusals.refuse_unready(stack, lambda: float(len(times))))

    stack, times = ready_after(1000)
    with pytest.raises(Refused, match=r"not all of it is ready: database$"):
        asyncio.run(refusals.refuse_unready(stack, lambda: float(len(times))))
    assert 15 <= len(times) < 20
