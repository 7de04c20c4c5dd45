# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the parts of the benchmarks one after another."""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from . import machine, times
from .findings import Effort, Findings


def measure(part: str, effort: Effort) -> Findings:
    found: Findings = importlib.import_module(f"{__package__}.{part}").measure(effort)
    return found


def run(parts: list[str], effort: Effort, file: Path) -> dict[str, Any]:
    """Run the parts, write the results after each part, and return them."""
    place = machine.describe()
    start = machine.load()
    if machine.is_busy(start, place["cores"]):
        times.note(f"This machine is busy (load {start:.1f}, {place['cores']} cores): the numbers will say little.")
    date = datetime.date.today().isoformat()
    results: dict[str, Any] = {"date": date, "machine": place, "quick": effort.quick, "parts": {}}
    file.parent.mkdir(parents=True, exist_ok=True)
    for part in parts:
        # Use a process for each part, because the memory of a child includes that of a large parent.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found = pool.submit(measure, part, effort).result()
        results["parts"][part] = dataclasses.asdict(found)
        results["load"] = {"start": start, "end": machine.load()}
        file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results
