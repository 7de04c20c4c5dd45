# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import iommu as devices_iommu
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci as devices_pci


def observe(host):
    root = host.root()
    return devices_iommu.observe(root, devices_pci.observe(root))


def test_groups(simulated):
    host = simulated("nics")
    found = observe(host)
    assert found.enabled
    assert found.group_count == len(host.files.list("sys/kernel/iommu_groups"))
    assert found.shared_groups == ()


def test_a_group_of_several_devices_is_named_but_bridges_do_not_count(simulated):
    card = {"vendor": "8086", "device": "10d3", "class_code": "020000", "driver": "igb", "drivers": ["igb"]}
    functions = [
        {"address": "0000:05:00.0", **card},
        {"address": "0000:05:00.1", **card, "group_with": "0000:05:00.0"},
        {"address": "0000:09:00.0", **card},
    ]
    (shared,) = observe(simulated({"functions": functions})).shared_groups
    assert shared.devices == ("0000:05:00.0", "0000:05:00.1")


def test_groups_of_mdevs_are_no_iommu(simulated):
    host = simulated("mtty", iommu="none")
    host.create("mtty", "mtty-1", "c2177883-f1bb-47f0-914d-32a22e3a8804")
    found = observe(host)
    assert (found.enabled, found.group_count, found.shared_groups) == (False, 1, ())


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("ro quiet intel_iommu=on", ["ro", "quiet", "intel_iommu=on"]),
        ('dyndbg="file drivers/pci/* +p" quiet', ['dyndbg="file drivers/pci/* +p"', "quiet"]),
        ('ro dyndbg="never closed quiet', ["ro", 'dyndbg="never closed quiet']),
        ("", []),
    ],
)
def test_arguments_of_the_kernel(simulated, line, arguments):
    assert observe(simulated("t4", cmdline=line)).kernel_arguments == tuple(arguments)


@pytest.mark.parametrize(
    ("changes", "vendor"),
    [({}, "intel"), ({"iommu": "amd"}, "amd"), ({"architecture": "aarch64", "iommu": "smmu"}, None)],
)
def test_whose_processor(simulated, changes, vendor):
    assert observe(simulated("t4", **changes)).cpu_vendor == vendor


@pytest.mark.parametrize(
    ("text", "vendor"),
    [(b"cpu:type:x86,ven0009fam0018mod0000:feature:,0000", "amd"), (b"cpu:type:x86,ven0005fam", None), (b"\0", None)],
)
def test_other_processors(simulated, text, vendor):
    host = simulated("t4")
    host.kernel.faults.content(devices_iommu.CPU, text)
    assert observe(host).cpu_vendor == vendor


def test_drivers_of_vfio(simulated):
    host = simulated("nics")
    assert observe(host).vfio_drivers == ("vfio-pci",)
    host.kernel.tree.directory("sys/bus/pci/drivers/mlx5_vfio_pci")
    assert observe(host).vfio_drivers == ("mlx5_vfio_pci", "vfio-pci")
