# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils import _iommu, _pci


def observe(host):
    root = host.root()
    return _iommu.observe(root, _pci.observe(root))


def test_groups(simulated):
    host = simulated("nics")
    found = observe(host)
    assert found["enabled"]
    assert found["group_count"] == len(host.files.list("sys/kernel/iommu_groups"))
    assert found["shared_groups"] == []


def test_a_group_of_several_devices_is_named_but_bridges_do_not_count(simulated):
    card = {"vendor": "8086", "device": "10d3", "class_code": "020000", "driver": "igb", "drivers": ["igb"]}
    functions = [
        {"address": "0000:05:00.0", **card},
        {"address": "0000:05:00.1", **card, "group_with": "0000:05:00.0"},
        {"address": "0000:09:00.0", **card},
    ]
    (shared,) = observe(simulated({"functions": functions}))["shared_groups"]
    assert shared["devices"] == ["0000:05:00.0", "0000:05:00.1"]


def test_groups_of_mdevs_are_no_iommu(simulated):
    host = simulated("mtty", iommu="none")
    host.create("mtty", "mtty-1", "c2177883-f1bb-47f0-914d-32a22e3a8804")
    assert observe(host) == {"enabled": False, "group_count": 1, "shared_groups": []}
