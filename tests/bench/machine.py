# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the machine and the versions of a measurement."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def describe() -> dict[str, Any]:
    """Return machine and versions."""
    return {
        "processor": processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "ansible_core": importlib.metadata.version("ansible-core"),
        "collection": commit(),
    }


def processor(cpuinfo: str) -> str:
    """Return the model name, which is missing on some architectures."""
    for line in cpuinfo.splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def commit() -> str:
    """Return the commit of this collection; ``-dirty`` with uncommitted changes."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown commit"


def load() -> float:
    """Return the average number of runnable processes in the last minute."""
    return os.getloadavg()[0]


def is_busy(load: float, cores: int) -> bool:
    """Return whether other processes make the measurement unreliable."""
    return load > cores / 2
