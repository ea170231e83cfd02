"""The door to people's files: a scenario's name in, everything that a run of it needs out."""

from __future__ import annotations

from pathlib import Path

from gameday.errors import InputError
from gameday.gathering import Loaded, gather
from gameday.places import Kind
from gameday.shelf import Shelf

__all__ = ["Catalog", "Kind", "Loaded"]


class Catalog(Shelf):
    """A shelf that loads whole scenarios."""

    def load(
        self,
        scenario: str | Path,
        *,
        profile: str | None = None,
        stack: str = "local",
        playbook: str | None = None,
    ) -> Loaded:
        """Everything that one run of a scenario needs.

        Args:
            scenario: its name or its path.
            profile: the profile to merge over it.
            stack: picks the variants of experiments.
            playbook: name or path of the one to use instead of the scenario's own.

        Raises:
            InputError: with every problem of every file.
        """
        path = self.path(Kind.SCENARIO, str(scenario))
        found = gather(self, path, profile=profile, stack=stack, playbook=playbook)
        if found.problems:
            raise InputError(sorted(set(found.problems)))
        return found.loaded()
