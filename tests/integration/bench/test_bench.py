# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run each part of the benchmarks in its smallest size, without judging the speed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.tests.bench import machine, page


@pytest.mark.parametrize("part", page.TITLES)
def test_a_part_runs_and_leaves_its_results(part, tmp_path):
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--rounds=1", f"--results={file}", part]
    done = subprocess.run(command, cwd=machine.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(file.read_text())
    found = results["parts"][part]
    assert results["quick"] and found["figures"]
    assert all(figure["what"] in done.stdout for figure in found["figures"])
    assert all(len(line) > 0 for curve in found["curves"] for line in curve["lines"].values())
