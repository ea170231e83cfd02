"""What the API's objects of the service say, and what changes them: its Deployment and their ReplicaSets. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gameday.stacks.kubernetes.cluster import Object
from gameday.stacks.kubernetes.names import AUTHOR, CHANGE_CAUSE, PLATFORM_MANAGER, RESTARTED_AT, REVISION
from gameday.stacks.kubernetes.releases import container_of, image_of, version_of
from gameday.stacks.platform.catalog import SERVICE, Spec


def change_of(seen: Object, before: Spec, wanted: Spec, author: str) -> Object:
    """What to patch in what was seen: only what is different, so that a change of replicas rolls nothing out."""
    spec: Object = {}
    if before.replicas != wanted.replicas:
        spec["replicas"] = wanted.replicas
    container: Object = {}
    if before.version != wanted.version:
        container |= container_of(wanted.version, image_of(_container(seen)))
    changed = [name for name, value in wanted.settings.items() if before.settings.get(name) != value]
    if changed:
        container["env"] = [{"name": name.upper(), "value": str(wanted.settings[name])} for name in changed]
    cause = ", ".join(
        ([f"{before.version} -> {wanted.version}"] if before.version != wanted.version else [])
        + [f"{name}={wanted.settings[name]}" for name in changed]
    )
    if container:
        spec["template"] = {"spec": {"containers": [{"name": SERVICE, **container}]}}
    notes: Mapping[str, str] = {AUTHOR: author, **({CHANGE_CAUSE: f"{cause} by {author}"} if cause else {})}
    return {"metadata": {"annotations": notes}, "spec": spec}


def release_of(item: Object) -> str:
    """Which release its template runs."""
    return version_of(_container(item))


def _container(item: Object) -> Object:
    found: Object = item["spec"]["template"]["spec"]["containers"][0]
    return found


def revision_of(item: Object) -> int:
    """Which one of its Deployment a ReplicaSet is; 0 where it does not say."""
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0))


def generation_of(item: Object) -> int:
    """How often what it should be has changed."""
    return int(item["metadata"]["generation"])


def restarted_at(item: Object) -> str:
    """When all pods were last asked to be made anew; empty where they never were."""
    annotations = item["spec"]["template"]["metadata"].get("annotations") or {}
    return str(annotations.get(RESTARTED_AT, ""))


def author_of(item: Object) -> str:
    """Who changed it last: the field manager of the newest change that is not a status.

    Times are whole seconds. Of two within one, it is not the platform, which knows what it does itself.
    """
    rows = [row for row in item["metadata"].get("managedFields", ()) if row.get("subresource") != "status"]
    newest: Object = max(
        rows, key=lambda row: (str(row.get("time", "")), row.get("manager") != PLATFORM_MANAGER), default={}
    )
    return str(newest.get("manager", "somebody"))
