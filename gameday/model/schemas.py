"""JSON Schemas of the files that people write, for editors: ``python -m gameday.model.schemas schemas/``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gameday.model.experiment import Experiment
from gameday.model.external import External
from gameday.model.playbook import Playbook
from gameday.model.rubric import Rubric
from gameday.model.runbook import Runbook
from gameday.model.scenario import Scenario
from gameday.model.system import System

MODELS: dict[str, type[BaseModel]] = {
    "scenario": Scenario,
    "system": System,
    "experiment": Experiment,
    "runbook": Runbook,
    "rubric": Rubric,
    "playbook": Playbook,
    "stack": External,
}


def schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of file; of a runbook, that of its front matter."""
    found = MODELS[kind].model_json_schema(by_alias=True)
    if kind == "runbook":
        del found["properties"]["prose"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_honest(found)}


def _honest(value: Any) -> Any:
    """The same schema without defaults in another unit than people write: 10.0 for ``10s``."""
    if isinstance(value, dict):
        kept = {key: _honest(inner) for key, inner in value.items()}
        if kept.get("type") == "string" and isinstance(kept.get("default"), int | float):
            del kept["default"]
        return kept
    return [_honest(inner) for inner in value] if isinstance(value, list) else value


def files() -> dict[str, str]:
    """File name -> text of every schema."""
    return {
        f"{kind}.schema.json": json.dumps(schema(kind), indent=2, sort_keys=True) + "\n" for kind in MODELS
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
