"""The gateway: Caddy in front of the auth replicas' slots.

Every slot is an upstream from the start and the configuration never changes, since a reload closes clients'
idle connections. Caddy asks each slot for its readiness several times a second; a slot on which nobody
listens refuses at once. A request is tried elsewhere only if it was never sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gameday.stacks.local.child import Child
from gameday.stacks.local.programs import find_caddy

PROBE_SECONDS = 0.25
PROBE_HEADER = "X-Gateway-Probe"
PUBLIC_PATHS = ("/login", "/refresh", "/profile", "/logout", "/healthz")


def configuration(port: int, admin_port: int, slots: Sequence[int]) -> dict[str, Any]:
    """Caddy's configuration in its own JSON form."""
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{slot}"} for slot in slots],
        "load_balancing": {
            "selection_policy": {"policy": "round_robin"},
            "try_duration": "1s",
            "try_interval": "50ms",
            # Without this, a GET that was sent and got no answer would be sent again. No method is called so.
            "retry_match": [{"method": ["NEVER"]}],
        },
        "health_checks": {
            "active": {
                "uri": "/readyz",
                "headers": {PROBE_HEADER: ["yes"]},
                "interval": f"{PROBE_SECONDS:g}s",
                "timeout": "500ms",
                "expect_status": 200,
            },
            "passive": {"max_fails": 1, "fail_duration": "500ms"},
        },
        "transport": {
            "protocol": "http",
            "dial_timeout": "500ms",
            # Go sends a GET again by itself when a kept connection ends under it.
            "keep_alive": {"enabled": False},
        },
    }
    return {
        "admin": {"listen": f"127.0.0.1:{admin_port}", "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR", "encoder": {"format": "json"}}}},
        "apps": {
            "http": {
                "metrics": {},
                "servers": {
                    "gateway": {
                        "listen": [f"127.0.0.1:{port}"],
                        "automatic_https": {"disable": True},
                        "routes": [
                            {"match": [{"path": list(PUBLIC_PATHS)}], "handle": [proxy]},
                            {"handle": [{"handler": "static_response", "status_code": 404}]},
                        ],
                    }
                },
            }
        },
    }


def gateway(folder: Path, logs: Path, port: int, admin_port: int, slots: Sequence[int]) -> Child:
    """The gateway's process, not yet started."""
    caddy = find_caddy()
    file = folder / "gateway.json"
    file.write_text(json.dumps(configuration(port, admin_port, slots), indent=1), encoding="utf-8")
    home = str(folder / "gateway")
    return Child(
        "gateway",
        lambda: [caddy, "run", "--config", str(file)],
        logs / "gateway.log",
        environment=lambda: {**os.environ, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
    )
