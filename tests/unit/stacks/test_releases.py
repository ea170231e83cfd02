"""What a Deployment's container makes of the service, and roll-outs that never end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gameday.errors import InputError
from gameday.stacks.kubernetes.manifests import manifests
from gameday.stacks.kubernetes.releases import (
    WAYS,
    both,
    container_of,
    image_of,
    settings_of,
    stuck,
    version_of,
)
from gameday.stacks.kubernetes.warnings import Warnings
from gameday.stacks.platform.catalog import RELEASES, SETTINGS, Spec

SPEC = Spec.initial("v1.2.3", 2)
[SHIPPED] = [
    item["spec"]["template"]["spec"]["containers"][0]
    for _, item in manifests("here")
    if item["kind"] == "Deployment" and item["metadata"]["name"] == "auth"
]


def test_what_is_shipped_is_the_initial_spec() -> None:
    """Its release and its settings, with nothing named that is a default."""
    assert version_of(SHIPPED) == SPEC.version
    assert settings_of(SHIPPED) == SPEC.settings


@pytest.mark.parametrize("how", WAYS)
def test_a_stuck_spec_is_told_from_a_sound_one(how: str) -> None:
    """By its release or its settings, so that an inventory shows it and a restore has something to undo."""
    broken = stuck(SPEC, how)
    assert (broken.version, broken.settings) != (SPEC.version, SPEC.settings)
    assert broken.replicas == SPEC.replicas


def test_no_image_is_called_like_a_release() -> None:
    """Or the roll-out would end."""
    assert stuck(SPEC, "image").version not in RELEASES


def test_there_is_no_other_way() -> None:
    """Said with those that there are."""
    with pytest.raises(InputError, match="how: 'magic' is none of image, configuration, readiness"):
        stuck(SPEC, "magic")


def test_what_is_patched_is_what_is_read_back() -> None:
    """For a sound release as for one whose readiness is asked in the wrong place, and back again."""
    unready = stuck(SPEC, "readiness").version
    for version in (unready, "v1.2.4", SPEC.version):
        patched = {**SHIPPED, **container_of(version, "registry.example:5000/team/gameday-auth")}
        assert version_of(patched) == version
        assert image_of(patched) == "registry.example:5000/team/gameday-auth"
    assert stuck(stuck(SPEC, "readiness"), "readiness").version == unready


def test_a_setting_that_is_no_number_is_told_as_it_stands() -> None:
    """`kubectl set env` takes anything; the platform goes on following all the same."""
    found = settings_of(
        {"env": [{"name": "POOL_MAX", "value": "many"}, {"name": "POOL_TIMEOUT", "value": "1.5"}]}
    )
    assert found["pool_max"] == "many"
    assert found["pool_timeout"] == 1.5
    assert found["pool_min"] == SETTINGS["pool_min"].default


def test_both_are_shown_where_replicas_are_not_what_they_should_be() -> None:
    """In the way of a roll-out that is under way on the other stacks."""
    assert both("v1.2.3", "v1.2.3") == "v1.2.3"
    assert both("v1.2.3", "v1.4.0") == "v1.2.3, v1.4.0"
    assert both("v1.2.3, v1.4.0", "v1.4.0") == "v1.2.3, v1.4.0"
    assert both(10, "many") == "10, many"


def event(uid: str, **more: Any) -> dict[str, Any]:
    """As the API tells one."""
    return {"metadata": {"uid": uid}, "type": "Warning", **more}


def test_warnings_are_counted_as_often_as_they_were_told() -> None:
    """Again and again under one name, in either form; what is no warning, or forgotten, changes nothing."""
    warnings = Warnings()

    async def hear() -> None:
        await warnings.heard(event("a"), there=True)
        await warnings.heard(event("a", count=3), there=True)
        await warnings.heard(event("a", count=3), there=True)
        await warnings.heard(event("b", series={"count": 4}), there=True)
        await warnings.heard(event("c", type="Normal"), there=True)
        await warnings.heard(event("a", count=3), there=False)

    asyncio.run(hear())
    assert warnings.total == 7
