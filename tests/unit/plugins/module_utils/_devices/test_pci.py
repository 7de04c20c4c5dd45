# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._model.host import PciIds


def test_identity_comes_from_one_file(simulated):
    functions = pci.observe(simulated("t4").root())
    identity = functions["0000:3b:00.0"].identity
    assert identity == PciIds("10de", "1eb8", "10de", "12a2", "030200")
    assert not functions["0000:3b:00.0"].is_virtual
    assert any(function.is_bridge for function in functions.values())


def test_virtual_functions_lead_to_their_card(simulated):
    functions = pci.observe(simulated("a40").root())
    virtual = [function for function in functions.values() if function.is_virtual]
    assert len(virtual) == 64
    assert {function.physical_function for function in virtual} == {"0000:41:00.0", "0000:81:00.0"}
    assert {function.identity for function in virtual} == {None}


def test_driver_and_group(simulated):
    function = pci.observe(simulated("nics").root())["0000:01:00.0"]
    assert (function.driver, isinstance(function.iommu_group, int)) == ("igb", True)
    assert pci.observe(simulated("empty").root())["0000:00:03.0"].iommu_group is None


def test_an_alias_in_another_form_is_told(simulated):
    host = simulated("t4")
    host.kernel.faults.content("*/0000:3b:00.0/modalias", b"of:Nwifi")
    root = host.root()
    assert pci.observe(root)["0000:3b:00.0"].identity is None
    assert "modalias holds 'of:Nwifi'" in root.warnings[0]


def test_numa_nodes_are_read_once_and_minus_one_is_none(simulated):
    host = simulated("mixed")
    nodes = pci.NumaNodes(host.root())
    assert [nodes["0000:3b:00.0"], nodes["0000:3b:00.0"], nodes["0000:af:00.0"]] == [0, 0, 1]
    assert sum(host.files.reads.values()) == 2
    host.kernel.faults.content("*/numa_node", b"-1\n")
    assert pci.NumaNodes(host.root())["0000:3b:00.0"] is None


@pytest.mark.parametrize(
    ("pci_class", "entries", "found"),
    [
        ("060400", [], True),
        ("060900", [], True),
        ("060000", [], True),
        # An NVSwitch and an ISA bridge.
        ("068000", [], False),
        ("060100", [], False),
        # These have the header of a bridge, whatever their class.
        ("068000", ["secondary_bus_number"], True),
        ("058000", ["pci_bus"], True),
    ],
)
def test_bridges(pci_class, entries, found):
    ids = PciIds("10de", "22a3", "10de", "0001", pci_class)
    function = pci.PciFunction("0000:05:00.0", frozenset(entries), ids, None, None, 1)
    assert function.is_bridge is found
