"""What the programs write, read as lines with a time, a level and a speaker."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gameday.stacks.platform.log_reading import LogLine, read_logs

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
AUTH = {
    "time": "2026-01-15T14:23:01.500+00:00",
    "level": "ERROR",
    "service": "auth",
    "replica": "auth-2",
    "message": "/login failed: database: too many connections",
}
GATEWAY = {"level": "error", "ts": 1768487002.25, "msg": "proxying", "error": "no upstreams available"}
POSTGRES = (
    "2026-01-15 14:23:00.250 UTC|4711|53300|auth|auth-2 new-login-flow| "
    'FATAL:  too many connections for role "auth"'
)


def test_the_three_kinds_of_lines_are_read_in_order(tmp_path: Path) -> None:
    """JSON of a service, JSON of the gateway and PostgreSQL's own lines come out by time; noise is left out."""
    (tmp_path / "auth-2.log").write_text(f"Traceback (most recent call last):\n{json.dumps(AUTH)}\n")
    (tmp_path / "gateway.log").write_text(f"{json.dumps(GATEWAY)}\n{{torn")
    (tmp_path / "database.log").write_text(f"{POSTGRES}\n")

    lines = read_logs(tmp_path, LONG_AGO, "ERROR", None)

    assert lines == [
        LogLine(
            datetime(2026, 1, 15, 14, 23, 0, 250000, tzinfo=UTC),
            "ERROR",
            "database",
            'FATAL: too many connections for role "auth" (SQLSTATE 53300)',
        ),
        LogLine(
            datetime(2026, 1, 15, 14, 23, 1, 500000, tzinfo=UTC),
            "ERROR",
            "auth-2",
            "/login failed: database: too many connections",
        ),
        LogLine(
            datetime(2026, 1, 15, 14, 23, 22, 250000, tzinfo=UTC),
            "ERROR",
            "gateway",
            "proxying: no upstreams available",
        ),
    ]


def test_level_service_and_time_narrow_it_down(tmp_path: Path) -> None:
    """Only lines of the service's own replicas, at least of the level, since the instant."""
    for name in ("auth-1", "auth-10", "gateway"):
        rows = [
            {**AUTH, "level": level, "message": f"{name} {level}"} for level in ("INFO", "WARNING", "ERROR")
        ]
        (tmp_path / f"{name}.log").write_text("\n".join(map(json.dumps, rows)))

    found = [line.message for line in read_logs(tmp_path, LONG_AGO, "WARNING", "auth")]

    assert sorted(found) == ["auth-1 ERROR", "auth-1 WARNING", "auth-10 ERROR", "auth-10 WARNING"]
    assert read_logs(tmp_path, datetime(2026, 2, 1, tzinfo=UTC), "DEBUG", None) == []
