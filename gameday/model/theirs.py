"""Experiments: ours are read by our rules, anybody else's as Chaos Toolkit itself reads them.

People's files are written for YAML 1.1, in which ``no`` is false, merge keys are read and the last of two equal keys
counts. Read otherwise they would be other experiments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from gameday.errors import Problem
from gameday.model.dialects import differences
from gameday.model.experiment import Experiment
from gameday.model.located import parse
from gameday.model.reading import Reading, build


def read_experiment(text: str, file: str) -> Reading[Experiment]:
    """An experiment's text as a model; its data is JSON's, whatever it was written in."""
    document, problems = parse(text, file)
    if document is None:
        return Reading(None, None, problems)
    if not _is_ours(document.data) and (theirs := _as_1_1(text)) is not None:
        return build(replace(document, data=theirs), Experiment)
    return build(document, Experiment, problems)


def passed_over(text: str, file: str) -> list[Problem]:
    """What is no reason to refuse it: in ours what Chaos Toolkit reads otherwise, in theirs what we would not read."""
    document, problems = parse(text, file)
    if document is None:
        return []
    return differences(text, file) if _is_ours(document.data) else problems


def _as_1_1(text: str) -> dict[str, Any] | None:
    """Keys and values as JSON has them; None where it has not: a date as a key, a circle, what is no number."""
    try:
        found = json.loads(json.dumps(yaml.safe_load(text), default=str, allow_nan=False))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_ours(data: Any) -> bool:
    blocks = data.get("extensions") if isinstance(data, Mapping) else None
    blocks = blocks if isinstance(blocks, list) else []
    return any(isinstance(block, Mapping) and block.get("name") == "gameday" for block in blocks)
