# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import Frameworks
from ansible_collections.vfio.devices.plugins.module_utils._instances.context import observe_context


def test_records_and_identities_are_read(simulated):
    host = simulated("t4")
    made = host.converge({"type": "GRID T4-2Q", "parent": "0000:3b:00.0", "count": "1"})["created"]
    root = host.root()
    functions = pci.observe(root)
    frameworks = Frameworks(root, functions, pci.NumaNodes(root))
    found = observe_context(root, functions, frameworks, frameworks.observe())
    assert [one["uuid"] for one in found.records["0000:3b:00.0"]["instances"]] == made
    assert set(found.identities) == {"0000:3b:00.0", "0000:af:00.0"}
    assert (found.unreadable, found.gpu_instances) == ({}, {})
    assert found.machine_id
