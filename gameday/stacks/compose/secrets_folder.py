"""The project's passwords and tokens: drawn once, one file each, in a volume that its containers share."""

from __future__ import annotations

from pathlib import Path

from gameday.stacks.platform.passwords import PASSWORDS, fresh_password


def drawn(folder: Path) -> dict[str, str]:
    """All of them by name; those that are not there are drawn."""
    found = {}
    for name in PASSWORDS:
        file = folder / name
        if not file.is_file():
            draft = folder / f"{name}.new"
            draft.write_text(fresh_password(), encoding="utf-8")
            draft.chmod(0o444)  # the programs that read it run as users of their own
            draft.replace(file)
        found[name] = file.read_text(encoding="utf-8")
    return found
