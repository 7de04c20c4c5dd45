# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement import converge
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    OPTIONS,
    FakePlacement,
    inventory,
    parse,
    provider,
    root,
)

A = "00000000-0000-0000-0000-0000000000a0"


def test_the_result_counts_its_requests_and_shows_the_difference():
    placement = FakePlacement(root(), provider(A, "node_a", inventories={"VGPU": inventory(1)}))
    wanted = parse({"name": "node_a", "inventories": {"CUSTOM_VF": {"total": 2}}})
    result, warnings = converge.converge(placement, OPTIONS, wanted, False)
    assert result["calls"] == placement.calls == len(placement.said)
    assert result["diff"]["before"]["node_a"]["inventories"] == {"VGPU": inventory(1)}
    assert result["diff"]["after"]["node_a"]["inventories"] == {"CUSTOM_VF": inventory(2)}
    assert warnings == []
    again, _warnings = converge.converge(placement, OPTIONS, wanted, False)
    assert again["changed"] is False
    assert again["diff"] == {"before": {}, "after": {}}
