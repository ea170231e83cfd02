"""All inputs of one run together: what the log's first record holds and what grading works from."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from gameday.model.experiment import Experiment
from gameday.model.playbook import Playbook
from gameday.model.rubric import Rubric
from gameday.model.runbook import Runbook
from gameday.model.scenario import Scenario
from gameday.model.system import System


class Inputs(BaseModel):
    """Plain data in (as parsed and merged), frozen models out."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The scenario's name: its file name without the ending."""
    profile: str = ""
    scenario: Scenario
    system: System
    experiments: dict[str, Experiment]
    rubric: Rubric
    runbook: Runbook | None = None
    runbook_name: str = ""
    playbook: Playbook | None = None
    playbook_name: str = ""

    @property
    def system_name(self) -> str:
        """What the system's file is called, without folder and ending."""
        return self.scenario.system.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml")

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Inputs:
        """The models of ``RunStarted.inputs``."""
        return cls.model_validate(raw)
