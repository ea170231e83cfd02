"""What the project's file and the engine call things; shared by the adapter outside and the platform inside."""

from __future__ import annotations

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
MARKER_LABEL = "org.gameday.staging"
MARKER = "gameday-staging"
DEFAULT_PROJECT = "gameday"
PORTS = (
    "GAMEDAY_GATEWAY_PORT",
    "GAMEDAY_GATEWAY_METRICS_PORT",
    "GAMEDAY_TOXIPROXY_PORT",
    "GAMEDAY_DATABASE_PORT",
    "GAMEDAY_DATABASE_REPLICA_PORT",
    "GAMEDAY_CONTROL_PORT",
    "GAMEDAY_PROMETHEUS_PORT",
    "GAMEDAY_ALERTMANAGER_PORT",
)
"""The variables with which the project's file lets ports be chosen."""
