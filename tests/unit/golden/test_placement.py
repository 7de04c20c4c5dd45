# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.unit.golden import engine
from ansible_collections.vfio.devices.tests.unit.golden.play import left_over, table, unless_same

CASES = table("placement")
ROOT = engine.root()["uuid"]


@pytest.mark.parametrize("name", CASES)
def test_placement(play, golden, monkeypatch, name):
    """Run against one tree in turn; compare results, requests to Placement, and the final tree."""
    case = CASES[name]
    placement = engine.FakePlacement(engine.root(), *(provider(**one) for one in case.get("tree", [])))
    engine.use_placement(monkeypatch, placement)
    said = []
    for run in case["runs"]:
        faults = run.get("faults", {})
        options = {key: value for key, value in run.items() if key != "faults"}
        phases = {}
        for phase in ("check", "done", "again"):
            placement.said = []
            placement.faults = {
                verb: [engine.refusal(*reply) if reply else None for reply in replies]
                for verb, replies in faults.items()
                if phase == "done"
            }
            phases[phase] = {
                "result": play.run("placement_inventory", {**options, "tries": 3}, check=phase == "check"),
                "asked": placement.said,
            }
        for now, before in (("again", "done"), ("done", "check")):
            phases[now] = unless_same(phases[now], phases[before])
        said.append({"run": run, **phases})
    golden(f"placement/{name}", {"runs": said, "tree": list(placement.data.values())})


def provider(uuid, name, inventories=None, traits=(), ours=True, **fields):
    """Return a provider of the tree; ``traits`` are in addition to our marker trait."""
    inventories = {key: engine.inventory(**value) for key, value in (inventories or {}).items()}
    traits = [*traits, *([engine.MARKER] if ours else [])]
    return engine.provider(uuid, name, **{"parent": ROOT, **fields}, inventories=inventories, traits=traits)


def test_no_file_is_left_over():
    assert not left_over("placement", CASES)
