"""The sample incident, made once: eight thousand requests take a moment."""

from __future__ import annotations

import pytest

from gameday.history import History
from tests.unit.report import samples


@pytest.fixture(scope="session")
def log() -> History:
    """The log of the sample incident."""
    return samples.incident()
