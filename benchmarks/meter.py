"""What the processes of a run cost over a span: share of one core, and memory. The runner alone, children apart."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import psutil

_EVERY = 0.5


class Meter:
    """One runner and its children."""

    def __init__(self, runner: int) -> None:
        self._runner = psutil.Process(runner)

    def over(self, seconds: float) -> dict[str, dict[str, float]]:
        """By name: ``core`` (processor seconds a second) and ``megabytes`` (the largest resident size seen)."""
        processes = {"runner": self._runner}
        for child in self._runner.children():
            with contextlib.suppress(psutil.Error):
                processes.setdefault(_role(child.cmdline()), child)
        begin = time.monotonic()
        spent = {name: _processor(process) for name, process in processes.items()}
        largest = dict.fromkeys(processes, 0.0)
        while time.monotonic() < begin + seconds:
            for name, process in processes.items():
                with contextlib.suppress(psutil.Error):
                    largest[name] = max(largest[name], process.memory_info().rss / 2**20)
            time.sleep(_EVERY)
        took = time.monotonic() - begin
        return {
            name: {"core": (_processor(process) - spent[name]) / took, "megabytes": largest[name]}
            for name, process in processes.items()
        }


def _processor(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _role(command: list[Any]) -> str:
    words = " ".join(map(str, command))
    if "locust" in words:
        return "load generator"
    if "gameday.faults.child" in words:
        return "fault's child"
    return "supervisor" if "supervisor" in words else "other"
