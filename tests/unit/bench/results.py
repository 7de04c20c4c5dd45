# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results in the form of a run: one measurement meets its limit, one misses it, and one has only a count."""

from __future__ import annotations

from typing import Any


def results(*, quick: bool = False, load: float = 0.2) -> dict[str, Any]:
    figures = [
        {"what": "a / b", "middle": 1.2, "low": 1.15, "high": 1.333, "goal": "<= 1.25"},
        {"what": "a / c", "middle": 59.0, "low": 58.0, "high": 61.0, "goal": ">= 60"},
        {"what": "runs", "middle": 5, "low": 5, "high": 5, "goal": ""},
    ]
    lines = {"made": [[1, 1.5], [128, 4.0]], "unchanged": [[1, 1.0], [128, 1.25]]}
    curve = {"name": "devices", "title": "One <task>", "across": "devices", "up": "times a ping", "lines": lines}
    machine = {"processor": "Model X", "cores": 2, "kernel": "6.1", "python": "3.13.0", "ansible_core": "2.20.0"}
    return {
        "date": "2026-11-29",
        "machine": {**machine, "collection": "abc1234"},
        "quick": quick,
        "load": {"start": load, "end": 1.5},
        "parts": {
            "facts": {"figures": figures, "curves": []},
            "instances": {"figures": figures[:1], "curves": [curve]},
        },
    }
