"""What the manifests call things; shared by the adapter outside and the platform and keepers inside."""

from __future__ import annotations

NAME_LABEL = "app.kubernetes.io/name"
MARKER = "gameday-staging"
MARKER_ANNOTATION = "org.gameday.staging"
CHANGE_CAUSE = "kubernetes.io/change-cause"
"""What ``kubectl rollout history`` shows."""
AUTHOR = "org.gameday.author"
"""Who a change of the Deployment is by, where the platform made it."""
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""As ``kubectl rollout restart`` writes it."""
REVISION = "deployment.kubernetes.io/revision"
"""Of a ReplicaSet: which one of its Deployment it is."""
PLATFORM_MANAGER = "gameday-platform"
"""The field manager of what the platform writes."""
ADAPTER_MANAGER = "gameday"
"""The field manager of what ``gameday`` applies from outside."""
SECRET = "staging"  # noqa: S105 - its name
LIVE = "live"
"""The ConfigMap of flags and breaker."""
LIVE_KEY = "auth.json"
PLATFORM_PORT = 8400
KEEPER_PORT = 8401
