"""`pytest tests/golden --update-golden` writes the golden files again; read the difference before keeping it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option, where these tests are named on the command line."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files again")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, text)`: the text equals the golden file of that name."""
    update = bool(request.config.getoption("--update-golden", default=False))

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "files" / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}; run: pytest tests/golden --update-golden"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; see --update-golden"

    return compare
