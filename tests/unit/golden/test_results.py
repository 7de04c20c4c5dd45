# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.unit.golden.play import files, left_over, table

SCENARIOS = table("results")


@pytest.mark.parametrize("name", SCENARIOS)
def test_results(play, golden, name):
    """Compare the result of each step of a scenario, then the files that it left on the host."""
    scenario = SCENARIOS[name]
    host = play.host_of(scenario["host"], **scenario.get("changes", {}))
    before = files(host)
    said = []
    for step in scenario["steps"]:
        ((verb, argument),) = step.items()
        result = play.step(host, verb, argument)
        said.append({verb: argument} if result is None else {verb: argument, "said": result})
    after = files(host)
    changed = {path: text for path, text in after.items() if before.get(path) != text}
    gone = [path for path in before if path not in after]
    golden(f"results/{name}", {"steps": said, "files": changed, "files gone": gone})


def test_no_file_is_left_over():
    assert not left_over("results", SCENARIOS)
