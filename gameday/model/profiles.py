"""A profile merged over its scenario: the same incident at another pace."""

from __future__ import annotations

from gameday.errors import Problem
from gameday.model.base import nearest, wrong
from gameday.model.located import Data, Document


def merge(document: Document, profile: str) -> tuple[Document | None, list[Problem]]:
    """The scenario as this profile has it: keys override keys, lists and everything else are replaced whole.

    Places in the merged document point at the profile's own lines where a value came from there.
    """
    profiles = document.root.child("profiles")
    chosen = profiles.child(profile) if profiles is not None else None
    if profiles is None or chosen is None:
        known = list(profiles.value) if profiles is not None and isinstance(profiles.value, dict) else []
        there = nearest(profile, known) or (
            f"; there are {', '.join(known)}" if known else "; there are none"
        )
        return None, [wrong(document.place(("profiles",), of_key=True), f"no profile '{profile}'{there}")]
    if not isinstance(chosen.value, dict):
        message = "a profile is keys and values that override the scenario's"
        return None, [wrong(document.place(("profiles", profile)), message)]
    if "profiles" in chosen.value:
        place = document.place(("profiles", profile, "profiles"), of_key=True)
        return None, [wrong(place, "a profile has no profiles of its own")]
    base = {key: value for key, value in document.data.items() if key != "profiles"}
    return Document(document.file, _over(base, chosen.value), document.root, chosen), []


def _over(base: Data, profile: Data) -> Data:
    if not (isinstance(base, dict) and isinstance(profile, dict)):
        return profile
    return {
        **base,
        **{key: _over(base[key], value) if key in base else value for key, value in profile.items()},
    }
