"""The machine that figures were measured on, in words, and how busy it was with other things."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import psutil


def machine() -> str:
    """Processor, cores, memory, system, Python."""
    cores = len(os.sched_getaffinity(0))
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}{', uvloop' if _uvloop() else ''}"
    )


def busy() -> str:
    """How busy the machine is now, before a benchmark begins."""
    idle = psutil.cpu_times_percent(interval=1.0).idle
    return f"processors {100 - idle:.0f} % busy with other things before it began"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _uvloop() -> bool:
    try:
        import uvloop  # noqa: F401 - whether it is there
    except ImportError:
        return False
    return sys.platform == "linux"
