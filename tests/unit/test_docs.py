"""What the documentation shows is right."""

from __future__ import annotations

import re
from pathlib import Path

from gameday.validation import validate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-own-scenario.md"
_BLOCK = re.compile(r"(.*?)\n```[a-z]+\n(.*?)\n```\n", re.DOTALL)
_NAME = re.compile(r"`([\w./-]+\.(?:yaml|md|py|toml))`")


def test_every_file_of_the_page_is_valid(tmp_path: Path) -> None:
    """Laid out as the page says, they are a project without a problem or a warning."""
    files: dict[str, str] = {}
    for prose, code in _BLOCK.findall(PAGE.read_text()):
        named = _NAME.search(prose)
        assert named is not None
        files[named[1]] = f"{code}\n"
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = validate([tmp_path], tmp_path)

    assert len(files) == 7
    assert {path.relative_to(tmp_path).as_posix() for path in report.files} == {
        name for name in files if not name.endswith(".py")
    }
    assert [str(one) for one in (*report.problems, *report.warnings)] == []
