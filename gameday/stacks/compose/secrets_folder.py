"""The project's passwords and tokens: drawn once, one file each, in a volume that its containers share."""

from __future__ import annotations

import secrets
from pathlib import Path

NAMES = ("postgres", "auth", "batch", "replicator", "admin-token", "control-token", "alerts-token")


def drawn(folder: Path) -> dict[str, str]:
    """All of them by name; those that are not there are drawn."""
    found = {}
    for name in NAMES:
        file = folder / name
        if not file.is_file():
            draft = folder / f"{name}.new"
            draft.write_text(secrets.token_urlsafe(18), encoding="utf-8")
            draft.chmod(0o444)  # the programs that read it run as users of their own
            draft.replace(file)
        found[name] = file.read_text(encoding="utf-8")
    return found
