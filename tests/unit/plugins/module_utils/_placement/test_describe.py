# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement.describe import describe
from ansible_collections.vfio.devices.tests.unit.placement_fake import MARKER, ROOT, FakePlacement, provider, root

A = "00000000-0000-0000-0000-0000000000a0"


def test_describe():
    placement = FakePlacement(root(), provider(A, "node_a", usages={"VGPU": 1}))
    found = describe(placement, ["node", "other"], True)
    assert found["providers"] == [
        {"name": "node", "uuid": ROOT, "parent": None, "inventories": {}, "traits": ["COMPUTE_NODE", "OWNER_NOVA"]},
        {"name": "node_a", "uuid": A, "parent": "node", "inventories": {}, "traits": [MARKER]},
    ]
    assert found["owners"] == {"node": "nova", "node_a": "vfio.devices"}
    assert found["usages"] == {"node": {}, "node_a": {"VGPU": 1}}
    assert found["missing"] == ["other"]
    assert found["calls"] == 2 + 1 + 2 * 3
    assert describe(placement, [ROOT], False)["usages"] == {}
