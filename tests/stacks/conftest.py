"""A local stack for tests, its processes, and people who sign in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gameday.stacks.local.adapter import LocalStack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A local stack that stands."""
    made = LocalStack(tmp_path / "s")
    asyncio.run(made.up())
    yield made
    asyncio.run(made.down())
