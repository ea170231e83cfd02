"""What Chaos Toolkit keeps to itself about an experiment, in words.

It calls a run "completed" where the steady state was not met and the method never began; counts a program that exited
with an error and an HTTP answer of 4xx or 5xx as succeeded; looks at a tolerance in a hypothesis only; passes over
controls that it cannot import or that fail; and plays for real what a file says is ``dry``.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gameday.faults.shortened import cut

HYPOTHESIS = "steady-state-hypothesis"
_ERRORS_FROM = 400
_FAILED_CONTROL = re.compile(r"(?:Control initialization|(?:Before|After)-control) '(.*?)' failed")


def expanded(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment with each ``ref`` replaced by the activity that it names.

    Chaos Toolkit looks references up among the method and the hypothesis of what it plays; we play parts.
    """
    hypothesis = experiment.get(HYPOTHESIS) or {}
    parts = (experiment.get("method"), hypothesis.get("probes"), experiment.get("rollbacks"))
    written = [activity for part in parts for activity in part or []]
    named = {one["name"]: one for one in reversed(written) if one.get("name") and "ref" not in one}

    def whole(activity: Mapping[str, Any]) -> dict[str, Any]:
        beside = {key: value for key, value in activity.items() if key != "ref"}
        return {**named.get(str(activity.get("ref")), {}), **beside} if "ref" in activity else beside

    made = dict(experiment)
    for part in ("method", "rollbacks"):
        made[part] = [whole(activity) for activity in experiment.get(part) or []]
    if hypothesis:
        made[HYPOTHESIS] = {
            **hypothesis,
            "probes": [whole(probe) for probe in hypothesis.get("probes") or []],
        }
    return made


def refusals(experiment: Mapping[str, Any]) -> Iterator[str]:
    """What would go otherwise than the file says, without a word: reasons not to play it at all."""
    hypothesis = experiment.get(HYPOTHESIS) or {}
    parts = [
        experiment,
        hypothesis,
        *experiment["method"],
        *hypothesis.get("probes", []),
        *experiment["rollbacks"],
    ]
    for part in parts:
        if part.get("dry"):
            where = f"'{part['name']}' says" if part.get("name") else "the experiment says"
            yield f"{where} dry: {part['dry']}, which Chaos Toolkit ignores in a file: it would be played for real"
    for control in (control for part in parts for control in part.get("controls") or []):
        module = (control.get("provider") or {}).get("module")
        try:
            importlib.import_module(str(module))
        except ImportError as problem:
            yield f"control '{control.get('name')}' would be passed over: {problem}"


def activity_problem(
    run: Mapping[str, Any],
    configuration: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> str:
    """What went wrong in one activity, including what Chaos Toolkit calls succeeded though it is not."""
    activity = run.get("activity", {})
    name = activity.get("name", "?")
    if run.get("status") != "succeeded":
        lines = [line.strip() for line in run.get("exception") or [] if str(line).strip()]
        last = lines[-1] if lines else str(run.get("status", "interrupted"))
        return cut(f"{name}: {last.removeprefix('chaoslib.exceptions.ActivityFailed: ')}")
    output = run.get("output")
    if "tolerance" in activity:
        if _within(activity["tolerance"], output, configuration, secrets):
            return ""
        seen = (
            f"status {output['status']}" if isinstance(output, dict) and "status" in output else repr(output)
        )
        return cut(f"{name}: {seen} is not within its tolerance {activity['tolerance']!r}")
    if isinstance(output, dict) and isinstance(status := output.get("status"), int):
        provider = activity.get("provider", {}).get("type", "")
        if provider == "process" and status != 0:
            return f"{name}: the program exited with {status}, which Chaos Toolkit counts as success"
        if provider == "http" and status >= _ERRORS_FROM:
            return f"{name}: HTTP {status}, which Chaos Toolkit counts as success"
    return ""


def _within(tolerance: Any, output: Any, configuration: Any, secrets: Any) -> bool:
    from chaoslib import substitute
    from chaoslib.hypothesis import within_tolerance

    if isinstance(tolerance, str):
        tolerance = substitute(tolerance, configuration or {}, secrets or {})
    return bool(within_tolerance(tolerance, output, configuration=configuration, secrets=secrets))


def journal_problems(journal: Mapping[str, Any], wanted: int) -> Iterator[str]:
    """What a journal says of the run as a whole; ``wanted`` activities were to be played."""
    before = (journal.get("steady_states") or {}).get("before")
    if before is not None and not before.get("steady_state_met"):
        probes = [run["activity"].get("name", "?") for run in before.get("probes", [])]
        yield (
            f"its steady-state hypothesis was not met ('{probes[-1] if probes else '?'}'), so that the method was "
            "not played, which Chaos Toolkit calls completed"
        )
    elif missing := wanted - len(journal.get("run", [])):
        yield f"{missing} activities were never played"
    if journal.get("status") in {"interrupted", "aborted"}:
        yield f"Chaos Toolkit ended it as {journal['status']}"


class FailedControls(logging.Handler):
    """Hears of controls that failed: Chaos Toolkit tells its own debug log and nobody else."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._problems: list[str] = []

    def listen(self) -> None:
        """From now on."""
        logger = logging.getLogger("chaostoolkit")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """One more line of the log."""
        if found := _FAILED_CONTROL.search(record.getMessage()):
            error = record.exc_info[1] if record.exc_info else None
            why = f": {type(error).__name__}: {error}" if error else ""
            self._problems.append(cut(f"control '{found[1]}' failed{why}, which Chaos Toolkit passes over"))

    def take(self) -> Sequence[str]:
        """What was heard since the last time."""
        found, self._problems = list(dict.fromkeys(self._problems)), []
        return found
