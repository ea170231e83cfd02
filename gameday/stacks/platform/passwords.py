"""The system's passwords and tokens: what they are called, and how they are drawn."""

from __future__ import annotations

import secrets

PASSWORDS = ("postgres", "auth", "batch", "replicator", "admin-token", "control-token", "alerts-token")


def fresh_password() -> str:
    """One."""
    return secrets.token_urlsafe(18)


def fresh_passwords() -> dict[str, str]:
    """All of them by name."""
    return {name: fresh_password() for name in PASSWORDS}
